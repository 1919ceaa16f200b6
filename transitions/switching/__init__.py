"""A location is switched between the customer bases 2.0 and 1.0.

to 1.0    requested ─ signed ─ executed              by support, signed by a developer (R11)
to 2.0    requested ─ executed ─┬─ ended for good    the nodes of the base are read-only since it was requested
                                └─ undone            as long as it is not ended
asking      requesting, signing, calling off
looking     what would happen: whom it moves, who gets another number, what keeps it from being done
executing   in one transaction; and undoing all of it, and ending for good that it can be undone
ordering    for a large base the worker does it
moving      the statements by which customers go from one base to the other
"""

from transitions.switching.asking import (
    cancel,
    has_signed,
    is_in_the_way,
    request_switch,
    sign,
    still_open,
    to_be_signed,
    visible_switches,
    why_not,
)
from transitions.switching.executing import end, execute, undo
from transitions.switching.looking import Preview, look, look_back
from transitions.switching.ordering import execute_now, under_way, undo_now

__all__ = [
    "Preview",
    "cancel",
    "end",
    "execute",
    "execute_now",
    "has_signed",
    "is_in_the_way",
    "look",
    "look_back",
    "request_switch",
    "sign",
    "still_open",
    "to_be_signed",
    "under_way",
    "undo",
    "undo_now",
    "visible_switches",
    "why_not",
]
