"""What the central has answered, chained: the hash of each receipt holds that of the one before.

A receipt is made of the hashes of the parts and never of their bytes. So a part that held somebody who was erased can
lose its bytes, and the chain stays as it is; and two sides that show the same hash have had the same past.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from clearing.protocol.canonical import Json, canonical
from clearing.protocol.parts import Manifest
from clearing.protocol.strict import Fields


class BrokenChain(ValidationError):
    """A receipt does not follow from the one before."""

    def __init__(self, cycle: int) -> None:
        super().__init__(
            gettext_lazy(
                "The receipt of clearing run %(cycle)s does not belong to the runs before it. "
                "Nothing is written; support names which side is right."
            ),
            code="chain_broken",
            params={"cycle": cycle},
        )


@dataclass(frozen=True)
class Counts:
    """What became of what a branch has sent: each record is counted once."""

    sent: int = 0
    applied: int = 0
    same: int = 0
    conflict: int = 0
    held_back: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether each record that was sent has an end."""
        return self.sent == self.applied + self.same + self.conflict + self.held_back

    def to_json(self) -> dict[str, Json]:
        """As it stands in a message and in a receipt."""
        return {
            "applied": self.applied,
            "conflict": self.conflict,
            "held_back": self.held_back,
            "same": self.same,
            "sent": self.sent,
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> Counts:
        """The counts of a message. Raises what the fields raise, also where they don't add up."""
        names = ("sent", "applied", "same", "conflict", "held_back")
        counts = cls(**{name: fields.number(name) for name in names})
        if not counts.is_complete:
            raise fields.refusal("sent")
        return counts


@dataclass(frozen=True)
class Receipt:
    """What the central answered for one cycle. `previous` is the hash of the receipt before: see `start_of_chain`."""

    cycle: int
    previous: str
    sent: Manifest
    answer: Manifest
    counts: Counts

    @property
    def hash(self) -> str:
        """By this the receipt is known, in the next one and at the other side: SHA-256 in hex."""
        return hashlib.sha256(
            canonical(
                {
                    "answer": self.answer.to_json(),
                    "counts": self.counts.to_json(),
                    "cycle": self.cycle,
                    "previous": self.previous,
                    "sent": self.sent.to_json(),
                }
            )
        ).hexdigest()


def start_of_chain(*, node: UUID, epoch: str) -> str:
    """What stands before the first receipt of a node: it says whose chain this is, and in which life of the central."""
    return hashlib.sha256(canonical({"epoch": epoch, "node": str(node)})).hexdigest()


def verify_chain(receipts: Iterable[Receipt], *, start: str, first: int = 1) -> str:
    """The hash of the last receipt (`start` where there is none). Raises BrokenChain at the first that does not follow.

    For a part of a chain `start` is the hash of the receipt before and `first` the cycle with which the part begins.
    """
    previous = start
    for cycle, receipt in enumerate(receipts, start=first):
        if receipt.cycle != cycle or receipt.previous != previous:
            raise BrokenChain(receipt.cycle)
        previous = receipt.hash
    return previous
