"""The registry of what apps show in the header of every page of a location.

This app knows nothing of customers: it shows the pieces that others register, each where its right is held.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from locations.permissions import Right
from mcp.isolation.scope import Scope


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A template in the header, shown where `right` is held; the page behind it must demand the same right.

    Without a right it is shown to everybody. `facts` says what the template shows as `piece.told`; nothing is shown
    where it answers None.
    """

    name: str
    template: str
    right: Right | None = None
    facts: Callable[[Scope], object] = lambda scope: True


@dataclass(frozen=True)
class Shown:
    """A piece as it is shown on a page."""

    name: str
    template: str
    told: object


_pieces: dict[str, Piece] = {}


def register(piece: Piece) -> None:
    """Add a piece; registered again under its name, it replaces the earlier one."""
    _pieces[piece.name] = piece


def shown(scope: Scope | None) -> list[Shown]:
    """The pieces whose right is held in the scope, and that have something to tell there."""
    if scope is None:
        return []
    with scope.asked.only_looking():
        allowed = [piece for piece in _pieces.values() if piece.right is None or scope.allows(piece.right)]
    told = [Shown(piece.name, piece.template, piece.facts(scope)) for piece in allowed]
    return [piece for piece in told if piece.told is not None]
