"""What stands on a stick beside the parts: what the two sides would have said to each other over a line.

ToCentral ─> ToBranch, sealed and signed as the whole stick is
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from clearing.protocol.canonical import Json
from clearing.protocol.messages import LONGEST_SECRET, Decide, Decided, Hello, Message
from clearing.protocol.site import Site
from clearing.protocol.strict import Fields


@dataclass(frozen=True)
class ToCentral(Message):
    """Where the branch stands, which run the parts are, and the lease of its last contact, by which a copy shows."""

    hello: Hello
    decide: Decide
    lease: str = field(repr=False)

    def to_json(self) -> dict[str, Json]:
        return {"decide": self.decide.to_json(), "hello": self.hello.to_json(), "lease": self.lease}

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        return cls(
            Hello.from_fields(fields.object("hello")),
            Decide.from_fields(fields.object("decide")),
            fields.text("lease", most=LONGEST_SECRET),
        )


@dataclass(frozen=True)
class ToBranch(Message):
    """What became of the run, of which the parts are the answer; and what the branch is told of its business."""

    decided: Decided
    site: Site

    def to_json(self) -> dict[str, Json]:
        return {"decided": self.decided.to_json(), "site": self.site.to_json()}

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        return cls(Decided.from_fields(fields.object("decided")), Site.from_fields(fields.object("site")))
