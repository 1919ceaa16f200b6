"""Versions of customers, read in blocks."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from clearing.protocol.consent_union import UNSAID, Statements
from clearing.protocol.versions import Values, Version
from clearing.rows.statements import statements_of
from clearing.rows.values_sql import values_of, values_of_kept
from locations.models import CustomerBase

BLOCK = 1_000
"""Customers that are read and written at a time."""
_VERSIONS = f"""SELECT customer.uid, customer.customer_number, customer.created_at, {values_of("customer")}
    FROM customers_customer AS customer WHERE customer.base_id = %s AND """
_BY_UID = _VERSIONS + "customer.uid = ANY(%s)"
_BY_NUMBER = _VERSIONS + "customer.customer_number = ANY(%s)"
_STATES = f"""SELECT revision.uid, revision.customer_number, revision.revision, revision.sequence, revision.origin,
        revision.says_more, revision.is_deleted, revision.is_erased, {values_of_kept("revision.before")},
        {values_of_kept("revision.sent")}
    FROM customers_customerrevision AS revision WHERE revision.base_id = %s AND """


@dataclass(frozen=True)
class RowState:
    """What CustomerRevision knows of a customer; `before` and `sent` in the spelling of the protocol."""

    uid: UUID
    number: int | None
    revision: int | None
    sequence: int
    origin: UUID | None
    says_more: bool
    is_deleted: bool
    is_erased: bool
    before: Values | None
    sent: Values | None


def versions_of(base: CustomerBase, uids: Collection[UUID]) -> dict[UUID, Version]:
    """The customers of these uids as they are now, with what they have said."""
    return _versions(base, _BY_UID, list(uids))


def bearers_of(base: CustomerBase, numbers: Collection[int]) -> dict[int, Version]:
    """Who bears these customer numbers."""
    return {version.number: version for version in _versions(base, _BY_NUMBER, list(numbers)).values()}


def states_of(base: CustomerBase, uids: Collection[UUID]) -> dict[UUID, RowState]:
    """What is known of the revisions of these customers, also of those who are gone."""
    with connection.cursor() as cursor:
        cursor.execute(_STATES + "revision.uid = ANY(%s)", [base.pk, list(uids)])
        return {row[0]: _state(row) for row in cursor.fetchall()}


def states_since(
    base: CustomerBase, sequence: int, *, up_to: int, besides: Collection[UUID] = ()
) -> Iterator[list[RowState]]:
    """Whoever has changed after this number of changes, up to another, in blocks, in the order in which they travel.

    Erased ones come first, then deleted ones, then the others by their changes. `besides` are included in any case.
    What is written meanwhile in this transaction is not seen.
    """
    where = """((revision.sequence > %s AND revision.sequence <= %s) OR revision.uid = ANY(%s))
        ORDER BY revision.is_erased DESC, revision.is_deleted DESC, revision.sequence, revision.id"""
    with connection.chunked_cursor() as cursor:
        cursor.execute(_STATES + where, [base.pk, sequence, up_to, list(besides)])
        while rows := cursor.fetchmany(BLOCK):
            yield [_state(row) for row in rows]


def _versions(base: CustomerBase, sql: str, wanted: list[UUID] | list[int]) -> dict[UUID, Version]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [base.pk, wanted])
        rows = cursor.fetchall()
    said: Mapping[UUID, Statements] = statements_of(base, [row[0] for row in rows]) if rows else {}
    return {
        uid: Version(uid, number, created_at, json.loads(values), said.get(uid, UNSAID))
        for uid, number, created_at, values in rows
    }


def _state(row: tuple[Any, ...]) -> RowState:
    *plain, before, sent = row
    return RowState(*plain, *(None if text is None else json.loads(text) for text in (before, sent)))
