"""What customers have said, between the table of consents and the records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import connection

from clearing.protocol.consent_union import ConsentStatement, Statements, StrikeOut, union
from clearing.rows.arrays import each_of, uuid_array
from locations.models import CustomerBase

_READ = f"""SELECT customer.uid, consent.purpose, consent.is_given, consent.at, consent.source, consent.recorded_at,
        consent.recorded_by, consent.wording_version, consent.evidence, consent.receiver,
        (SELECT client_number FROM locations_location WHERE id = consent.location_id), consent.given_to,
        consent.holds_here, consent.struck_out_at, consent.struck_out_by
    {each_of("customers_customer", "customer", uid="uuid")} CROSS JOIN LATERAL (
        SELECT * FROM customers_consent WHERE base_id = customer.base_id AND customer_id = customer.id OFFSET 0
    ) AS consent"""

_COLUMNS = (
    "uid uuid, purpose text, is_given boolean, at timestamptz, source text, recorded_at timestamptz, recorded_by text, "
    "wording_version text, evidence text, receiver integer, location integer, given_to integer, holds_here boolean, "
    "struck_out_at timestamptz, struck_out_by text"
)
_NAMES = tuple(column.split(" ")[0] for column in _COLUMNS.split(", "))
_SAME = """consent.base_id = customer.base_id AND consent.customer_id = customer.id AND consent.purpose = said.purpose
    AND consent.is_given = said.is_given AND consent.at = said.at AND consent.source = said.source
    AND consent.recorded_at = said.recorded_at AND consent.recorded_by = said.recorded_by
    AND consent.wording_version = said.wording_version AND consent.evidence = said.evidence
    AND consent.receiver IS NOT DISTINCT FROM said.receiver AND consent.given_to IS NOT DISTINCT FROM said.given_to
    AND consent.holds_here = said.holds_here
    AND consent.location_id IS NOT DISTINCT FROM (
        SELECT id FROM locations_location WHERE organization_id = %(organization)s AND client_number = said.location
    )"""
_SAID = f"""WITH said AS MATERIALIZED (
        SELECT %(base)s::bigint AS base_id, said.* FROM unnest({{arrays}}) AS said ({", ".join(_NAMES)})
    )"""
_CUSTOMER = """said CROSS JOIN LATERAL (
        SELECT id, base_id FROM customers_customer WHERE base_id = said.base_id AND uid = said.uid OFFSET 0
    ) AS customer"""
"""The customer of each statement; see `each_of` for why the base is not a constant."""
_ARRAYS = ", ".join(f"%({column.split(' ')[0]})s::{column.split(' ', 1)[1]}[]" for column in _COLUMNS.split(", "))
_STRIKE = f"""{_SAID.format(arrays=_ARRAYS)}
    UPDATE customers_consent AS consent SET struck_out_at = said.struck_out_at, struck_out_by = said.struck_out_by
    FROM {_CUSTOMER}
    WHERE said.struck_out_at IS NOT NULL AND consent.struck_out_at IS NULL AND {_SAME}"""
_ADD = f"""{_SAID.format(arrays=_ARRAYS)}
    INSERT INTO customers_consent (organization_id, base_id, customer_id, purpose, is_given, at, source, recorded_at,
        recorded_by, wording_version, evidence, receiver, location_id, given_to, holds_here, struck_out_at,
        struck_out_by)
    SELECT %(organization)s, %(base)s, customer.id, said.purpose, said.is_given, said.at, said.source, said.recorded_at,
        said.recorded_by, said.wording_version, said.evidence, said.receiver, (
            SELECT id FROM locations_location WHERE organization_id = %(organization)s AND client_number = said.location
        ), said.given_to, said.holds_here, said.struck_out_at, coalesce(said.struck_out_by, '')
    FROM {_CUSTOMER}
    WHERE NOT EXISTS (SELECT FROM customers_consent AS consent WHERE {_SAME} OFFSET 0)
    ON CONFLICT DO NOTHING"""


def statements_of(base: CustomerBase, uids: Collection[UUID]) -> Mapping[UUID, Statements]:
    """What each of these customers has said."""
    found: defaultdict[UUID, list[ConsentStatement]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_READ, [base.pk, uuid_array(uids)])
        for uid, *said, struck_out_at, struck_out_by in cursor:
            statement = ConsentStatement(*said)
            if struck_out_at is not None:
                statement = replace(statement, struck_out=StrikeOut(struck_out_at, struck_out_by))
            found[uid].append(statement)
    return {uid: union(said) for uid, said in found.items()}


def add_statements(base: CustomerBase, wanted: Mapping[UUID, Statements]) -> None:
    """Write what these customers have said besides what is known of them; what was struck out is struck out here too.

    Two statements that say the same, recorded at both sides, are kept once. Runs as CLEARING_ROLE.
    """
    rows = [row for uid, said in wanted.items() for row in _rows(uid, said)]
    if not rows:
        return
    columns = dict(zip(_NAMES, map(list, zip(*rows, strict=True)), strict=True))
    parameters: dict[str, Any] = {"base": base.pk, "organization": base.organization_id, **columns}
    with connection.cursor() as cursor:
        if any(columns["struck_out_at"]):
            cursor.execute(_STRIKE, parameters)
        cursor.execute(_ADD, parameters)


def _rows(uid: UUID, said: Iterable[ConsentStatement]) -> Iterable[tuple[object, ...]]:
    for one in sorted(said, key=lambda statement: statement.recorded_at):
        out = one.struck_out
        yield (
            uid, one.purpose, one.is_given, one.at, one.source, one.recorded_at, one.recorded_by, one.wording_version,
            one.evidence, one.receiver, one.location, one.given_to, one.holds_here,
            out.at if out else None, out.by if out else None,
        )  # fmt: skip
