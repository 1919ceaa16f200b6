"""Which customer of the base a row of a file means.

By its customer number; a row without one by its former customer number; else it is a new customer. What was
previewed is what is applied: a row that meant nobody then, or whose customer was changed since, is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import batched

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from customers.querysets import CustomerQuerySet
from customers.transfer.words import Words
from locations.permissions import Right
from mcp.scope import MissingRight, Scope

BATCH = 5_000

type Seen = Mapping[int, str]
"""The customers that a preview showed: id → when each was last changed (ISO 8601)."""


class KnownCustomers:
    """The customers of the base that a file can mean, read at the beginning in a few queries.

    With `is_locked` nobody else changes them until the end of the transaction.
    """

    def __init__(
        self, scope: Scope, *, numbers: Iterable[int], legacy_numbers: Iterable[str], is_locked: bool, words: Words
    ) -> None:
        rows = Customer.objects.in_base(scope.base)
        self._scope, self._words = scope, words
        self._rows = rows.select_for_update(of=("self",)) if is_locked else rows
        self._by_number: dict[int, Customer] = {}
        self._by_legacy: dict[str, list[int]] = {}
        self._taken: dict[object, int] = {}
        for customer in self._read(sorted(set(numbers)), sorted(set(legacy_numbers) - {""})):
            self._add(customer)

    def _read(self, numbers: Sequence[int], legacy_numbers: Sequence[str]) -> Iterator[Customer]:
        for some in batched(numbers, BATCH):
            yield from self._ordered(self._rows.filter(customer_number__in=some))
        for words in batched(legacy_numbers, BATCH):
            yield from self._ordered(self._rows.filter(legacy_number__in=words))

    def _ordered(self, rows: CustomerQuerySet) -> CustomerQuerySet:
        """In one order, so that two imports cannot wait for each other in a ring."""
        return rows.order_by("id").defer("search_text", "sort_name")

    def _add(self, customer: Customer) -> None:
        if customer.customer_number in self._by_number:
            return
        self._words.attach(customer)
        self._by_number[customer.customer_number] = customer
        if customer.legacy_number:
            self._by_legacy.setdefault(customer.legacy_number, []).append(customer.customer_number)

    def find(self, *, number: int | None, legacy_number: str, row: int, seen: Seen | None) -> Customer | None:
        """The customer of a row, or None for a new one. Raises ValidationError with the reason of a refusal."""
        customer = self._by_number.get(number) if number is not None else self._of_legacy(legacy_number)
        self._demand_right(customer)
        key = customer.customer_number if customer else number or legacy_number
        if key:
            self._take(key, row)
        if customer is not None and seen is not None:
            _demand_unchanged(customer, seen)
        return customer

    def _of_legacy(self, legacy_number: str) -> Customer | None:
        numbers = self._by_legacy.get(legacy_number, []) if legacy_number else []
        if len(numbers) > 1:
            raise ValidationError(
                _(
                    "The former customer number %(value)s belongs to several customers: %(numbers)s. "
                    "Name the customer number."
                ),
                code="ambiguous_legacy_number",
                params={"value": legacy_number, "numbers": ", ".join(map(str, sorted(numbers)))},
            )
        return self._by_number[numbers[0]] if numbers else None

    def _demand_right(self, customer: Customer | None) -> None:
        right = Right.ADD_CUSTOMERS if customer is None else Right.CHANGE_CUSTOMERS
        if not self._scope.allows(right):
            raise ValidationError(str(MissingRight(right, self._scope.location)), code="missing_right")

    def _take(self, key: object, row: int) -> None:
        if (first := self._taken.setdefault(key, row)) != row:
            raise ValidationError(
                _("Row %(first)s is about the same customer (%(key)s). Keep one of the two."),
                code="duplicate_row",
                params={"first": first, "key": key},
            )


def _demand_unchanged(customer: Customer, seen: Seen) -> None:
    if seen.get(customer.pk) == customer.changed_at.isoformat():
        return
    raise ValidationError(
        _(
            "%(customer)s was registered or changed by somebody else after the preview and was left alone. "
            "Import the row again to see the difference."
        ),
        code="changed_meanwhile",
        params={"customer": customer},
    )
