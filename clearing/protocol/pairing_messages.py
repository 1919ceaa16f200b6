"""What node and central say to each other when they do not know each other yet.

Pair ─> Paired        once, by a code that a person types; all that follows is in `messages`
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self
from uuid import UUID

from clearing.protocol.canonical import Json
from clearing.protocol.keys import LONGEST_KEY_TEXT
from clearing.protocol.messages import LONGEST_EPOCH, LONGEST_PROGRAM, LONGEST_SECRET, MOST_PROTOCOL, PROTOCOL, Message
from clearing.protocol.pairing_codes import LONGEST_TYPED
from clearing.protocol.strict import Fields

LONGEST_NAME, LONGEST_TITLE = 120, 200


@dataclass(frozen=True)
class Numbers(Message):
    """By which numbers a branch works that was set up before it is paired. The range is its first and last number."""

    account: int
    client: int
    branch: int
    first_number: int
    last_number: int

    def to_json(self) -> dict[str, Json]:
        return {
            "account": self.account,
            "branch": self.branch,
            "client": self.client,
            "first_number": self.first_number,
            "last_number": self.last_number,
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        return cls(**{name: fields.number(name) for name in _NUMBERS})


_NUMBERS = ("account", "client", "branch", "first_number", "last_number")


@dataclass(frozen=True)
class Pair(Message):
    """A node shows the code that somebody has typed, and its public key. `known` is None before its first start."""

    code: str = field(repr=False)
    public_key: str
    machine: str
    program: str
    incarnation: UUID
    known: Numbers | None = None
    protocol: int = PROTOCOL

    def to_json(self) -> dict[str, Json]:
        return {
            "code": self.code,
            "incarnation": str(self.incarnation),
            "known": self.known.to_json() if self.known else None,
            "machine": self.machine,
            "program": self.program,
            "protocol": self.protocol,
            "public_key": self.public_key,
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        return cls(
            code=fields.text("code", most=LONGEST_TYPED),
            public_key=fields.text("public_key", most=LONGEST_KEY_TEXT),
            machine=fields.text("machine", most=LONGEST_NAME),
            program=fields.text("program", most=LONGEST_PROGRAM),
            incarnation=fields.uuid("incarnation"),
            known=None if fields.as_sent.get("known") is None else Numbers.from_fields(fields.object("known")),
            protocol=fields.number("protocol", least=1, most=MOST_PROTOCOL),
        )


@dataclass(frozen=True)
class Paired(Message):
    """Who the node is from now on. `numbers.branch` is proposed where the branch has none; `lease` is its first one.

    `central_key` is by what the branch seals and verifies sticks; an older central has none.
    """

    node: UUID
    business: str
    location: str
    numbers: Numbers
    epoch: str
    receipt: str
    program: str
    lease: str = field(repr=False)
    central_key: str = ""
    protocol: int = PROTOCOL

    def to_json(self) -> dict[str, Json]:
        return {
            "central_key": self.central_key,
            "business": self.business,
            "epoch": self.epoch,
            "lease": self.lease,
            "location": self.location,
            "node": str(self.node),
            "numbers": self.numbers.to_json(),
            "program": self.program,
            "protocol": self.protocol,
            "receipt": self.receipt,
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        return cls(
            node=fields.uuid("node"),
            business=fields.text("business", most=LONGEST_TITLE),
            location=fields.text("location", most=LONGEST_TITLE),
            numbers=Numbers.from_fields(fields.object("numbers")),
            epoch=fields.text("epoch", most=LONGEST_EPOCH),
            receipt=fields.hash("receipt"),
            program=fields.text("program", most=LONGEST_PROGRAM),
            lease=fields.text("lease", most=LONGEST_SECRET),
            central_key=fields.text_or_empty("central_key", most=LONGEST_KEY_TEXT),
            protocol=fields.number("protocol", least=1, most=MOST_PROTOCOL),
        )
