"""The statements of a bulk change. Ids of customers stay in the database: they stand in a column of the change.

That a million of them are read from there piece by piece costs nothing worth mentioning; what is written to the
customers is one statement for each piece, all of them in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from customers.bulk.kinds import kind_of
from customers.models import BulkChange
from customers.querysets import CustomerQuerySet
from customers.statistics import without_nested_loops

PIECE = 5_000
"""So many customers are changed at a time, in about a second; then it is told how far it is."""

_PIECE = """(SELECT unnest(customers[%(first)s:%(last)s]) AS id FROM customers_bulkchange
    WHERE base_id = %(base)s AND id = %(change)s) AS piece"""
_ALL = """(SELECT unnest(customers) AS id FROM customers_bulkchange
    WHERE base_id = %(base)s AND id = %(change)s) AS piece"""
_DONE = """LATERAL (
    SELECT event.* FROM customers_customerevent AS event
    WHERE event.pgh_obj_id = piece.id AND event.base_id = %(base)s AND event.pgh_context_id = %(context)s
    ORDER BY event.changed_at DESC LIMIT 1
) AS done"""
_BEFORE = """LATERAL (
    SELECT event.* FROM customers_customerevent AS event
    WHERE event.pgh_obj_id = piece.id AND event.base_id = %(base)s AND event.changed_at < done.changed_at
    ORDER BY event.changed_at DESC LIMIT 1
) AS before"""
_LEFT = """NOT EXISTS (SELECT FROM customers_customerevent AS event WHERE event.pgh_obj_id = piece.id
    AND event.base_id = %(base)s AND event.pgh_context_id = %(undo_context)s)"""
# Also who set it to something else and back again has decided about it.
_STANDS = """NOT EXISTS (SELECT FROM customers_customerevent AS state WHERE state.pgh_obj_id = piece.id
    AND state.base_id = %(base)s AND state.changed_at > done.changed_at AND NOT ({stands}))"""
_WHO = """coalesce((
    SELECT context.metadata->>'user_name' FROM customers_customerevent AS event
    JOIN pghistory_context AS context ON context.id = event.pgh_context_id
    WHERE event.pgh_obj_id = piece.id AND event.base_id = %(base)s AND event.changed_at > done.changed_at
    ORDER BY event.changed_at DESC LIMIT 1), '')"""


def freeze(change: BulkChange, found: CustomerQuerySet, *, is_searched: bool) -> int:
    """Store the ids of the customers that `found` gives in the change. Returns how many they are."""
    sql, params = found.order_by().values_list("pk").query.sql_with_params()
    keep = f"""UPDATE customers_bulkchange SET customers = (
            SELECT coalesce(array_agg(found.id ORDER BY found.id), '{{}}') FROM ({sql}) AS found(id))
        WHERE base_id = %s AND id = %s RETURNING cardinality(customers)"""
    with connection.cursor() as cursor:
        if is_searched:
            cursor.execute(keep, [*params, change.base_id, change.pk])
        else:
            with without_nested_loops(connection):
                cursor.execute(keep, [*params, change.base_id, change.pk])
        return int(cursor.fetchone()[0])


def figures(change: BulkChange) -> dict[str, int]:
    """How many of the stored customers would be changed, are so already, or are archived. Writes nothing."""
    kind = kind_of(change.kind)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT count(*), count(*) FILTER (WHERE ({kind.can}) AND ({kind.lacks})),
                    count(*) FILTER (WHERE ({kind.can}) AND NOT ({kind.lacks})),
                    count(*) FILTER (WHERE NOT ({kind.can}))
                FROM {_ALL} JOIN customers_customer AS customer ON customer.id = piece.id
                WHERE customer.base_id = %(base)s""",
            _params(change),
        )
        return dict(zip(("found", "change", "already", "archived"), cursor.fetchone(), strict=True))


def apply_pieces(change: BulkChange, total: int) -> Iterator[tuple[int, int]]:
    """Change the customers piece by piece. Yields how many were looked at so far, and how many of the piece changed."""
    kind = kind_of(change.kind)
    yield from _pieces(
        f"""UPDATE customers_customer AS customer SET {kind.sets} FROM {_PIECE}
            WHERE customer.base_id = %(base)s AND customer.id = piece.id AND ({kind.can}) AND ({kind.lacks})""",
        _params(change),
        total,
    )


def undo_pieces(change: BulkChange, total: int) -> Iterator[tuple[int, int]]:
    """Restore piece by piece what the change has written, except where it was written again since.

    Yields how many were looked at so far, and how many of the piece were restored.
    """
    kind = kind_of(change.kind)
    stands = _STANDS.format(stands=kind.stands)
    yield from _pieces(
        f"""UPDATE customers_customer AS customer SET {kind.back} FROM {_PIECE}, {_DONE}, {_BEFORE}
            WHERE customer.base_id = %(base)s AND customer.id = piece.id AND {stands} AND ({kind.storable})""",
        _params(change),
        total,
    )


def keep_changed(change: BulkChange, context: UUID) -> int:
    """Reduce the stored ids to the customers that were changed under the context. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE customers_bulkchange SET customers = (
                   SELECT coalesce(array_agg(DISTINCT event.pgh_obj_id ORDER BY event.pgh_obj_id), '{}')
                   FROM customers_customerevent AS event
                   WHERE event.pgh_context_id = %(context)s AND event.base_id = %(base)s)
               WHERE base_id = %(base)s AND id = %(change)s RETURNING cardinality(customers)""",
            _params(change) | {"context": context},
        )
        return int(cursor.fetchone()[0])


def left_alone(change: BulkChange, *, first: int, count: int) -> list[tuple[int, bool, str]]:
    """The customers that undoing has not restored, by name, `count` of them from `first` on.

    Of each the id, whether he is still as the change left him, and who has changed him since.
    """
    stands = _STANDS.format(stands=kind_of(change.kind).stands)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT customer.id, {stands}, {_WHO}
                FROM {_ALL} JOIN customers_customer AS customer
                    ON customer.id = piece.id AND customer.base_id = %(base)s, {_DONE}
                WHERE {_LEFT} ORDER BY customer.sort_name, customer.id OFFSET %(offset)s LIMIT %(count)s""",
            _params(change) | {"offset": first, "count": count},
        )
        return [(pk, stands, who) for pk, stands, who in cursor.fetchall()]


def _pieces(statement: str, params: dict[str, Any], total: int) -> Iterator[tuple[int, int]]:
    for first in range(1, total + 1, PIECE):
        with connection.cursor() as cursor:
            cursor.execute(statement, params | {"first": first, "last": first + PIECE - 1})
            written = int(cursor.rowcount)
        yield min(first + PIECE - 1, total), written


def _params(change: BulkChange) -> dict[str, Any]:
    return {
        "base": change.base_id,
        "change": change.pk,
        "target": change.target,
        "word": change.word,
        "context": change.context,
        "undo_context": change.undo_context,
        "now": timezone.now(),
    }
