"""Which sales make up what a customer owes: open items, now and at any past moment.

What a payment has paid are its allocations: what somebody has chosen, and otherwise the oldest items first. A booking
that was reversed and its reversal are not there at all, so that a payment that is taken back opens again what it had
paid. They are read from the newest on, no further than the open amount reaches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection

from accounting.amounts import ZERO
from accounting.models import Account, Movement

MOST = 200
"""So many open items are listed; what is open of still older ones is one sum."""

_OPEN = """
    WITH owed AS MATERIALIZED (
        SELECT base_id, id, CASE WHEN %(at)s::timestamptz IS NULL THEN -balance
            ELSE -accounting_balance_at(base_id, id, %(at)s) END AS amount
        FROM accounting_account WHERE base_id = %(base)s AND id = %(account)s
    )
    SELECT owed.amount, one.movement, one.rest
    FROM owed LEFT JOIN LATERAL (
        SELECT * FROM accounting_open_items(
            owed.base_id, owed.id, owed.amount, coalesce(%(at)s::timestamptz, 'infinity')
        ) LIMIT %(most)s
    ) AS one ON true"""
"""One statement, so that the items and their sum are of the same moment. The newest item comes first."""


@dataclass(frozen=True)
class OpenItem:
    """A movement that a customer has to pay, and how much of it is open."""

    movement: Movement
    rest: Decimal

    @property
    def is_partly_paid(self) -> bool:
        return self.rest < self.movement.amount


@dataclass(frozen=True, kw_only=True)
class OpenItems:
    """What a customer owes, item by item."""

    items: Sequence[OpenItem]
    """The oldest first; of more than were asked for the latest."""
    older: Decimal
    """What is open of items that are older than these."""
    total: Decimal
    """The open amount; negative where more was paid than was open, and then there is no item."""


def open_items(owed: Account, *, at: datetime | None = None, most: int = MOST) -> OpenItems:
    """The open items of this account, which is one of what a customer owes; now, or at a past moment."""
    params = {"base": owed.base_id, "account": owed.pk, "at": at, "most": most}
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, params)
        rows: list[tuple[Decimal, UUID | None, Decimal | None]] = cursor.fetchall()
    total = rows[0][0] + ZERO if rows else ZERO
    rests = {pk: rest for _total, pk, rest in reversed(rows) if pk is not None and rest is not None}
    found = Movement.objects.filter(base=owed.base_id).select_related("location").in_bulk(list(rests)) if rests else {}
    items = [OpenItem(found[pk], rest) for pk, rest in rests.items()]
    older = max(ZERO, total - sum(rests.values(), ZERO))
    return OpenItems(items=items, older=older, total=total)
