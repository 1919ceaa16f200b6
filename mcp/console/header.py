"""What can stand in the header of every page of a location. Each app registers its pieces from its admin module.

This floor knows no customer: it lays out what the apps registered, each piece where its right is held.
"""

from __future__ import annotations

from dataclasses import dataclass

from locations.permissions import Right
from mcp.isolation.scope import Scope


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One piece of the header: a template that is shown where `right` is held; what it leads to demands the same."""

    name: str
    right: Right
    template: str


_pieces: dict[str, Piece] = {}


def register(piece: Piece) -> None:
    """Add a piece; registered again under its name, it replaces the earlier one."""
    _pieces[piece.name] = piece


def shown(scope: Scope | None) -> list[Piece]:
    """The pieces that the scope's rights open. What is only shown answers for no change."""
    if scope is None:
        return []
    with scope.asked.only_looking():
        return [piece for piece in _pieces.values() if scope.allows(piece.right)]
