"""When a branch is late, fails or runs out of room: the limits behind alarms and preconditions."""

from datetime import timedelta

LATE = timedelta(days=1)
"""A branch that has not called for so long; as well one that was paired so long ago and has never called."""
MISSING = timedelta(days=7)
FAILING = timedelta(hours=1)
"""A branch that calls, while no run comes to its end: four calls in a row."""
MEGABYTE = 1024**2
RUN_TAKES = timedelta(minutes=10)
"""So long after a call its run may still be under way, also that of a branch that was off for days."""
LOW_DISK = 1024 * MEGABYTE
"""So many bytes must stay free on the disk of a branch."""
BYTES_A_CUSTOMER = 4096
"""Room for one customer of a run: what is sent and answered (96 bytes packed, 410 raw, each twice), what was agreed
before (about 1 kB), and what the database writes beside it, its log and its indexes."""
ROOM_OF_A_RUN = 200 * MEGABYTE
"""Room that every run needs: the log of the database, and parts on their way."""


def room_needed(customers: int) -> int:
    """Bytes that a run with so many customers may take."""
    return ROOM_OF_A_RUN + customers * BYTES_A_CUSTOMER
