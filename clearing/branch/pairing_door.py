"""The way from the page of the first start to the pairing, which may not be there yet."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Protocol

from clearing.models import OwnNode

PAIRING = "clearing.branch.pairing"


class Pair(Protocol):
    """Pair this branch with its central.

    Without a branch number it asks the central alone and raises BranchNumberWanted; with one it makes the branch.
    Raises ValidationError with a sentence for whoever sits there.
    """

    def __call__(self, *, central: str, code: str, branch_number: int | None) -> OwnNode: ...


class BranchNumberWanted(Exception):
    """The central knows the code. It proposes a branch number, which somebody has to confirm."""

    def __init__(self, *, proposed: int, place: str) -> None:
        super().__init__()
        self.proposed, self.place = proposed, place


def found() -> Pair | None:
    """The function by which this branch is paired; None as long as there is none."""
    if find_spec(PAIRING) is None:
        return None
    pair: Pair | None = getattr(import_module(PAIRING), "set_up_paired", None)
    return pair
