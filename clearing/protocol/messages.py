"""What node and central say to each other, but for the parts themselves: short JSON objects, read strictly.

    Knock ─> Question ─> Proof ─> Admission       the node shows who it is; `keys.Challenge` is what it signs
    Hello ─> HelloAnswer                          where the node stands; go on, or why not
    (parts) Decide ─> Decided (parts)             one cycle
    Ack ─> nothing                                the answer is applied

    body = Hello(…).to_bytes()                    at the node
    hello = Hello.from_bytes(body)                at the central; raises RefusedMessage

Keys that are not known here are ignored, wrong kinds and sizes refused. All bodies of a cycle in which nothing has
changed are at most 2 kB together.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self
from uuid import UUID

from django.utils.translation import gettext_lazy

from clearing.protocol.canonical import Json, canonical, read_object
from clearing.protocol.keys import Challenge
from clearing.protocol.parts import Manifest
from clearing.protocol.receipts import Counts
from clearing.protocol.strict import HIGHEST, Fields, UnreadableField, write_moment
from locations.text import LazyText

PROTOCOL = 2
PROTOCOL_OF_MATTERS = 2
"""From this one on other things than customers travel (`records.MatterRecord`)."""
OLDEST_PROTOCOL = 1
"""The central speaks its own version and the one before."""
MOST_PROTOCOL = 2**31 - 1
"""As the column can hold it."""
MOST_BYTES = 1024**2
"""Of one message."""
MOST_CLOCK_DIFFERENCE = timedelta(minutes=5)
"""Beyond it the difference of clocks is shown as a warning. Nothing is decided by it."""
LONGEST_SECRET, LONGEST_EPOCH, LONGEST_PROGRAM, LONGEST_SIDE = 100, 100, 40, 10


class RefusedMessage(UnreadableField):
    """A message is not as any of ours."""

    sentence = gettext_lazy(
        "The other side has sent a message that is not understood here (%(name)s). Nothing was changed. "
        "Bring both sides to the same version."
    )
    code_of_refusal = "message_refused"


class Message(ABC):
    """What all messages have in common."""

    @abstractmethod
    def to_json(self) -> dict[str, Json]:
        """The message as a JSON object."""

    @classmethod
    @abstractmethod
    def from_fields(cls, fields: Fields) -> Self:
        """The message of a JSON object. Raises RefusedMessage."""

    def to_bytes(self) -> bytes:
        """The body of a request or an answer."""
        return canonical(self.to_json())

    @classmethod
    def from_bytes(cls, body: bytes) -> Self:
        """The message of a body. Raises RefusedMessage."""
        if len(body) > MOST_BYTES:
            raise RefusedMessage("size")
        try:
            found = read_object(body)
        except ValueError:
            raise RefusedMessage("JSON") from None
        return cls.from_fields(Fields(found, refused=RefusedMessage))


@dataclass(frozen=True)
class Knock(Message):
    """A node without a valid bearer token asks for a challenge."""

    node: UUID

    def to_json(self) -> dict[str, Json]:
        return {"node": str(self.node)}

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        return cls(fields.uuid("node"))


@dataclass(frozen=True)
class Question(Message):
    """The central's challenge, and which life of its database this is."""

    nonce: str
    epoch: str

    def to_json(self) -> dict[str, Json]:
        return {"epoch": self.epoch, "nonce": self.nonce}

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        return cls(fields.text("nonce", most=LONGEST_SECRET), fields.text("epoch", most=LONGEST_EPOCH))


@dataclass(frozen=True)
class Proof(Message):
    """The challenge as the node has understood it, and its signature in hex."""

    challenge: Challenge
    signature: str

    def to_json(self) -> dict[str, Json]:
        challenge = self.challenge
        return {
            "epoch": challenge.epoch,
            "incarnation": str(challenge.incarnation),
            "lease": challenge.lease,
            "node": str(challenge.node),
            "nonce": challenge.nonce,
            "request": str(challenge.request) if challenge.request else None,
            "signature": self.signature,
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        challenge = Challenge(
            nonce=fields.text("nonce", most=LONGEST_SECRET),
            node=fields.uuid("node"),
            epoch=fields.text("epoch", most=LONGEST_EPOCH),
            lease=fields.text("lease", most=LONGEST_SECRET),
            incarnation=fields.uuid("incarnation"),
            request=fields.uuid_or_none("request"),
        )
        return cls(challenge, fields.text("signature", most=128))


@dataclass(frozen=True)
class Admission(Message):
    """The bearer token, and for how many seconds it holds: whatever the clocks say."""

    token: str = field(repr=False)
    seconds: int

    def to_json(self) -> dict[str, Json]:
        return {"seconds": self.seconds, "token": self.token}

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        return cls(fields.text("token", most=LONGEST_SECRET), fields.number("seconds", least=1, most=86_400))


@dataclass(frozen=True)
class Hello(Message):
    """Where the node stands.

    `incarnation` is which life of the node's database this is, `epoch` that of the central as the node knows it.
    `applied` is the last cycle whose answer the node has applied, 0 before the first, `receipt` the hash of its receipt
    (`receipts.start_of_chain` before the first), `counter` the highest counter of its changes. `request` is that of the
    run that is cut and of which no answer is applied yet; None where there is none. `waiting` is how many changes were
    not sent, `held_back` how many of those that were sent wait there for somebody, `free_bytes` the room on its disk.
    `edit_side` is where customers are edited, as the node knows it (see `site.Site`). A node that was restored and goes
    on behind a later run says in `lacks_since` of which run it has everything, until the rest has arrived.
    """

    node: UUID
    incarnation: UUID
    epoch: str
    applied: int
    receipt: str
    counter: int
    program: str
    clock: datetime
    request: UUID | None = None
    waiting: int = 0
    held_back: int = 0
    free_bytes: int | None = None
    edit_side: str = ""
    lacks_since: int | None = None
    protocol: int = PROTOCOL

    def to_json(self) -> dict[str, Json]:
        return {
            "applied": self.applied,
            "clock": write_moment(self.clock),
            "counter": self.counter,
            "edit_side": self.edit_side,
            "epoch": self.epoch,
            "free_bytes": self.free_bytes,
            "held_back": self.held_back,
            "incarnation": str(self.incarnation),
            "lacks_since": self.lacks_since,
            "node": str(self.node),
            "program": self.program,
            "protocol": self.protocol,
            "receipt": self.receipt,
            "request": str(self.request) if self.request else None,
            "waiting": self.waiting,
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        return cls(
            node=fields.uuid("node"),
            incarnation=fields.uuid("incarnation"),
            epoch=fields.text("epoch", most=LONGEST_EPOCH),
            applied=fields.number("applied", most=HIGHEST - 1),  # a run has to follow
            receipt=fields.hash("receipt"),
            counter=fields.number("counter"),
            program=fields.text("program", most=LONGEST_PROGRAM),
            clock=fields.moment("clock"),
            request=fields.uuid_or_none("request"),
            waiting=fields.number("waiting"),
            held_back=fields.number("held_back"),
            free_bytes=fields.number_or_none("free_bytes"),
            edit_side=fields.text_or_empty("edit_side", most=LONGEST_SIDE),
            lacks_since=fields.number_or_none("lacks_since"),
            protocol=fields.number("protocol", least=1, most=MOST_PROTOCOL),
        )


class Course(StrEnum):
    """How it goes on after a hello."""

    GO_ON = "go on"
    FETCH_ANSWER = "fetch the answer"
    RESTORED = "you were restored"
    CENTRAL_RESTORED = "the central was restored"
    TOO_OLD = "too old"
    QUARANTINED = "quarantined"


COURSE_SENTENCES: dict[Course, LazyText] = {
    Course.FETCH_ANSWER: gettext_lazy("The answer of the last run did not arrive; it is fetched once more."),
    Course.RESTORED: gettext_lazy(
        "This branch was restored from a backup. What has changed since is fetched from the central; nothing is lost."
    ),
    Course.CENTRAL_RESTORED: gettext_lazy(
        "The central was restored from a backup and lacks what it had decided since. This branch offers all of that "
        "once more; nothing is lost."
    ),
    Course.TOO_OLD: gettext_lazy(
        "This version is too old for the central. Upgrade the branch; what was changed here is kept until then."
    ),
    Course.QUARANTINED: gettext_lazy(
        "Two branches use the same pairing, so the clearing has stopped; both go on working. Support decides which one "
        "goes on, and the other is paired anew."
    ),
}
"""What the person at the branch is told; nothing where it simply goes on."""


@dataclass(frozen=True)
class HelloAnswer(Message):
    """How it goes on.

    `site` is the hash of what the branch is told of its business (clearing.protocol.site).
    `cycle` is the number that the next decide must have; with FETCH_ANSWER, RESTORED and CENTRAL_RESTORED the last one
    that was decided, of which `receipt` is the hash. Behind that one it goes on after a restore. `known` is the last
    run of which a restored central knows what was decided.
    """

    course: Course
    cycle: int
    receipt: str
    site: str
    epoch: str
    program: str
    clock: datetime
    known: int | None = None
    protocol: int = PROTOCOL
    oldest_protocol: int = OLDEST_PROTOCOL

    def to_json(self) -> dict[str, Json]:
        return {
            "clock": write_moment(self.clock),
            "course": self.course,
            "cycle": self.cycle,
            "epoch": self.epoch,
            "known": self.known,
            "oldest_protocol": self.oldest_protocol,
            "program": self.program,
            "protocol": self.protocol,
            "receipt": self.receipt,
            "site": self.site,
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        return cls(
            course=fields.choice("course", Course),
            cycle=fields.number("cycle"),
            receipt=fields.hash("receipt"),
            site=fields.hash("site"),
            epoch=fields.text("epoch", most=LONGEST_EPOCH),
            program=fields.text("program", most=LONGEST_PROGRAM),
            clock=fields.moment("clock"),
            known=fields.number_or_none("known"),
            protocol=fields.number("protocol", least=1, most=MOST_PROTOCOL),
            oldest_protocol=fields.number("oldest_protocol", least=1),
        )


@dataclass(frozen=True)
class Decide(Message):
    """All parts of a cycle have arrived; the central shall decide. `request` is kept until the answer has arrived."""

    cycle: int
    request: UUID
    previous: str
    sent: Manifest

    def to_json(self) -> dict[str, Json]:
        return {
            "cycle": self.cycle,
            "previous": self.previous,
            "request": str(self.request),
            "sent": self.sent.to_json(),
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        return cls(
            cycle=fields.number("cycle", least=1),
            request=fields.uuid("request"),
            previous=fields.hash("previous"),
            sent=Manifest.from_fields(fields, "sent"),
        )


@dataclass(frozen=True)
class Decided(Message):
    """What became of a cycle, which parts the answer has, and the lease for the next contact."""

    cycle: int
    counts: Counts
    answer: Manifest
    receipt: str
    lease: str = field(repr=False)

    def to_json(self) -> dict[str, Json]:
        return {
            "answer": self.answer.to_json(),
            "counts": self.counts.to_json(),
            "cycle": self.cycle,
            "lease": self.lease,
            "receipt": self.receipt,
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        return cls(
            cycle=fields.number("cycle", least=1),
            counts=Counts.from_fields(fields.object("counts")),
            answer=Manifest.from_fields(fields, "answer"),
            receipt=fields.hash("receipt"),
            lease=fields.text("lease", most=LONGEST_SECRET),
        )


@dataclass(frozen=True)
class Ack(Message):
    """The answer of a cycle is applied. Where it is lost the next hello says so."""

    cycle: int
    receipt: str

    def to_json(self) -> dict[str, Json]:
        return {"cycle": self.cycle, "receipt": self.receipt}

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        return cls(fields.number("cycle", least=1), fields.hash("receipt"))


def is_clock_off(one: datetime, other: datetime) -> bool:
    """Whether two clocks are so far apart that people should be told."""
    return abs(one - other) > MOST_CLOCK_DIFFERENCE
