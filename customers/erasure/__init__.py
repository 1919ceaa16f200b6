"""Erasing customers for good.

This is the door: an app in whose tables customers are registers a place here (`register`), whoever erases calls
`erase_customer`, or `erase_absent` where the customer is gone already, and no module of the room is imported.
"""

from __future__ import annotations

from customers.erasure.erasing import erase_absent, erase_customer
from customers.erasure.places import Place, register

__all__ = ["Place", "erase_absent", "erase_customer", "register"]
