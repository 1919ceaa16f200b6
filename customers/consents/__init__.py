"""What customers have agreed to: recorded, withdrawn, struck out.

This is the door: floors above import from here, and from no module of the room.
"""

from __future__ import annotations

from customers.consents.operations import save_purpose
from customers.triggers.open_statements import StillOpen, quiet_moment
from customers.triggers.slips import released

__all__ = ["StillOpen", "quiet_moment", "released", "save_purpose"]
