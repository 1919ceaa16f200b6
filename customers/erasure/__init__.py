"""Erasing customers for good.

This is the door: an app in whose tables customers are registers a place here (`register`), and imports no module of the
room. The operation is `erase_customer`.
"""

from __future__ import annotations

from customers.erasure.places import Place, register

__all__ = ["Place", "register"]
