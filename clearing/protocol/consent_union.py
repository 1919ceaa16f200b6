"""Statements about consents travel as a set that only grows: both sides end with all that either has.

A statement is known by all that never changes of it. What can be added later is that it was struck out, and that wins.
So the order in which statements arrive, and how often, makes no difference.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from clearing.protocol.canonical import Json
from clearing.protocol.strict import Fields, write_moment

LONGEST = 255


@dataclass(frozen=True)
class StrikeOut:
    """That a statement was recorded by mistake: when it was struck out, and by whom."""

    at: datetime
    by: str


@dataclass(frozen=True)
class ConsentStatement:
    """One statement of a customer, as `customers.models.Consent` has it. `location` is a client number."""

    purpose: str
    is_given: bool
    at: datetime
    source: str
    recorded_at: datetime
    recorded_by: str
    wording_version: str = ""
    evidence: str = ""
    receiver: int | None = None
    location: int | None = None
    given_to: int | None = None
    holds_here: bool = True
    struck_out: StrikeOut | None = None

    @property
    def unstruck(self) -> ConsentStatement:
        """By what the statement is known: all but whether it was struck out."""
        return self if self.struck_out is None else replace(self, struck_out=None)

    @property
    def what_was_said(self) -> tuple[object, ...]:
        """What a customer says once only, whoever records it; see the constraint `consent_said_once`."""
        return (self.purpose, self.is_given, self.at, self.receiver, self.location, self.given_to)

    def to_json(self) -> dict[str, Json]:
        """As it travels; what is empty is left out."""
        found: dict[str, Json] = {
            "at": write_moment(self.at),
            "evidence": self.evidence,
            "given_to": self.given_to,
            "holds_here": self.holds_here,
            "is_given": self.is_given,
            "location": self.location,
            "purpose": self.purpose,
            "receiver": self.receiver,
            "recorded_at": write_moment(self.recorded_at),
            "recorded_by": self.recorded_by,
            "source": self.source,
            "wording_version": self.wording_version,
        }
        if self.struck_out is not None:
            found["struck_out_at"], found["struck_out_by"] = write_moment(self.struck_out.at), self.struck_out.by
        return found

    @classmethod
    def from_fields(cls, fields: Fields) -> ConsentStatement:
        """The statement in a record. Raises what the fields raise."""
        struck_out_at = fields.moment_or_none("struck_out_at")
        return cls(
            purpose=fields.text("purpose", most=40),
            is_given=fields.flag("is_given"),
            at=fields.moment("at"),
            source=fields.text("source", most=10),
            recorded_at=fields.moment("recorded_at"),
            recorded_by=fields.text("recorded_by", most=LONGEST),
            wording_version=fields.text("wording_version", most=LONGEST),
            evidence=fields.text("evidence", most=LONGEST),
            receiver=fields.number_or_none("receiver"),
            location=fields.number_or_none("location"),
            given_to=fields.number_or_none("given_to"),
            holds_here=fields.flag("holds_here"),
            struck_out=StrikeOut(struck_out_at, fields.text("struck_out_by", most=LONGEST)) if struck_out_at else None,
        )


type Statements = frozenset[ConsentStatement]


def union(*sides: Iterable[ConsentStatement]) -> Statements:
    """All statements that any side has, each once; struck out where it is so at any. Of two strike-outs the earlier."""
    sides = tuple(filter(None, sides))
    if not sides:
        return UNSAID
    found: dict[ConsentStatement, StrikeOut | None] = {}
    for statement in (one for side in sides for one in side):
        known = [one for one in (found.get(statement.unstruck), statement.struck_out) if one is not None]
        found[statement.unstruck] = min(known, key=_earlier, default=None)
    return frozenset(
        statement if struck_out is None else replace(statement, struck_out=struck_out)
        for statement, struck_out in found.items()
    )


def _earlier(struck_out: StrikeOut) -> tuple[datetime, str]:
    return struck_out.at, struck_out.by


def in_order(statements: Iterable[ConsentStatement]) -> list[ConsentStatement]:
    """By when they were said and recorded: the same set always in the same order."""
    return sorted(statements, key=_order)


def _order(statement: ConsentStatement) -> Any:
    written = sorted((name, str(value)) for name, value in statement.to_json().items())
    return statement.at, statement.recorded_at, written


def in_force(statements: Iterable[ConsentStatement]) -> Statements:
    """Those that are not struck out, each thing said once: recorded at both sides, it is the one recorded first."""
    said: dict[tuple[object, ...], ConsentStatement] = {}
    for statement in in_order(statements):
        if statement.struck_out is None:
            said.setdefault(statement.what_was_said, statement)
    return frozenset(said.values())


UNSAID: Statements = frozenset()
