"""Random histories of accounts, done by the operations and written into a PlainBook beside them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from accounting.balances import balance_at, standing
from accounting.open_items import open_items
from customers.models import Customer
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.plain_accounts import ZERO, Id, PlainBook, PlainMovement

LIMIT = Decimal(150)
AT_ONCE = 4
"""So many things happen until both are compared."""


@dataclass
class PlainOrder:
    """An order of a till: its sale, and what has become of it."""

    pk: Any
    sale: Id
    place: str
    state: str = "open"
    payment: Id = None
    invoice: Any = None


@dataclass
class History:
    """What happens at some places with some customers. `billing` is where invoices are made."""

    places: dict[str, Scope]
    customers: dict[str, Customer]
    billing: Scope
    luck: random.Random
    book: PlainBook = field(default_factory=PlainBook)
    orders: dict[Any, PlainOrder] = field(default_factory=dict)
    invoices: dict[Any, list[Id]] = field(default_factory=dict)
    at_bank: dict[Any, tuple[Any, Decimal]] = field(default_factory=dict)
    """Debits that are at the bank, with their invoices and amounts."""
    collected: dict[Id, Any] = field(default_factory=dict)
    """By their payments the debits that were collected."""
    debtors: tuple[str, ...] = ()
    """Who has signed a mandate."""
    done: list[str] = field(default_factory=list)
    moments: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)

    def go_on(self, steps: int, ways: Sequence[Callable[[History], None]]) -> None:
        """Do so many things. What the plain book refuses is refused by the operations, and nothing else is."""
        for at in range(1, steps + 1):
            self.luck.choice(ways)(self)
            if at % AT_ONCE == 0 or at == steps:
                self.compare()

    # What there is.

    def somewhere(self) -> tuple[str, str, Decimal, date]:
        cents = self.luck.choice([100, 250, 1000, 1000, 1999, 3333, 7050, 1])
        day = timezone.localdate() - timedelta(days=self.luck.choice([0, 0, 1, 5, 20, 40, 80, 120]))
        name = self.luck.choice(list(self.customers))
        return self.luck.choice(list(self.places)), name, Decimal(cents) / 100, day

    def some(self, movements: list[PlainMovement]) -> PlainMovement | None:
        return self.luck.choice(movements) if movements else None

    def order_of(self, movement: Id) -> PlainOrder | None:
        return next((one for one in self.orders.values() if movement in (one.sale, one.payment)), None)

    # Doing something in both.

    @contextmanager
    def expecting(self, what: str, *, is_refused: bool) -> Iterator[None]:
        """What is done in here is refused, or not; where it is, nothing of it is done."""
        self.done.append(what + (" (refused)" if is_refused else ""))
        refusal: ValidationError | None = None
        try:
            with transaction.atomic():
                yield
        except ValidationError as error:
            refusal = error
        assert (refusal is not None) == is_refused, self.told(f"refused: {refusal}")

    def told(self, what: str) -> str:
        return "\n".join([*self.done, what])

    def compare(self) -> None:
        """Both say the same now."""
        found = {name: self.stands(name) for name in self.customers}
        expected = {name: self.plain(name) for name in self.customers}
        assert found == expected, self.told(f"{found}\n{expected}")
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            self.moments.append((cursor.fetchone()[0], expected))

    def plain(self, name: str) -> tuple[Decimal, Decimal, list[tuple[Id, Decimal]]]:
        return self.book.open_amount(name), self.book.credit(name), list(self.book.rests(name).items())

    def stands(self, name: str, at: datetime | None = None) -> tuple[Decimal, Decimal, list[tuple[Id, Decimal]]]:
        with row_scope.rows_of(self.billing):
            now = standing(self.customers[name], self.billing)
            assert now
            items = open_items(now.owed, at=at)
            amounts = (now.open_amount, now.credit_amount)
            if at:
                amounts = (-balance_at(now.owed, at) + ZERO, balance_at(now.credit, at))
        return *amounts, [(one.movement.pk, one.rest) for one in items.items]
