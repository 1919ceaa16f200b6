"""The former numbers of a customer as if they were one of his fields. They are rows of their own (see FormerNumber)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import QuerySet

_READ, _SAID = "_former_numbers_read", "_former_numbers_said"


class WithFormerNumbers:
    """Mixin of the customer. The operation that saves him writes what was assigned; nothing else does."""

    @property
    def former_numbers(self) -> list[str]:
        """The numbers that he has borne elsewhere or before, each once, in order; or those that were assigned.

        Asked of many customers they are read beforehand (`read_former_numbers`).
        """
        customer: Any = self
        if self.are_former_numbers_said:
            return list(self.__dict__[_SAID])
        if customer.pk is None:
            return []
        if _READ not in self.__dict__:
            read_former_numbers([customer])
        return list(self.__dict__[_READ])

    @former_numbers.setter
    def former_numbers(self, numbers: Iterable[str]) -> None:
        """All that he shall have: the others go."""
        self.__dict__[_SAID] = sorted(set(numbers))

    @property
    def are_former_numbers_said(self) -> bool:
        """Whether somebody has assigned them."""
        return _SAID in self.__dict__

    def forget_former_numbers(self) -> None:
        """What was read or assigned; asked again, they are read."""
        for name in (_READ, _SAID):
            self.__dict__.pop(name, None)

    def refresh_from_db(
        self, using: str | None = None, fields: Iterable[str] | None = None, from_queryset: QuerySet | None = None
    ) -> None:
        super().refresh_from_db(using, fields, from_queryset)  # type: ignore[misc]
        if fields is None:
            self.forget_former_numbers()


def read_former_numbers(customers: Collection[Any]) -> None:
    """Those of all these customers, by one query."""
    if not customers:
        return
    rows: Any = next(iter(customers))._meta.get_field("former_number_rows").related_model
    found = rows.objects.numbers_of(customers)
    for customer in customers:
        customer.__dict__[_READ] = found.get(customer.pk, [])
