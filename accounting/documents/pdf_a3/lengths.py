"""Lengths on paper, in millimetres: the only numbers of this app that are not exact. No amount is one of them."""

from __future__ import annotations

type Length = float
