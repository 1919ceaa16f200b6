"""What has changed of a customer, in words; and older states of his.

This is the door: floors above import from here, and from no module of the room.
"""

from __future__ import annotations

from customers.history.authors import Recorded, recorded_before
from customers.history.changes import FIELDS, label_of, shown_value

FIELD_ORDER: tuple[str, ...] = tuple(field.name for field in FIELDS)
"""The names of all fields that people change, in the order in which they are told."""

__all__ = ["FIELD_ORDER", "Recorded", "label_of", "recorded_before", "shown_value"]
