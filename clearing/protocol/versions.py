"""A customer as one side has him, and the values of which he is made."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from django.utils.translation import gettext_lazy

from clearing.protocol.canonical import Json
from clearing.protocol.consent_union import UNSAID, ConsentStatement, Statements, in_order, union
from clearing.protocol.field_kinds import ARCHIVED, FIELDS, FITTING, FieldValue, decode_value, encode_value
from clearing.protocol.strict import Fields, UnreadableField, write_moment

MOST_STATEMENTS = 1_000
MOST_FIELDS = 500
HIGHEST_NUMBER = 2**31 - 1
"""Of a customer, as the column can hold it; the range of the base is a rule, and holds back what breaks it."""

type Values = Mapping[str, Json]
"""By the name of the field, each as `field_kinds.encode_value` writes it."""
NOTHING: Values = MappingProxyType({})


class RefusedRecord(UnreadableField):
    """A record is not as any of ours. It is held back alone, with this reason."""

    sentence = gettext_lazy("The other side has sent a customer in a way that is not understood here (%(name)s).")
    code_of_refusal = "record_refused"


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

    def to_json(self) -> dict[str, Json]:
        """As it travels, and as a conflict keeps it."""
        return {
            "consents": [statement.to_json() for statement in in_order(self.consents)],
            "created_at": write_moment(self.created_at),
            "number": self.number,
            "uid": str(self.uid),
            "values": self.values,
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> Version:
        """The version in a record. Fields that are not in FIELDS are left out. Raises RefusedRecord."""
        return cls(
            uid=fields.uuid("uid"),
            number=read_number(fields),
            created_at=fields.moment("created_at"),
            values=read_values(fields, "values"),
            consents=union(map(ConsentStatement.from_fields, fields.objects("consents", most=MOST_STATEMENTS))),
        )

    @classmethod
    def from_json(cls, found: Mapping[str, Json]) -> Version:
        """The version that a conflict keeps. Raises RefusedRecord."""
        return cls.from_fields(Fields(found, refused=RefusedRecord))


def read_number(fields: Fields) -> int:
    return fields.number("number", least=1, most=HIGHEST_NUMBER)


def read_values(fields: Fields, name: str) -> Values:
    found = fields.mapping(name)
    if len(found) > MOST_FIELDS:
        raise RefusedRecord(name)
    values = known_part(found, FIELDS)
    for field_name, value in values.items():
        if not FITTING[field_name](value):
            raise RefusedRecord(field_name)
    return values


def known_part(values: Values, known: Collection[str]) -> Values:
    """The values of those fields that are known here; the others are as if they had not been sent."""
    return {name: value for name, value in values.items() if name in known}


def written_over(values: Values, stored: Values) -> Values:
    """What a customer has after `values` are written over what is stored: a field that was not sent stays."""
    return {**stored, **values}


def differing_fields(one: Values, other: Values) -> tuple[str, ...]:
    """The fields that both know and that have other values, by name. What only one knows does not differ."""
    if one == other:
        return ()
    return tuple(sorted(name for name, value in one.items() if name in other and other[name] != value))


def changed_fields(now: Values, before: Values) -> Values:
    """The fields that differ, each with the value that it had before: what a sender gives as `was`."""
    return {name: before[name] for name in differing_fields(now, before)}


def encode_values(values: Mapping[str, object]) -> Values:
    """The values of a customer as they travel, by name. Raises UnfitValue, and KeyError for an unknown field."""
    return {name: encode_value(FIELDS[name], value) for name, value in values.items()}


def decode_values(values: Values) -> dict[str, FieldValue]:
    """The values of a customer, by name. Raises as `encode_values`."""
    return {name: decode_value(FIELDS[name], value) for name, value in values.items()}
