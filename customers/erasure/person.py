"""All by which a customer is or was known, as of his row, his history, his former numbers and his cards."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from customers.models import Card, Customer, FormerNumber, ImportDecision
from customers.tombstones import PHONES, Known

_NAMES = ("last_name", "company", "alias")
_WRITTEN = ("email", *PHONES, "iban", *_NAMES)
SHORTEST = 3
"""What is shorter names nobody."""
_CustomerEvent: Any = Customer._meta.get_field("history").related_model
_FormerNumberEvent: Any = FormerNumber._meta.get_field("history").related_model
_CardEvent: Any = Card._meta.get_field("history").related_model


class Person:
    """What is known of one customer, now and in his history."""

    def __init__(self, customer: Customer) -> None:
        self.customer = customer

    @cached_property
    def said(self) -> dict[str, set[str]]:
        """By field the values that he has or had; never the empty one."""
        events = _CustomerEvent.objects.filter(pgh_obj_id=self.customer.pk, base=self.customer.base_id)
        rows = [
            *events.order_by().values_list(*_WRITTEN).distinct(),
            tuple(getattr(self.customer, name) for name in _WRITTEN),
        ]
        return {name: {row[at] for row in rows if row[at]} for at, name in enumerate(_WRITTEN)}

    @cached_property
    def former_numbers(self) -> set[str]:
        of_him = {"base": self.customer.base_id, "customer": self.customer.pk}
        return {
            *FormerNumber.objects.filter(**of_him).values_list("number", flat=True),
            *_FormerNumberEvent.objects.filter(**of_him).values_list("number", flat=True),
        }

    @cached_property
    def cards(self) -> set[str]:
        of_him = {"base": self.customer.base_id, "customer": self.customer.pk}
        return {*_CardEvent.objects.filter(**of_him).values_list("number", flat=True)}

    @property
    def _numbers_of_senders(self) -> list[int | None]:
        """His numbers in packages of which somebody has decided that they mean him."""
        decided = ImportDecision.objects.filter(base=self.customer.base_id, customer_id=self.customer.pk)
        return list(decided.exclude(number=None).values_list("number", flat=True))

    @property
    def phones(self) -> set[str]:
        return set().union(*(self.said[name] for name in PHONES))

    @property
    def known(self) -> Known:
        """For the marks of his tombstone."""
        return Known.of(
            uid=self.customer.uid,
            numbers=[self.customer.customer_number, *self.former_numbers, *self._numbers_of_senders],
            emails=self.said["email"],
            phones=self.phones,
        )

    @cached_property
    def words(self) -> list[str]:
        """What names him where somebody has typed it: his names and numbers, and how he is reached."""
        found = {
            str(self.customer.customer_number), *self.former_numbers, *self.cards, *self.phones, *self.said["email"],
            *self.said["iban"], *(word for name in _NAMES for word in self.said[name]),
        }  # fmt: skip
        return sorted(word for word in found if len(word) >= SHORTEST)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        each = "|".join(re.escape(word) for word in self.words)
        return re.compile(rf"(?<!\w)(?:{each})(?!\w)", re.IGNORECASE) if each else re.compile(r"(?!)")

    def is_named_in(self, *texts: str) -> bool:
        """Whether one of the texts names him, by a whole word."""
        return any(self._pattern.search(text) for text in texts)


def typed_in(query: str) -> list[str]:
    """The values of a stored query of the list, as somebody has typed them."""
    return [value for _name, value in parse_qsl(query)]
