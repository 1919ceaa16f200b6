"""What is open in a ledger, as matching needs it: read in a few queries, however much it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from accounting.amounts import ZERO
from accounting.banking.open_items import OpenItem
from accounting.models import Ledger
from accounting.payments.invoiced import being_debited
from accounting.payments.naming import Named, names_of

# Each look-up is by a whole key in a sub-query of its own: see the migration that allocates.
_OPEN = """
    SELECT owed.customer_id, one.movement, one.rest, item.document, item.business_day, coalesce(sold.number, ''),
        customer.customer_number, customer.first_name, customer.last_name, customer.company, customer.alias,
        customer.iban
    FROM accounting_account AS owed
    CROSS JOIN LATERAL accounting_open_items(owed.base_id, owed.id, -owed.balance, 'infinity') AS one
    CROSS JOIN LATERAL (SELECT * FROM accounting_movement WHERE id = one.movement OFFSET 0) AS item
    CROSS JOIN LATERAL (SELECT * FROM customers_customer WHERE id = owed.customer_id OFFSET 0) AS customer
    LEFT JOIN LATERAL (
        SELECT number FROM accounting_paymentorder WHERE booking_id = one.movement AND base_id = owed.base_id OFFSET 0
    ) AS sold ON true
    WHERE owed.base_id = %(base)s AND owed.ledger_id = %(ledger)s AND owed.kind = 'owed' AND owed.balance < 0
    ORDER BY item.posted_at, item.id
"""
# From which accounts a customer has paid before, as far as somebody has booked it and left it so.
_PAID_FROM = """
    SELECT DISTINCT owed.customer_id, entry.counterparty_iban
    FROM accounting_bankbooking AS booking
    JOIN accounting_bankentry AS entry
      ON entry.id = booking.entry_id AND entry.base_id = booking.base_id AND entry.state = 'booked'
     AND entry.counterparty_iban <> ''
    JOIN accounting_movement AS paid ON paid.id = booking.movement_id AND paid.base_id = booking.base_id
    JOIN accounting_account AS owed ON owed.id = paid.credit_id AND owed.base_id = booking.base_id
    WHERE booking.base_id = %(base)s AND booking.ledger_id = %(ledger)s AND owed.balance < 0
      AND owed.customer_id IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Part:
    """A movement that is open, and how much of it."""

    movement: UUID
    rest: Decimal


@dataclass(frozen=True)
class OpenOnes:
    """The items for matching, and by the id of each the movements that it is made of, the oldest first."""

    items: Sequence[OpenItem]
    parts: Mapping[int, Sequence[Part]]

    def spread(self, item: int, amount: Decimal) -> Iterable[tuple[UUID, Decimal]]:
        """An amount for an item as amounts for its movements: the oldest is paid first."""
        for part in self.parts[item]:
            share = min(part.rest, amount)
            amount -= share
            if share:
                yield part.movement, share


@dataclass(frozen=True, slots=True)
class _Row:
    customer: int
    movement: UUID
    rest: Decimal
    document: str
    business_day: date
    order_number: str
    number: int
    first_name: str
    last_name: str
    company: str
    alias: str
    iban: str

    @property
    def names(self) -> tuple[str, ...]:
        person = f"{self.first_name} {self.last_name}".strip()
        return tuple(name for name in (person, self.company, self.alias) if name)


def open_ones(ledger: Ledger) -> OpenOnes:
    """What is open in the ledger and not being debited. The caller has entered a scope in which it exists."""
    debited = being_debited(ledger)
    rows = [one for one in (_Row(*row) for row in _fetched(_OPEN, ledger)) if one.movement not in debited]
    paid_from: dict[int, set[str]] = defaultdict(set)
    for customer, iban in _fetched(_PAID_FROM, ledger):
        paid_from[customer].add(iban)
    names = names_of(ledger)
    groups: dict[tuple[object, ...], list[_Row]] = defaultdict(list)
    for row in rows:
        number = names.get(row.movement, Named()).number
        groups[(row.customer, number) if number else (row.movement,)].append(row)
    items, parts = [], {}
    for at, group in enumerate(groups.values(), start=1):
        items.append(_item(at, group, names.get(group[0].movement, Named()), paid_from[group[0].customer]))
        parts[at] = [Part(row.movement, row.rest) for row in group]
    return OpenOnes(items, parts)


def _item(at: int, group: Sequence[_Row], named: Named, paid_from: set[str]) -> OpenItem:
    first = group[0]
    return OpenItem(
        id=at,
        open_amount=sum((row.rest for row in group), ZERO),
        due_on=named.due_on or first.business_day,
        invoice_number=named.number,
        order_number="" if named.number else first.order_number or first.document,
        customer_number=first.number,
        names=first.names,
        ibans=tuple(sorted({first.iban, *paid_from} - {""})),
        end_to_end_id=named.end_to_end_id,
        mandate_id=named.mandate_id,
        batch_id=named.batch_id,
    )


def _fetched(sql: str, ledger: Ledger) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"base": ledger.base_id, "ledger": ledger.pk})
        return cursor.fetchall()
