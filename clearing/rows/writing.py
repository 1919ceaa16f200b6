"""Versions of customers are written, in blocks. What a rule refuses is found out, and is left alone with its reason.

    refused = write(base, versions)          by uid, why; all others are written
    remove(base, uids)                       customers who are gone at the other side, or leave their number

Runs as CLEARING_ROLE, in the transaction of the run. A refused block is written by halves, each within a savepoint,
down to the one customer who is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import DataError, IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy

from clearing.protocol.canonical import Json, canonical
from clearing.protocol.field_kinds import FIELDS, FieldKind
from clearing.protocol.strict import write_moment
from clearing.protocol.versions import Version, differing_fields
from clearing.rows.statements import add_statements
from customers.models import Card
from locations.models import CustomerBase
from locations.violations import refusal_of
from mcp.stored_sentences import Sentences, sentences_of, stored_sentence

type Refused = dict[UUID, Sentences]
type Known = Mapping[UUID, Version]
FORMER = "former_numbers"

REFUSED_BY_RULE = stored_sentence(
    "clearing_refused_by_rule", gettext_lazy("A rule of the customer base refuses this change (%(rule)s).")
)

_TYPES = {
    FieldKind.TEXT: "text",
    FieldKind.NUMBER: "integer",
    FieldKind.FLAG: "boolean",
    FieldKind.DECIMAL: "numeric",
    FieldKind.DAY: "date",
    FieldKind.MOMENT: "timestamptz",
    FieldKind.TAGS: "jsonb",
    FieldKind.NAME_OR_NONE: "text",
    FieldKind.FORMER_NUMBERS: "jsonb",
}
_RECORD = ", ".join(f"{name} {_TYPES[kind]}" for name, kind in FIELDS.items())
_ARRIVED = f"""WITH arrived AS MATERIALIZED (
        SELECT line.uid, line.number, line.created_at, line.sent, value.*
        FROM jsonb_to_recordset(%(lines)s::jsonb)
            AS line (uid uuid, number integer, created_at timestamptz, sent jsonb)
        CROSS JOIN LATERAL jsonb_to_record(line.sent) AS value ({_RECORD})
    )"""
_GROUP = """(SELECT grouped.id FROM customers_customergroup AS grouped
        WHERE grouped.base_id = %(base)s AND lower(grouped.name) = lower(arrived.customer_group))"""
_HOME = """(SELECT home.id FROM locations_location AS home
        WHERE home.organization_id = %(organization)s AND home.client_number = arrived.home_location)"""
_TAGS = "ARRAY(SELECT jsonb_array_elements_text(arrived.tags))"
_PLAIN = [name for name, kind in FIELDS.items() if kind not in (FieldKind.TAGS, FieldKind.FORMER_NUMBERS)]
_COLUMNS = {
    **{name: f"arrived.{name}" for name in _PLAIN if name not in ("customer_group", "home_location")},
    "customer_group_id": _GROUP,
    "home_location_id": _HOME,
    "tags": _TAGS,
}
"""What is written, by the name of the column. A field that was not sent stays, or is empty where somebody is new."""
_FIELD_OF = {"customer_group_id": "customer_group", "home_location_id": "home_location"}
_OR_EMPTY = {
    FieldKind.TEXT: "coalesce({value}, '')",
    FieldKind.FLAG: "coalesce({value}, false)",
    FieldKind.TAGS: "CASE WHEN arrived.tags IS NULL THEN '{{}}' ELSE {value} END",
}


def _update() -> str:
    def column(name: str, value: str) -> str:
        field = _FIELD_OF.get(name, name)
        return f"{name} = CASE WHEN arrived.sent ? '{field}' THEN {value} ELSE customer.{name} END"

    return ", ".join(column(name, value) for name, value in _COLUMNS.items())


def _insert() -> str:
    return ", ".join(
        _OR_EMPTY.get(FIELDS[_FIELD_OF.get(name, name)], "{value}").format(value=value)
        for name, value in _COLUMNS.items()
    )


_UPDATE = f"""{_ARRIVED}
    UPDATE customers_customer AS customer SET {_update()} FROM arrived
    WHERE customer.base_id = %(base)s AND customer.uid = arrived.uid"""
_INSERT = f"""{_ARRIVED}
    INSERT INTO customers_customer (organization_id, base_id, uid, customer_number, created_at, {", ".join(_COLUMNS)})
    SELECT %(organization)s, %(base)s, arrived.uid, arrived.number, arrived.created_at, {_insert()}
    FROM arrived ORDER BY arrived.number"""
_FORMER = f"""{_ARRIVED}, wanted AS (
        SELECT customer.id, one->>0 AS number, one->>1 AS source, one->>2 AS origin
        FROM arrived JOIN customers_customer AS customer
          ON customer.base_id = %(base)s AND customer.uid = arrived.uid
        CROSS JOIN LATERAL jsonb_array_elements(arrived.former_numbers) AS one
        WHERE arrived.former_numbers IS NOT NULL
    ), gone AS (
        DELETE FROM customers_formernumber AS former USING arrived, customers_customer AS customer
        WHERE customer.base_id = %(base)s AND customer.uid = arrived.uid AND arrived.former_numbers IS NOT NULL
          AND former.base_id = %(base)s AND former.customer_id = customer.id
          AND (former.customer_id, former.number, former.source, former.origin) NOT IN (SELECT * FROM wanted)
    )
    INSERT INTO customers_formernumber (base_id, customer_id, number, source, origin)
    SELECT %(base)s, wanted.* FROM wanted ON CONFLICT DO NOTHING"""
_REMOVE = (
    "DELETE FROM customers_consent WHERE base_id = %(base)s AND customer_id = ANY({ids})",
    "DELETE FROM customers_formernumber WHERE base_id = %(base)s AND customer_id = ANY({ids})",
    "DELETE FROM customers_customer WHERE base_id = %(base)s AND id = ANY({ids})",
)
_IDS = "ARRAY(SELECT id FROM customers_customer WHERE base_id = %(base)s AND uid = ANY(%(uids)s))"
_UNKNOWN = f"""{_ARRIVED}
    SELECT uid, customer_group, NULL::text, NULL::integer FROM arrived
    WHERE customer_group IS NOT NULL AND {_GROUP} IS NULL
    UNION ALL SELECT uid, NULL, NULL, home_location FROM arrived
    WHERE home_location IS NOT NULL AND {_HOME} IS NULL
    UNION ALL SELECT uid, NULL, tag, NULL FROM arrived, jsonb_array_elements_text(arrived.tags) AS tag
    WHERE NOT EXISTS (
        SELECT FROM customers_tag AS known WHERE known.base_id = %(base)s AND known.name = tag
    )"""
UNKNOWN_GROUP = stored_sentence(
    "clearing_unknown_group", gettext_lazy("There is no customer group “%(name)s” in this customer base.")
)
UNKNOWN_TAG = stored_sentence("clearing_unknown_tag", gettext_lazy("There is no tag “%(name)s” in this customer base."))
HAS_CARD = stored_sentence(
    "clearing_has_card",
    gettext_lazy(
        "The customer with the number %(number)s would have to leave the customer base on the other side, and has a "
        "card there. Cards are not reconciled: register him there under another number and give him his card anew."
    ),
)
_OF_TRIGGERS = {
    "customer_number_in_range": stored_sentence(
        "clearing_number_out_of_range",
        gettext_lazy("The customer number is outside of the number range of the location."),
    ),
}
"""The sentences of rules that are no constraints, by their names."""
UNKNOWN_HOME = stored_sentence(
    "clearing_unknown_home", gettext_lazy("There is no location with client number %(number)s in this business.")
)


def write(base: CustomerBase, versions: Sequence[Version], *, known: Known) -> Refused:
    """Write these versions, each whole, with what the customers have said; returns by uid why some were refused.

    `known` are those who are there already, as they are: a row in which nothing differs is not written.
    """
    refused = _unknown(base, versions)
    _by_halves(base, [version for version in versions if version.uid not in refused], known, refused)
    return refused


def with_cards(base: CustomerBase, uids: Collection[UUID]) -> set[UUID]:
    """Who of these customers has a card. It does not travel, so he does not leave the base before it is taken back."""
    return set(Card.objects.in_base(base).filter(customer__uid__in=uids).values_list("customer__uid", flat=True))


def remove(base: CustomerBase, uids: Collection[UUID]) -> None:
    """Let these customers, who have no cards, go with all that is theirs in the base. Their history stays."""
    if not uids:
        return
    with connection.cursor() as cursor:
        for statement in _REMOVE:
            cursor.execute(statement.format(ids=_IDS), {"base": base.pk, "uids": list(uids)})


def _by_halves(base: CustomerBase, versions: Sequence[Version], known: Known, refused: Refused) -> None:
    if not versions:
        return
    try:
        with transaction.atomic():
            _write(base, versions, known)
            # What is asked at the end of a transaction is asked here, where it is known whose it is.
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    except (IntegrityError, DataError) as error:
        if len(versions) == 1:
            refused[versions[0].uid] = _reason(error)
            return
        middle = len(versions) // 2
        for half in (versions[:middle], versions[middle:]):
            _by_halves(base, half, known, refused)


def _write(base: CustomerBase, versions: Sequence[Version], known: Known) -> None:
    new = [version for version in versions if version.uid not in known]
    differing = {
        version.uid: differing_fields(version.values, known[version.uid].values)
        for version in versions
        if version.uid in known
    }
    changed = [version for version in versions if differing.get(version.uid)]
    former = [version for version in new if version.values.get(FORMER)]
    former += [version for version in changed if FORMER in differing[version.uid]]
    with connection.cursor() as cursor:
        for statement, some in ((_UPDATE, changed), (_INSERT, new), (_FORMER, former)):
            if some:
                cursor.execute(statement, _parameters(base, some))
    add_statements(base, {version.uid: version.consents for version in versions if version.consents})


def _unknown(base: CustomerBase, versions: Sequence[Version]) -> Refused:
    """Whose group, tag or location there is not: all of a block in one question."""
    found: dict[UUID, Sentences] = {}
    if not versions:
        return found
    with connection.cursor() as cursor:
        cursor.execute(_UNKNOWN, _parameters(base, versions))
        for uid, group, tag, home in cursor.fetchall():
            if group is not None:
                reasons = UNKNOWN_GROUP(name=group)
            elif tag is not None:
                reasons = UNKNOWN_TAG(name=tag)
            else:
                reasons = UNKNOWN_HOME(number=home)
            found[uid] = Sentences([*found.get(uid, Sentences()), *reasons])
    return found


def _parameters(base: CustomerBase, versions: Sequence[Version]) -> dict[str, Any]:
    return {
        "base": base.pk,
        "organization": base.organization_id,
        "lines": canonical([_line(version) for version in versions]).decode(),  # one text: arrays are quoted slowly
    }


def _line(version: Version) -> Mapping[str, Json]:
    return {
        "created_at": write_moment(version.created_at),
        "number": version.number,
        "sent": version.values,
        "uid": str(version.uid),
    }


def _reason(error: IntegrityError | DataError) -> Sentences:
    refusal = refusal_of(error) if isinstance(error, IntegrityError) else None
    if refusal is not None:
        return sentences_of(refusal)
    rule = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    if rule in _OF_TRIGGERS:
        return _OF_TRIGGERS[rule]()
    return REFUSED_BY_RULE(rule=str(rule or type(error.__cause__).__name__))
