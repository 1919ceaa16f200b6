"""Which sales make up what a customer owes: open items, now and at any past moment.

A payment counts against the oldest item first, whatever it was meant for. A booking that was reversed and its reversal
are not there at all, so that a payment that is taken back opens again what it had paid. What is open is therefore the
latest items, as many as the open amount reaches: they are read from the newest on, and no more than those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from accounting.amounts import ZERO
from accounting.models import Account, Movement

MOST = 200
"""So many open items are listed; what is open of still older ones is one sum."""
_FOREVER = datetime(9999, 1, 1, tzinfo=UTC)

_OPEN = """
    WITH owed AS (
        SELECT CASE WHEN %(at)s::timestamptz IS NULL THEN -balance
            ELSE -accounting_balance_at(base_id, id, %(at)s) END AS amount
        FROM accounting_account WHERE base_id = %(base)s AND id = %(account)s
    ), latest AS (
        SELECT item.id, item.amount, item.posted_at FROM accounting_movement AS item
        WHERE item.base_id = %(base)s AND item.debit_id = %(account)s AND item.posted_at <= %(until)s
          AND item.kind <> 'reversal' AND (SELECT amount FROM owed) > 0
          AND NOT EXISTS (
            SELECT FROM accounting_movement AS back
            WHERE back.base_id = %(base)s AND back.reverses_id = item.id AND back.posted_at <= %(until)s)
        ORDER BY item.posted_at DESC, item.id DESC LIMIT %(most)s
    ), summed AS (
        SELECT id, amount, posted_at,
            sum(amount) OVER (ORDER BY posted_at DESC, id DESC) - amount AS newer FROM latest
    )
    SELECT owed.amount, summed.id, least(summed.amount, owed.amount - summed.newer)
    FROM owed LEFT JOIN summed ON summed.newer < owed.amount
    ORDER BY summed.posted_at, summed.id"""
"""One statement, so that the items and their sum are of the same moment."""


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
    params: dict[str, Any] = {"base": owed.base_id, "account": owed.pk, "at": at, "until": at or _FOREVER, "most": most}
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, params)
        rows: list[tuple[Decimal, UUID | None, Decimal | None]] = cursor.fetchall()
    total = rows[0][0] + ZERO if rows else ZERO
    rests = {pk: rest for _total, pk, rest in rows if pk is not None and rest is not None}
    found = Movement.objects.filter(base=owed.base_id).select_related("location").in_bulk(list(rests)) if rests else {}
    items = [OpenItem(found[pk], rest) for pk, rest in rests.items()]
    older = max(ZERO, total - sum(rests.values(), ZERO))
    return OpenItems(items=items, older=older, total=total)
