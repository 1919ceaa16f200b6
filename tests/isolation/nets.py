"""Cutting one of the two nets, so that the other one is seen to hold by itself."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from locations.row_policies import UNSCOPED_ROLE
from mcp.isolation import row_scope


@dataclass(frozen=True, kw_only=True)
class AllRows(row_scope.Rows):
    """Row security lets everything through. The database still knows the base, which gives it to staged rows, the
    location, at which something is booked, and the person who decides something.
    """

    role: str = UNSCOPED_ROLE
    staged_in: int | None = None

    def parameters(self) -> list[str]:
        role, _base, *others = super().parameters()
        return [role, str(self.staged_in or ""), *others]


def row_security_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is entered, all rows exist: what keeps businesses apart from here on is the code."""
    enter = row_scope._enter
    monkeypatch.setattr(
        row_scope,
        "_enter",
        lambda rows: enter(AllRows(staged_in=rows.base, location=rows.location, user=rows.user)),
    )
