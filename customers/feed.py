"""The customers of a base as somebody who keeps a copy reads them: all of them first, then what has changed since.

    started()                              where a copy begins
    read(position, base=base, most=…)      the next ids, and the position behind them

The order is that of the transactions which have changed something (CustomerChange). What a transaction has changed is
handed out once all that began before it have ended: so nobody who reads on from a position misses one that was
committed later. While somebody writes for minutes, others wait for what came after he began; nothing is lost by that.

First come the customers by their ids, as they are when they are read. Whoever was changed meanwhile comes once more.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from django.db import DatabaseError, connection, transaction

from locations.models import CustomerBase

_ENDED = "pg_snapshot_xmin(pg_current_snapshot())"
"""All transactions before this one have ended, of whatever database of the server."""
_START = f"SELECT {_ENDED}::text::bigint"
_ALL = "SELECT id FROM customers_customer WHERE base_id = %(base)s AND id > %(last)s ORDER BY id LIMIT %(most)s"
_CHANGED = f"""
    SELECT change.changed_in::text::bigint, change.customer_id FROM customers_customerchange AS change
    WHERE change.base_id = %(base)s
      AND (change.changed_in, change.customer_id) > (%(changed_in)s::text::xid8, %(last)s)
      AND change.changed_in < {_ENDED}
    ORDER BY change.changed_in, change.customer_id LIMIT %(most)s
"""
"""A bare `changed_in` in the order would be the number that is selected, which no index has: all would be sorted."""
_SUPERSEDED = f"""
    DELETE FROM customers_customerchange AS gone USING (
        SELECT customer_id, max(changed_in) AS changed_in FROM customers_customerchange
        WHERE base_id = %(base)s AND changed_in < {_ENDED}
        GROUP BY customer_id HAVING count(*) > 1
    ) AS last
    WHERE gone.base_id = %(base)s AND gone.customer_id = last.customer_id AND gone.changed_in < last.changed_in
"""
_LIFE = "SELECT system_identifier, timeline_id FROM pg_control_system(), pg_control_checkpoint()"
_OIDS = "SELECT 'customers_customerchange'::regclass::oid, oid FROM pg_database WHERE datname = current_database()"


class Part(StrEnum):
    """What somebody who reads is at."""

    ALL = "all"
    CHANGES = "changes"


@dataclass(frozen=True)
class Position:
    """Up to where somebody has read. `transaction` is the one from which on changes count, `customer` the last id."""

    part: Part
    transaction: int
    customer: int = 0


def started() -> Position:
    """The beginning of a copy: what is changed by any transaction that has not ended yet comes again."""
    with connection.cursor() as cursor:
        cursor.execute(_START)
        return Position(Part.ALL, cursor.fetchone()[0])


def read(position: Position, *, base: CustomerBase, most: int) -> tuple[list[int], Position, bool]:
    """Up to `most` ids of customers, the position behind them, and whether there may be more already."""
    asked: dict[str, int | str] = {
        "base": base.pk, "changed_in": str(position.transaction), "last": position.customer, "most": most
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_ALL if position.part is Part.ALL else _CHANGED, asked)
        rows = cursor.fetchall()
    if position.part is Part.ALL:
        ids = [pk for (pk,) in rows]
        if len(ids) == most:
            return ids, Position(Part.ALL, position.transaction, ids[-1]), True
        # Nobody's id is 0, so that everything counts which this very transaction has changed.
        return ids, Position(Part.CHANGES, position.transaction), True
    if not rows:
        return [], position, False
    changed_in, last = rows[-1]
    ids = list(dict.fromkeys(pk for _changed_in, pk in rows))
    return ids, Position(Part.CHANGES, changed_in, last), len(rows) == most


def life() -> str:
    """Which life of its database this is: after it was restored, transactions are counted anew, and copies begin anew.

    Known by the server, its timeline, the database and the table; where the server does not tell, by the latter two.
    """
    with connection.cursor() as cursor:
        cursor.execute(_OIDS)
        known: tuple[object, ...] = cursor.fetchone()
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_LIFE)
            known += cursor.fetchone()
    except DatabaseError:
        known += ("unknown",)
    return hashlib.sha256(repr(known).encode()).hexdigest()[:16]


def bases_with_changes() -> list[int]:
    """The bases of which there are changes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT base_id FROM customers_customerchange ORDER BY base_id")
        return [pk for (pk,) in cursor.fetchall()]


def forget_superseded(base: int) -> int:
    """Delete all but the last change of each customer of a base; returns how many. Whoever reads on gets the last."""
    with connection.cursor() as cursor:
        cursor.execute(_SUPERSEDED, {"base": base})
        return int(cursor.rowcount)
