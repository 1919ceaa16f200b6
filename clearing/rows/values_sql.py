"""SQL that gives the values of a customer as they travel: one JSON object in the spelling of clearing.protocol.

It is json as text, which the server writes down as it goes; jsonb would be sorted and written once more.
"""

from __future__ import annotations

from clearing.protocol.field_kinds import FIELDS, FieldKind

_BY_KIND = {
    FieldKind.TEXT: "{row}.{name}",
    FieldKind.NUMBER: "{row}.{name}",
    FieldKind.FLAG: "{row}.{name}",
    FieldKind.DECIMAL: "{row}.{name}::text",
    FieldKind.DAY: "{row}.{name}",
    FieldKind.MOMENT: """to_char({row}.{name} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')""",
    FieldKind.TAGS: 'to_jsonb(ARRAY(SELECT tag FROM unnest({row}.{name}) AS tag ORDER BY tag COLLATE "C"))',
}
_BY_NAME = {
    "customer_group": """(SELECT grouped.name FROM customers_customergroup AS grouped
        WHERE grouped.base_id = {row}.base_id AND grouped.id = {row}.customer_group_id)""",
    "home_location": """(SELECT home.client_number FROM locations_location AS home
        WHERE home.id = {row}.home_location_id)""",
    "former_numbers": "{former}",
}
_FORMER_NOW = """coalesce((
        SELECT jsonb_agg(jsonb_build_array(former.number, former.source, former.origin)
            ORDER BY former.number COLLATE "C", former.source COLLATE "C", former.origin COLLATE "C")
        FROM customers_formernumber AS former
        WHERE former.base_id = {row}.base_id AND former.customer_id = {row}.id
    ), '[]')"""
_FORMER_KEPT = """coalesce((
        SELECT jsonb_agg(one ORDER BY (one->>0) COLLATE "C", (one->>1) COLLATE "C", (one->>2) COLLATE "C")
        FROM jsonb_array_elements({kept}->'former_numbers') AS one
    ), '[]')"""


def values_of(row: str) -> str:
    """The values of the row of this alias of customers_customer, as they are now."""
    return _object(row, _FORMER_NOW.format(row=row))


def values_of_kept(kept: str) -> str:
    """The values of a row that CustomerRevision keeps in this column, or NULL."""
    row = "earlier"
    return f"""(SELECT {_object(row, _FORMER_KEPT.format(kept=kept))}
        FROM jsonb_populate_record(NULL::customers_customer, {kept}) AS {row} WHERE {kept} IS NOT NULL)"""


def _object(row: str, former: str) -> str:
    pairs = ", ".join(
        f"'{name}', {(_BY_NAME.get(name) or _BY_KIND[kind]).format(row=row, name=name, former=former)}"
        for name, kind in FIELDS.items()
    )
    return f"json_build_object({pairs})::text"
