"""What a branch is told of its business: its places, purposes of consents, and who may do what at it.

Only what the branch needs: people who hold a right at its location, with the hash of their password and nothing that
belongs to other locations. It is told as a whole, so what has gone at the central goes at the branch as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from clearing.protocol.canonical import Json, canonical
from clearing.protocol.keys import LONGEST_KEY_TEXT
from clearing.protocol.messages import LONGEST_SIDE, Message
from clearing.protocol.strict import Fields

LONGEST, LONGEST_WORDING = 255, 100_000
MOST_PLACES, MOST_GROUPS, MOST_PEOPLE, MOST_RIGHTS = 10_000, 10_000, 10_000, 200
HIGHEST = 2**31 - 1


@dataclass(frozen=True)
class Place:
    """A location that works on the base, or at which customers of the base are registered."""

    client_number: int
    branch_number: int
    name: str
    street: str
    postal_code: str
    city: str
    first_number: int | None
    last_number: int | None
    """Of its number range; None where it does not work on the base."""

    def to_json(self) -> Mapping[str, Json]:
        return dict(vars(self))

    @classmethod
    def from_fields(cls, fields: Fields) -> Place:
        return cls(
            client_number=fields.number("client_number", least=1, most=HIGHEST),
            branch_number=fields.number("branch_number", least=1, most=HIGHEST),
            name=fields.text("name", most=LONGEST),
            street=fields.text("street", most=LONGEST),
            postal_code=fields.text("postal_code", most=LONGEST),
            city=fields.text("city", most=LONGEST),
            first_number=fields.number_or_none("first_number", least=1, most=HIGHEST),
            last_number=fields.number_or_none("last_number", least=1, most=HIGHEST),
        )


@dataclass(frozen=True)
class Purpose:
    """A purpose of consents, with its wording."""

    code: str
    name: str
    wording: str
    wording_version: str
    is_active: bool
    holds_for_receiver: bool

    def to_json(self) -> Mapping[str, Json]:
        return dict(vars(self))

    @classmethod
    def from_fields(cls, fields: Fields) -> Purpose:
        return cls(
            code=fields.text("code", most=40),
            name=fields.text("name", most=LONGEST),
            wording=fields.text("wording", most=LONGEST_WORDING),
            wording_version=fields.text("wording_version", most=LONGEST),
            is_active=fields.flag("is_active"),
            holds_for_receiver=fields.flag("holds_for_receiver"),
        )


@dataclass(frozen=True)
class RightsGroup:
    """A user group, with the rights that it has at this location and that nobody restricts there."""

    name: str
    description: str
    rights: tuple[str, ...]

    def to_json(self) -> Mapping[str, Json]:
        return dict(vars(self))

    @classmethod
    def from_fields(cls, fields: Fields) -> RightsGroup:
        return cls(
            fields.text("name", most=LONGEST),
            fields.text("description", most=LONGEST),
            tuple(fields.texts("rights", most=MOST_RIGHTS, longest=LONGEST)),
        )


@dataclass(frozen=True)
class Person:
    """Somebody who may log in at the branch. `password` is the hash of it."""

    username: str
    first_name: str
    last_name: str
    email: str
    language: str
    password: str
    groups: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Person({self.username!r})"

    def to_json(self) -> Mapping[str, Json]:
        return dict(vars(self))

    @classmethod
    def from_fields(cls, fields: Fields) -> Person:
        return cls(
            username=fields.text("username", most=LONGEST),
            first_name=fields.text("first_name", most=LONGEST),
            last_name=fields.text("last_name", most=LONGEST),
            email=fields.text("email", most=LONGEST),
            language=fields.text("language", most=10),
            password=fields.text("password", most=LONGEST),
            groups=tuple(fields.texts("groups", most=MOST_GROUPS, longest=LONGEST)),
        )


@dataclass(frozen=True)
class Site(Message):
    """All of it. `client_number` is that of the location at which the branch is.

    `edit_side` is where customers of the base are edited, one of locations.choices.EditSide. `central_key` is by what
    the branch seals and verifies sticks. `has_accounts` is whether the central keeps accounts of its customers.
    """

    business: str
    client_number: int
    edit_side: str
    places: tuple[Place, ...]
    purposes: tuple[Purpose, ...]
    groups: tuple[RightsGroup, ...]
    people: tuple[Person, ...]
    central_key: str = ""
    has_accounts: bool = False

    @property
    def hash(self) -> str:
        """By this both sides know whether the branch has it already: SHA-256 in hex."""
        return hashlib.sha256(canonical(self.to_json())).hexdigest()

    def to_json(self) -> dict[str, Json]:
        return {
            # Left out where it is not so: a program that does not know it has the same hash.
            **({"accounts": True} if self.has_accounts else {}),
            "business": self.business,
            "central_key": self.central_key,
            "client_number": self.client_number,
            "edit_side": self.edit_side,
            "groups": [one.to_json() for one in self.groups],
            "people": [one.to_json() for one in self.people],
            "places": [one.to_json() for one in self.places],
            "purposes": [one.to_json() for one in self.purposes],
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        def all_of(kind: Any, name: str, most: int) -> tuple[Any, ...]:
            return tuple(kind.from_fields(one) for one in fields.objects(name, most=most))

        return cls(
            business=fields.text("business", most=LONGEST),
            client_number=fields.number("client_number", least=1, most=HIGHEST),
            edit_side=fields.text("edit_side", most=LONGEST_SIDE),
            places=all_of(Place, "places", MOST_PLACES),
            purposes=all_of(Purpose, "purposes", MOST_GROUPS),
            groups=all_of(RightsGroup, "groups", MOST_GROUPS),
            people=all_of(Person, "people", MOST_PEOPLE),
            central_key=fields.text_or_empty("central_key", most=LONGEST_KEY_TEXT),
            has_accounts=fields.as_sent.get("accounts") is True,
        )
