"""Versions of customers are written, in blocks. What a rule refuses is found out, and is left alone with its reason.

    refused = write(base, versions)          by uid, why; all others are written
    remove(base, uids)                       customers who are gone at the other side, or leave their number

Runs as CLEARING_ROLE, in the transaction of the run. A refused block is written by halves, each within a savepoint,
down to the one customer who is refused.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, connection, models, transaction
from django.utils.translation import gettext_lazy

from clearing.protocol.canonical import Json
from clearing.protocol.field_kinds import FIELDS, FieldKind, decode_value
from clearing.protocol.strict import write_moment
from clearing.protocol.versions import Version, differing_fields
from clearing.rows.arrays import each_of, uuid_array
from clearing.rows.statements import add_statements
from customers.models import Card, Customer
from locations.models import CustomerBase
from locations.violations import refusal_of
from mcp.stored_sentences import Sentences, sentences_of, stored_sentence

type Refused = dict[UUID, Sentences]
type Known = Mapping[UUID, Version]
FORMER = "former_numbers"

REFUSED_BY_RULE = stored_sentence(
    "clearing_refused_by_rule", gettext_lazy("A rule of the customer base refuses this change (%(rule)s).")
)

BEYOND_FIELD = stored_sentence(
    "clearing_beyond_field",
    gettext_lazy("“%(field)s” is longer or larger than the customer base can hold. Shorten it at the branch."),
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


def _arrived(fields: Iterable[str]) -> str:
    """The lines as rows. They are of type json, which is read once; jsonb would be made of all of it first."""
    columns = ", ".join(f"{name} {_TYPES[FIELDS[name]]}" for name in fields)
    return f"""WITH arrived AS MATERIALIZED (
        SELECT * FROM json_to_recordset(%(lines)s::json)
            AS line (uid uuid, number integer, created_at timestamptz, {columns})
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
"""What is written, by the name of the column. A field that was not sent is empty where somebody is new."""
_FIELD_OF = {"customer_group_id": "customer_group", "home_location_id": "home_location"}
_OR_EMPTY = {
    FieldKind.TEXT: "coalesce({value}, '')",
    FieldKind.FLAG: "coalesce({value}, false)",
    FieldKind.TAGS: "CASE WHEN arrived.tags IS NULL THEN '{{}}' ELSE {value} END",
}


@lru_cache(maxsize=100)
def _update(fields: tuple[str, ...]) -> str:
    """The statement that writes these fields."""
    columns = [f"{name} = {value}" for name, value in _COLUMNS.items() if _FIELD_OF.get(name, name) in fields]
    # Who has other former numbers alone is written as well, as the database and people expect of a change.
    written = ", ".join(columns) or "last_name = customer.last_name"
    return f"""{_arrived(fields)}
        UPDATE customers_customer AS customer SET {written} FROM arrived
        WHERE customer.base_id = %(base)s AND customer.uid = arrived.uid"""


def _insert() -> str:
    return ", ".join(
        _OR_EMPTY.get(FIELDS[_FIELD_OF.get(name, name)], "{value}").format(value=value)
        for name, value in _COLUMNS.items()
    )


_INSERT = f"""{_arrived(FIELDS)}
    INSERT INTO customers_customer (organization_id, base_id, uid, customer_number, created_at, {", ".join(_COLUMNS)})
    SELECT %(organization)s, %(base)s, arrived.uid, arrived.number, arrived.created_at, {_insert()}
    FROM arrived ORDER BY arrived.number"""
_FORMER = f"""{_arrived([FORMER])}, wanted AS (
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
_IDS = (
    f"""ARRAY(SELECT gone.id {each_of("customers_customer", "gone", base="%(base)s", values="%(uids)s", uid="uuid")})"""
)
_UNKNOWN = f"""SELECT ARRAY(
        SELECT arrived.customer_group FROM unnest(%(groups)s::text[]) AS arrived (customer_group)
        WHERE {_GROUP} IS NULL
    ), ARRAY(
        SELECT arrived.home_location FROM unnest(%(homes)s::bigint[]) AS arrived (home_location)
        WHERE {_HOME} IS NULL
    ), ARRAY(
        SELECT tag FROM unnest(%(tags)s::text[]) AS tag
        WHERE NOT EXISTS (SELECT FROM customers_tag AS known WHERE known.base_id = %(base)s AND known.name = tag)
    )"""
_OUT_OF_RANGE = """SELECT arrived.uid
    FROM unnest(%(uids)s::uuid[], %(numbers)s::integer[], %(homes)s::bigint[]) AS arrived (uid, number, home)
    JOIN locations_location AS home
      ON home.organization_id = %(organization)s AND home.client_number = arrived.home AND home.base_id = %(base)s
    WHERE NOT arrived.number <@ home.number_range"""
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
    refused = _unknown(base, versions) | _out_of_range(base, [one for one in versions if one.uid not in known])
    _by_halves(base, [version for version in versions if version.uid not in refused], known, refused)
    return refused


def _out_of_range(base: CustomerBase, new: Sequence[Version]) -> Refused:
    """Whose number is none of the range of his location. All of them in one question: where it is set wrongly, most."""
    at_home = [version for version in new if version.values.get("home_location") is not None]
    if not at_home:
        return {}
    parameters: dict[str, Any] = {
        "base": base.pk, "organization": base.organization_id, "uids": [version.uid for version in at_home],
        "numbers": [version.number for version in at_home],
        "homes": [version.values["home_location"] for version in at_home],
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_OUT_OF_RANGE, parameters)
        return {uid: _OF_TRIGGERS["customer_number_in_range"]() for (uid,) in cursor.fetchall()}


def with_cards(base: CustomerBase, uids: Collection[UUID]) -> set[UUID]:
    """Who of these customers has a card. It does not travel, so he does not leave the base before it is taken back."""
    return set(Card.objects.in_base(base).filter(customer__uid__in=uids).values_list("customer__uid", flat=True))


def remove(base: CustomerBase, uids: Collection[UUID]) -> None:
    """Let these customers, who have no cards, go with all that is theirs in the base. Their history stays."""
    if not uids:
        return
    with connection.cursor() as cursor:
        for statement in _REMOVE:
            cursor.execute(statement.format(ids=_IDS), {"base": base.pk, "uids": uuid_array(uids)})


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
            refused[versions[0].uid] = _reason(error, versions[0])
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
        for fields, some in _by_fields(changed, differing):
            cursor.execute(_update(fields), _parameters(base, some, fields))
        if new:
            cursor.execute(_INSERT, _parameters(base, new, FIELDS))
        if former:
            cursor.execute(_FORMER, _parameters(base, former, [FORMER]))
    add_statements(base, {version.uid: version.consents for version in versions if version.consents})


def _by_fields(
    changed: Sequence[Version], differing: Mapping[UUID, Sequence[str]]
) -> Iterator[tuple[tuple[str, ...], Sequence[Version]]]:
    """Who is written together: those of whom the same fields were sent. Of these, the ones in which anybody differs."""
    alike: defaultdict[frozenset[str], list[Version]] = defaultdict(list)
    for version in changed:
        alike[frozenset(version.values)].append(version)
    for some in alike.values():
        yield tuple(sorted({name for version in some for name in differing[version.uid]})), some


def _unknown(base: CustomerBase, versions: Sequence[Version]) -> Refused:
    """Whose group, tag or location there is not: all of a block in one question."""
    if not versions:
        return {}
    asked: dict[str, Any] = {
        "groups": list({group for version in versions if (group := version.values.get("customer_group")) is not None}),
        "homes": list({home for version in versions if (home := version.values.get("home_location")) is not None}),
        "tags": list({tag for version in versions for tag in _tags(version)}),
    }
    with connection.cursor() as cursor:
        cursor.execute(_UNKNOWN, {"base": base.pk, "organization": base.organization_id, **asked})
        groups, homes, tags = map(frozenset, cursor.fetchone())
    if not (groups or homes or tags):
        return {}
    found = {version.uid: _reasons_of_unknown(version, groups, homes, tags) for version in versions}
    return {uid: reasons for uid, reasons in found.items() if reasons}


def _reasons_of_unknown(
    version: Version, groups: frozenset[str], homes: frozenset[int], tags: frozenset[str]
) -> Sentences:
    group, home = version.values.get("customer_group"), version.values.get("home_location")
    return Sentences(
        [
            *(UNKNOWN_GROUP(name=group) if group in groups else ()),
            *(UNKNOWN_HOME(number=home) if home in homes else ()),
            *(reason for tag in _tags(version) if tag in tags for reason in UNKNOWN_TAG(name=tag)),
        ]
    )


def _tags(version: Version) -> Sequence[str]:
    found: Any = version.values.get("tags")
    return found or ()


def _parameters(base: CustomerBase, versions: Sequence[Version], fields: Collection[str]) -> dict[str, Any]:
    lines = [_line(version, fields) for version in versions]
    return {"base": base.pk, "organization": base.organization_id, "lines": json.dumps(lines, ensure_ascii=False)}


def _line(version: Version, fields: Collection[str]) -> dict[str, Json]:
    return {
        "created_at": write_moment(version.created_at),
        "number": version.number,
        "uid": version.uid.hex,
        **{name: value for name, value in version.values.items() if name in fields},
    }


def _reason(error: IntegrityError | DataError, version: Version) -> Sentences:
    refusal = refusal_of(error) if isinstance(error, IntegrityError) else None
    if refusal is not None:
        return sentences_of(refusal)
    if isinstance(error, DataError) and (beyond := [*_beyond(version)]):
        return Sentences(reason for field in beyond for reason in BEYOND_FIELD(field=field))
    rule = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    if rule in _OF_TRIGGERS:
        return _OF_TRIGGERS[rule]()
    return REFUSED_BY_RULE(rule=str(rule or type(error.__cause__).__name__))


def _beyond(version: Version) -> Iterator[Any]:
    """The names of the fields that hold less than what was sent, for people."""
    for name, value in version.values.items():
        if value is not None and FIELDS[name] in _SIZED:
            field: Any = Customer._meta.get_field(name)
            if isinstance(field, models.ForeignKey):
                continue
            try:
                field.run_validators(decode_value(FIELDS[name], value))
            except ValidationError as refusal:
                if {one.code for one in refusal.error_list} & _OF_SIZE:
                    yield field.verbose_name


_SIZED = frozenset({FieldKind.TEXT, FieldKind.NUMBER, FieldKind.DECIMAL})
_OF_SIZE = {"max_length", "max_value", "min_value", "max_digits", "max_whole_digits", "max_decimal_places"}
