"""The accounts of customers kept once more, with lists and dictionaries, as docs/accounting.md says and no code does.

    book = PlainBook()
    book.add("m1", "kunde", "sale", owed=Decimal("10.00"), place="Hamburg", day=…)
    book.rests("kunde"), book.open_amount("kunde"), book.credit("kunde")

Movements are known by the ids that whoever posts them got. An allocation is [payment, item, amount, is_chosen].
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

ZERO = Decimal(0)
type Id = Any
"""Of a movement, as whoever posts it got it."""


@dataclass
class PlainMovement:
    """`owed` is what it adds to the open amount, `credit` what it adds to the credit."""

    id: Id
    customer: str
    kind: str
    owed: Decimal
    credit: Decimal
    place: str
    day: date
    reverses: Id = None
    is_reversed: bool = False


@dataclass
class PlainAllocation:
    payment: Id
    item: Id
    amount: Decimal
    is_chosen: bool


@dataclass
class PlainBook:
    """One ledger."""

    movements: dict[Id, PlainMovement] = field(default_factory=dict)
    allocations: list[PlainAllocation] = field(default_factory=list)

    def of(self, customer: str) -> list[PlainMovement]:
        return [one for one in self.movements.values() if one.customer == customer]

    def open_amount(self, customer: str) -> Decimal:
        return sum((one.owed for one in self.of(customer)), ZERO)

    def credit(self, customer: str) -> Decimal:
        return sum((one.credit for one in self.of(customer)), ZERO)

    def items(self, customer: str) -> list[PlainMovement]:
        """What has to be paid and stands, the oldest first."""
        return [one for one in self.of(customer) if one.owed > 0 and not one.is_reversed and one.reverses is None]

    def payments(self, customer: str) -> list[PlainMovement]:
        """What pays and stands, the oldest first."""
        return [one for one in self.of(customer) if one.owed < 0 and not one.is_reversed and one.reverses is None]

    def paid(self, item: Id, *, chosen: bool | None = None) -> Decimal:
        rows = (one for one in self.allocations if one.item == item and chosen in (None, one.is_chosen))
        return sum((one.amount for one in rows), ZERO)

    def rest(self, item: PlainMovement) -> Decimal:
        return item.owed - self.paid(item.id)

    def left(self, payment: PlainMovement) -> Decimal:
        """What is left of a payment that pays nothing yet."""
        return -payment.owed - sum((one.amount for one in self.allocations if one.payment == payment.id), ZERO)

    def rests(self, customer: str) -> dict[Id, Decimal]:
        """What is open of each item, of which something is."""
        return {one.id: rest for one in self.items(customer) if (rest := self.rest(one))}

    def add(
        self, pk: Id, customer: str, kind: str, *, owed: Decimal = ZERO, credit: Decimal = ZERO, place: str, day: date,
        parts: Iterable[tuple[Id, Decimal | None]] = (),
    ) -> None:  # fmt: skip
        self.movements[pk] = PlainMovement(pk, customer, kind, owed, credit, place, day)
        self._choose(self.movements[pk], parts)
        self.count_by_age(customer)

    def reverse(self, wrong: Id, pk: Id, *, place: str, day: date) -> None:
        """Both stay, and neither is an item or pays one any more."""
        old = self.movements[wrong]
        old.is_reversed = True
        self.movements[pk] = PlainMovement(
            pk, old.customer, "reversal", -old.owed, -old.credit, place, day, reverses=wrong
        )
        self.allocations = [one for one in self.allocations if wrong not in (one.payment, one.item)]
        self.count_by_age(old.customer)

    def allocate(self, payment: Id, parts: Sequence[tuple[Id, Decimal | None]]) -> None:
        """The payment pays these, whatever it has paid until now."""
        self.allocations = [one for one in self.allocations if one.payment != payment]
        self._choose(self.movements[payment], parts)
        self.count_by_age(self.movements[payment].customer)

    def _choose(self, payment: PlainMovement, parts: Iterable[tuple[Id, Decimal | None]]) -> None:
        for item, wanted in parts:
            free = self.movements[item].owed - self.paid(item, chosen=True)
            amount = min(self.left(payment), free) if wanted is None else wanted
            if amount <= 0:
                continue
            self._give_way(item, amount)
            self.allocations.append(PlainAllocation(payment.id, item, amount, is_chosen=True))

    def _give_way(self, item: Id, amount: Decimal) -> None:
        """What only its age has allocated to the item makes room, the latest first."""
        lacking = amount - self.rest(self.movements[item])
        for one in [row for row in reversed(self.allocations) if row.item == item and not row.is_chosen]:
            taken = max(ZERO, min(one.amount, lacking))
            one.amount -= taken
            lacking -= taken
        self.allocations = [one for one in self.allocations if one.amount]

    def count_by_age(self, customer: str) -> None:
        """What is left of payments counts against the oldest items of which something is open."""
        for payment in self.payments(customer):
            for item in self.items(customer):
                if amount := min(self.left(payment), self.rest(item)):
                    self.allocations.append(PlainAllocation(payment.id, item.id, amount, is_chosen=False))
