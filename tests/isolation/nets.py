"""Cutting one of the two nets, so that the other one is seen to hold by itself."""

from __future__ import annotations

import pytest

from mcp import row_security


def row_security_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is entered, all rows exist: what keeps businesses apart from here on is the code."""
    enter = row_security._enter
    monkeypatch.setattr(row_security, "_enter", lambda _rows: enter(row_security.Rows(is_unscoped=True)))
