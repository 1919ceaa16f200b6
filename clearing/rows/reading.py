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
from clearing.rows.arrays import each_of, plain_array, uuid_array
from clearing.rows.statements import statements_of
from clearing.rows.values_sql import values_of, values_of_kept
from locations.models import CustomerBase

BLOCK = 1_000
"""Customers that are read and written at a time."""
_VERSIONS = f"""SELECT customer.uid, customer.customer_number, customer.created_at, {values_of("customer")} """
_BY_UID = _VERSIONS + each_of("customers_customer", "customer", uid="uuid")
_BY_NUMBER = _VERSIONS + each_of("customers_customer", "customer", customer_number="integer")
_STATE = """revision.uid, revision.customer_number, revision.revision, revision.sequence, revision.origin,
        revision.is_deleted, revision.is_erased"""
_OF_UIDS = each_of("customers_customerrevision", "revision", uid="uuid")
_STATES = f"SELECT {_STATE} {_OF_UIDS}"
_SENT = f"""SELECT revision.uid, {values_of_kept("revision.sent")} {_OF_UIDS} WHERE revision.sent IS NOT NULL"""
_SINCE = f"""SELECT {_STATE}, revision.says_more, {values_of_kept("revision.before")}
    FROM customers_customerrevision AS revision WHERE revision.base_id = %s AND
    ((revision.sequence > %s AND revision.sequence <= %s) OR revision.uid = ANY(%s::uuid[]))
    ORDER BY revision.is_erased DESC, revision.is_deleted DESC, revision.sequence, revision.id"""


@dataclass(frozen=True)
class RowState:
    """What CustomerRevision knows of a customer."""

    uid: UUID
    number: int | None
    revision: int | None
    sequence: int
    origin: UUID | None
    is_deleted: bool
    is_erased: bool


@dataclass(frozen=True)
class Change(RowState):
    """What it knows of one who was changed; `before` is what was agreed, in the spelling of the protocol."""

    says_more: bool
    before: Values | None


def versions_of(base: CustomerBase, uids: Collection[UUID]) -> dict[UUID, Version]:
    """The customers of these uids as they are now, with what they have said."""
    return _versions(base, _BY_UID, uuid_array(uids))


def bearers_of(base: CustomerBase, numbers: Collection[int]) -> dict[int, Version]:
    """Who bears these customer numbers."""
    return {version.number: version for version in _versions(base, _BY_NUMBER, plain_array(numbers)).values()}


def states_of(base: CustomerBase, uids: Collection[UUID]) -> dict[UUID, RowState]:
    """What is known of the revisions of these customers, also of those who are gone."""
    with connection.cursor() as cursor:
        cursor.execute(_STATES, [base.pk, uuid_array(uids)])
        return {row[0]: RowState(*row) for row in cursor.fetchall()}


def sent_of(base: CustomerBase, uids: Collection[UUID]) -> dict[UUID, Values]:
    """What was sent of those who were changed again before the answer came."""
    with connection.cursor() as cursor:
        cursor.execute(_SENT, [base.pk, uuid_array(uids)])
        return {uid: json.loads(sent) for uid, sent in cursor.fetchall()}


def changes_since(
    base: CustomerBase, sequence: int, *, up_to: int, besides: Collection[UUID] = ()
) -> Iterator[list[Change]]:
    """Whoever has changed after this number of changes, up to another, in blocks, in the order in which they travel.

    Erased ones come first, then deleted ones, then the others by their changes. `besides` are included in any case.
    What is written meanwhile in this transaction is not seen.
    """
    with connection.chunked_cursor() as cursor:
        cursor.execute(_SINCE, [base.pk, sequence, up_to, uuid_array(besides)])
        while rows := cursor.fetchmany(BLOCK):
            yield [_change(row) for row in rows]


def _versions(base: CustomerBase, sql: str, wanted: str) -> dict[UUID, Version]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [base.pk, wanted])
        rows = cursor.fetchall()
    said: Mapping[UUID, Statements] = statements_of(base, [row[0] for row in rows]) if rows else {}
    return {
        uid: Version(uid, number, created_at, json.loads(values), said.get(uid, UNSAID))
        for uid, number, created_at, values in rows
    }


def _change(row: tuple[Any, ...]) -> Change:
    values = [*row[:-1], None if row[-1] is None else json.loads(row[-1])]
    return Change(*values)
