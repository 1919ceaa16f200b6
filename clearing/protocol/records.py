"""One customer as he travels: changed, deleted or erased; and what the central answers of one, beside himself.

    record = CustomerRecord(version=Version(…), base_rev=7, was={"city": "Bremen"})
    line = record.to_json()                      for `parts.pack`
    read_record(line)                            at the other side

`was` says what the sender has changed: the fields, each with the value that both sides had agreed on. The receiver
knows by it what the sender began from (`agreed`), and keeps no version of its own for each branch.

A program may be newer than the other. A field that the receiver does not know is left out (`known_part`), and one that
the sender does not know is not in the record at all, so it is neither emptied nor in conflict.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from django.utils.translation import gettext_lazy

from clearing.protocol.canonical import Json
from clearing.protocol.consent_union import UNSAID, ConsentStatement, Statements, in_order, union
from clearing.protocol.field_kinds import (
    ARCHIVED,
    FIELDS,
    FieldValue,
    UnfitValue,
    decode_value,
    encode_value,
)
from clearing.protocol.strict import Fields, UnreadableField, write_moment

FORMAT = 1
"""Of a record. A new field is no new format; another meaning of one is."""
MOST_STATEMENTS = 1_000
MOST_FIELDS = 500
MOST_REASONS = 50
HIGHEST_NUMBER = 2**31 - 1
"""Of a customer, as the column can hold it; the range of the base is a rule, and holds back what breaks it."""

type Values = Mapping[str, Json]
"""By the name of the field, each as `field_kinds.encode_value` writes it."""
NOTHING: Values = MappingProxyType({})


class RefusedRecord(UnreadableField):
    """A record is not as any of ours. It is held back alone, with this reason."""

    sentence = gettext_lazy("The other side has sent a customer in a way that is not understood here (%(name)s).")
    code_of_refusal = "record_refused"


class RecordKind(StrEnum):
    """What a record says of a customer."""

    CUSTOMER = "customer"
    DELETION = "deletion"
    ERASURE = "erasure"
    REVISION = "revision"
    HELD_BACK = "held back"


@dataclass(frozen=True)
class Version:
    """A customer as one side has him. `uid`, `number` and `created_at` never change."""

    uid: UUID
    number: int
    created_at: datetime
    values: Values
    consents: Statements = UNSAID

    @property
    def is_archived(self) -> bool:
        """Whether he is in the archive."""
        return self.values.get(ARCHIVED) is not None


@dataclass(frozen=True)
class CustomerRecord:
    """A customer who was changed or is new.

    `base_rev` is the central's revision from which the branch's change began, and None for one who was born there. What
    the central sends has the revision of this very version: from it the branch's next change begins. `says_more` is
    whether statements about consents were added or struck out.
    """

    version: Version
    base_rev: int | None = None
    was: Values = field(default=NOTHING)
    says_more: bool = False

    @property
    def agreed(self) -> Version | None:
        """What both sides had before the branch's change, of the fields that it knows; None for who was born there.

        Which statements about consents were agreed is not told, only whether there are more now; the decision asks for
        nothing else.
        """
        if self.base_rev is None:
            return None
        consents = UNSAID if self.says_more else self.version.consents
        return replace(self.version, values={**self.version.values, **self.was}, consents=consents)

    def to_json(self) -> dict[str, Json]:
        """As it travels."""
        version = self.version
        return {
            "base_rev": self.base_rev,
            "consents": [statement.to_json() for statement in in_order(version.consents)],
            "created_at": write_moment(version.created_at),
            "format": FORMAT,
            "kind": RecordKind.CUSTOMER,
            "number": version.number,
            "says_more": self.says_more,
            "uid": str(version.uid),
            "values": version.values,
            "was": self.was,
        }


@dataclass(frozen=True)
class DeletionRecord:
    """A customer who is no longer there, as after an import that was undone. Nothing of him is secret."""

    uid: UUID
    number: int
    base_rev: int | None = None

    def to_json(self) -> dict[str, Json]:
        """As it travels."""
        return {
            "base_rev": self.base_rev,
            "format": FORMAT,
            "kind": RecordKind.DELETION,
            "number": self.number,
            "uid": str(self.uid),
        }


@dataclass(frozen=True)
class ErasureRecord:
    """A person who was erased: by the uid alone, so that nothing else of him travels."""

    uid: UUID

    def to_json(self) -> dict[str, Json]:
        """As it travels."""
        return {"format": FORMAT, "kind": RecordKind.ERASURE, "uid": str(self.uid)}


@dataclass(frozen=True)
class RevisionRecord:
    """The central has what the branch has sent, in this revision: from it the branch's next change begins."""

    uid: UUID
    rev: int

    def to_json(self) -> dict[str, Json]:
        """As it travels."""
        return {"format": FORMAT, "kind": RecordKind.REVISION, "rev": self.rev, "uid": str(self.uid)}


@dataclass(frozen=True)
class HeldBackRecord:
    """A rule of the central has refused what the branch has sent of a customer; nothing of him was written.

    The reasons are sentences as `mcp.stored_sentences` stores them, so that both sides show them in their language.
    """

    uid: UUID
    number: int
    reasons: tuple[Mapping[str, Json], ...]

    def to_json(self) -> dict[str, Json]:
        """As it travels."""
        return {
            "format": FORMAT,
            "kind": RecordKind.HELD_BACK,
            "number": self.number,
            "reasons": self.reasons,
            "uid": str(self.uid),
        }


type Record = CustomerRecord | DeletionRecord | ErasureRecord | RevisionRecord | HeldBackRecord


def read_record(found: Mapping[str, Json]) -> Record:
    """The record in a line of a part. Fields that are not in FIELDS are left out. Raises RefusedRecord."""
    fields = Fields(found, refused=RefusedRecord)
    fields.number("format", least=FORMAT, most=FORMAT)
    match fields.choice("kind", RecordKind):
        case RecordKind.ERASURE:
            return ErasureRecord(fields.uuid("uid"))
        case RecordKind.DELETION:
            return DeletionRecord(fields.uuid("uid"), _number(fields), fields.number_or_none("base_rev"))
        case RecordKind.CUSTOMER:
            version = Version(
                uid=fields.uuid("uid"),
                number=_number(fields),
                created_at=fields.moment("created_at"),
                values=_values(fields, "values"),
                consents=union(map(ConsentStatement.from_fields, fields.objects("consents", most=MOST_STATEMENTS))),
            )
            was = _values(fields, "was")
            if not was.keys() <= version.values.keys():
                raise RefusedRecord("was")
            return CustomerRecord(version, fields.number_or_none("base_rev"), was, fields.flag("says_more"))
        case RecordKind.REVISION:
            return RevisionRecord(fields.uuid("uid"), fields.number("rev"))
        case RecordKind.HELD_BACK:
            return HeldBackRecord(fields.uuid("uid"), _number(fields), _reasons(fields))


def _reasons(fields: Fields) -> tuple[Mapping[str, Json], ...]:
    """Sentences as they are stored: each at least with a code, and with parameters for its text."""
    found = fields.objects("reasons", most=MOST_REASONS)
    for reason in found:
        reason.text("code", most=100)
        reason.mapping("params")
    return tuple(reason.as_sent for reason in found)


def _number(fields: Fields) -> int:
    return fields.number("number", least=1, most=HIGHEST_NUMBER)


def _values(fields: Fields, name: str) -> Values:
    found = fields.mapping(name)
    if len(found) > MOST_FIELDS:
        raise RefusedRecord(name)
    values = known_part(found, FIELDS)
    for field_name, value in values.items():
        try:
            decode_value(FIELDS[field_name], value)
        except UnfitValue:
            raise RefusedRecord(field_name) from None
    return values


def known_part(values: Values, known: Collection[str]) -> Values:
    """The values of those fields that are known here; the others are as if they had not been sent."""
    return {name: value for name, value in values.items() if name in known}


def written_over(values: Values, stored: Values) -> Values:
    """What a customer has after `values` are written over what is stored: a field that was not sent stays."""
    return {**stored, **values}


def differing_fields(one: Values, other: Values) -> tuple[str, ...]:
    """The fields that both know and that have other values, by name. What only one knows does not differ."""
    return tuple(sorted(name for name in one.keys() & other.keys() if one[name] != other[name]))


def changed_fields(now: Values, before: Values) -> Values:
    """The fields that differ, each with the value that it had before: what a sender gives as `was`."""
    return {name: before[name] for name in differing_fields(now, before)}


def encode_values(values: Mapping[str, object]) -> Values:
    """The values of a customer as they travel, by name. Raises UnfitValue, and KeyError for an unknown field."""
    return {name: encode_value(FIELDS[name], value) for name, value in values.items()}


def decode_values(values: Values) -> dict[str, FieldValue]:
    """The values of a customer, by name. Raises as `encode_values`."""
    return {name: decode_value(FIELDS[name], value) for name, value in values.items()}
