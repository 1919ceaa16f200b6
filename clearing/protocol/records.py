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

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from clearing.protocol.canonical import Json
from clearing.protocol.consent_union import UNSAID
from clearing.protocol.field_kinds import FIELDS
from clearing.protocol.strict import Fields, write_moment
from clearing.protocol.versions import (
    MOST_FIELDS,
    NOTHING,
    RefusedRecord,
    Values,
    Version,
    read_number,
    read_values,
)
from clearing.protocol.vocabulary import NOTHING as NO_VOCABULARY
from clearing.protocol.vocabulary import Vocabulary

FORMAT = 1
"""Of a record. A new field is no new format; another meaning of one is."""
MOST_REASONS = 50
LONGEST_NAME, LONGEST_MATTER = 200, 40


class RecordKind(StrEnum):
    """What a record says of a customer."""

    CUSTOMER = "customer"
    DELETION = "deletion"
    ERASURE = "erasure"
    REVISION = "revision"
    HELD_BACK = "held back"
    VOCABULARY = "vocabulary"
    CONFLICT = "conflict"
    DECISION = "decision"
    MATTER = "matter"


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
        return {
            **self.version.to_json(),
            "base_rev": self.base_rev,
            "format": FORMAT,
            "kind": RecordKind.CUSTOMER,
            "says_more": self.says_more,
            "was": dict(self.was),  # a dictionary is written by the encoder itself, what is none is asked about first
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
    reasons: tuple[Mapping[str, Any], ...]

    def to_json(self) -> dict[str, Json]:
        """As it travels."""
        return {
            "format": FORMAT,
            "kind": RecordKind.HELD_BACK,
            "number": self.number,
            "reasons": self.reasons,
            "uid": str(self.uid),
        }


@dataclass(frozen=True)
class VocabularyRecord:
    """All groups and tags that the sender has; `agreed` is what both sides have had before, as far as he knows."""

    now: Vocabulary
    agreed: Vocabulary = NO_VOCABULARY

    def to_json(self) -> dict[str, Json]:
        """As it travels."""
        return {
            "agreed": self.agreed.to_json(),
            "format": FORMAT,
            "kind": RecordKind.VOCABULARY,
            "now": self.now.to_json(),
        }


@dataclass(frozen=True)
class ConflictRecord:
    """A version did not stand. The central tells it, so that both sides have the same inbox.

    A branch tells it to a central that was restored and has forgotten it.

    `conflict` is the id that it has at both sides, `sort` one of decision.ConflictKind.
    """

    conflict: UUID
    uid: UUID
    number: int
    sort: str
    happened_at: datetime
    stood: Version | None
    lost: Version | None
    common: Version | None
    is_lost_of_central: bool
    differing: tuple[str, ...] = ()
    only_lost_changed: tuple[str, ...] = ()

    @property
    def sides(self) -> Sequence[Version]:
        """The versions that there are: at most three."""
        return [side for side in (self.common, self.stood, self.lost) if side is not None]

    def to_json(self) -> dict[str, Json]:
        """As it travels."""
        sides = {"common": self.common, "lost": self.lost, "stood": self.stood}
        return {
            **{name: version.to_json() if version else None for name, version in sides.items()},
            "conflict": str(self.conflict),
            "differing": self.differing,
            "format": FORMAT,
            "happened_at": write_moment(self.happened_at),
            "is_lost_of_central": self.is_lost_of_central,
            "kind": RecordKind.CONFLICT,
            "number": self.number,
            "only_lost_changed": self.only_lost_changed,
            "sort": self.sort,
            "uid": str(self.uid),
        }


@dataclass(frozen=True)
class DecisionRecord:
    """What somebody at the sender's side has decided about a conflict, or that he has undone it (then `at` is None).

    `state` is one of choices.ConflictState. `revision` is counted by the central; a branch tells the one from which its
    decision began. `result` is what the decision has written, and `created` the customer whom it has created.
    """

    conflict: UUID
    state: str
    by: str
    at: datetime | None
    revision: int = 0
    result: Mapping[str, Json] = field(default=NOTHING)
    created: UUID | None = None

    def to_json(self) -> dict[str, Json]:
        """As it travels."""
        return {
            "at": write_moment(self.at) if self.at else None,
            "by": self.by,
            "conflict": str(self.conflict),
            "created": str(self.created) if self.created else None,
            "format": FORMAT,
            "kind": RecordKind.DECISION,
            "result": self.result,
            "revision": self.revision,
            "state": self.state,
        }


@dataclass(frozen=True)
class MatterRecord:
    """Something else than a customer, as the app that has registered `matter` writes and reads it."""

    matter: str
    content: Mapping[str, Json]

    def to_json(self) -> dict[str, Json]:
        """As it travels."""
        return {"content": dict(self.content), "format": FORMAT, "kind": RecordKind.MATTER, "matter": self.matter}


type Record = (
    CustomerRecord
    | DeletionRecord
    | ErasureRecord
    | RevisionRecord
    | HeldBackRecord
    | VocabularyRecord
    | ConflictRecord
    | DecisionRecord
    | MatterRecord
)


def read_record(found: Mapping[str, Json]) -> Record:
    """The record in a line of a part. Fields that are not in FIELDS are left out. Raises RefusedRecord."""
    fields = Fields(found, refused=RefusedRecord)
    fields.number("format", least=FORMAT, most=FORMAT)
    return _READING[fields.choice("kind", RecordKind)](fields)


def _customer(fields: Fields) -> CustomerRecord:
    version, was = Version.from_fields(fields), read_values(fields, "was")
    if not was.keys() <= version.values.keys():
        raise RefusedRecord("was")
    return CustomerRecord(version, fields.number_or_none("base_rev"), was, fields.flag("says_more"))


def _deletion(fields: Fields) -> DeletionRecord:
    return DeletionRecord(fields.uuid("uid"), read_number(fields), fields.number_or_none("base_rev"))


def _erasure(fields: Fields) -> ErasureRecord:
    return ErasureRecord(fields.uuid("uid"))


def _revision(fields: Fields) -> RevisionRecord:
    return RevisionRecord(fields.uuid("uid"), fields.number("rev"))


def _held_back(fields: Fields) -> HeldBackRecord:
    return HeldBackRecord(fields.uuid("uid"), read_number(fields), _reasons(fields))


def _vocabulary(fields: Fields) -> VocabularyRecord:
    return VocabularyRecord(
        Vocabulary.from_fields(fields.object("now")), Vocabulary.from_fields(fields.object("agreed"))
    )


def _decision(fields: Fields) -> DecisionRecord:
    return DecisionRecord(
        fields.uuid("conflict"),
        fields.text("state", most=12),
        fields.text("by", most=LONGEST_NAME),
        fields.moment_or_none("at"),
        fields.number("revision"),
        _result(fields.object("result")),
        fields.uuid_or_none("created"),
    )


def _result(said: Fields) -> Mapping[str, Json]:
    """What a decision has written. By it the decision is shown, and undone; what else is said is left out."""
    found: dict[str, Json] = {}
    if "fields" in said.as_sent:
        written = said.object("fields")
        pairs = {name: _before_and_after(name, written.object(name)) for name in written.as_sent if name in FIELDS}
        found["fields"] = {name: pair for name, pair in pairs.items() if pair is not None}
    if "given" in said.as_sent:
        given = said.object("given")
        number = {"number": read_number(given)} if "number" in given.as_sent else {}
        found["given"] = {**read_values(said, "given"), **number}
    return found


def _before_and_after(name: str, said: Fields) -> Mapping[str, Json] | None:
    """The value before the decision and after it; None for one that is none of this field."""
    pair = {when: said.as_sent.get(when) for when in ("before", "after")}
    try:
        for value in pair.values():
            read_values(Fields({"values": {name: value}}, refused=RefusedRecord), "values")
    except RefusedRecord:
        return None
    return pair


def _conflict(fields: Fields) -> ConflictRecord:
    def version(name: str) -> Version | None:
        return None if fields.as_sent.get(name) is None else Version.from_fields(fields.object(name))

    return ConflictRecord(
        conflict=fields.uuid("conflict"),
        uid=fields.uuid("uid"),
        number=read_number(fields),
        sort=fields.text("sort", most=30),
        happened_at=fields.moment("happened_at"),
        stood=version("stood"),
        lost=version("lost"),
        common=version("common"),
        is_lost_of_central=fields.flag("is_lost_of_central"),
        differing=tuple(fields.texts("differing", most=MOST_FIELDS, longest=60)),
        only_lost_changed=tuple(fields.texts("only_lost_changed", most=MOST_FIELDS, longest=60)),
    )


def _matter(fields: Fields) -> MatterRecord:
    return MatterRecord(fields.text("matter", most=LONGEST_MATTER), fields.mapping("content"))


def _reasons(fields: Fields) -> tuple[Mapping[str, Json], ...]:
    """Sentences as they are stored: each at least with a code, and with parameters for its text."""
    found = fields.objects("reasons", most=MOST_REASONS)
    for reason in found:
        reason.text("code", most=100)
        reason.mapping("params")
    return tuple(reason.as_sent for reason in found)


_READING: dict[RecordKind, Callable[[Fields], Record]] = {
    RecordKind.CUSTOMER: _customer,
    RecordKind.DELETION: _deletion,
    RecordKind.ERASURE: _erasure,
    RecordKind.REVISION: _revision,
    RecordKind.HELD_BACK: _held_back,
    RecordKind.VOCABULARY: _vocabulary,
    RecordKind.CONFLICT: _conflict,
    RecordKind.DECISION: _decision,
    RecordKind.MATTER: _matter,
}
