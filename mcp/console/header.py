"""The registry of what apps show in the header of every page of a location.

This app knows nothing of customers: it shows the pieces that others register, each where its right is held.
"""

from __future__ import annotations

from dataclasses import dataclass

from locations.permissions import Right
from mcp.isolation.scope import Scope


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A template in the header, shown where `right` is held; the page behind it must demand the same right."""

    name: str
    right: Right
    template: str


_pieces: dict[str, Piece] = {}


def register(piece: Piece) -> None:
    """Add a piece; registered again under its name, it replaces the earlier one."""
    _pieces[piece.name] = piece


def shown(scope: Scope | None) -> list[Piece]:
    """The pieces whose right is held in the scope."""
    if scope is None:
        return []
    with scope.asked.only_looking():
        return [piece for piece in _pieces.values() if scope.allows(piece.right)]
