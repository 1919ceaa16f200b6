"""What can be done with a location that leaves or joins, one verb each.

    requested ─ numbered ─ reviewed ─ confirmed ─ executed ─ carried over ─ closed
        └──────────┴───────────┴──────────┴─ cancelled

Each locks the transition first, refuses a step that is not due, and records who has done it. Which state may follow
which is kept by the database as well (see transitions/choices.py and triggers.py).
"""

from transitions.operations import admitting
from transitions.operations.assigning import NumberRefused, assign_account, assign_group
from transitions.operations.executing import close, execute, note_failure
from transitions.operations.ordering import execute_now, review_now, under_way
from transitions.operations.requesting import (
    CannotLeave,
    cancel,
    may_cancel,
    move_day,
    request_exit,
    request_join,
    why_not,
)
from transitions.operations.reviewing import (
    NeedsSecondPerson,
    confirm,
    name_ground,
    review,
    review_again,
    why_not_confirm,
)
from transitions.operations.settling import assign_money, money_of
from transitions.operations.stepping import (
    NotThisStep,
    demand_as_shown,
    is_support,
    reviews_here,
    visible_transitions,
)

__all__ = [
    "CannotLeave",
    "NeedsSecondPerson",
    "NotThisStep",
    "NumberRefused",
    "admitting",
    "assign_account",
    "assign_group",
    "assign_money",
    "cancel",
    "close",
    "confirm",
    "demand_as_shown",
    "execute",
    "execute_now",
    "is_support",
    "may_cancel",
    "money_of",
    "move_day",
    "name_ground",
    "note_failure",
    "request_exit",
    "request_join",
    "review",
    "review_again",
    "review_now",
    "reviews_here",
    "under_way",
    "visible_transitions",
    "why_not",
    "why_not_confirm",
]
