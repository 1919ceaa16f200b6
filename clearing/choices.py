"""The closed lists of reconciliation."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clearing.protocol.decision import ConflictKind
from locations.permissions import Right
from locations.text import LazyText


class NodeState(models.TextChoices):
    """Whether a node may reconcile."""

    PAIRED = "paired", _("Paired")
    QUARANTINED = "quarantined", _("Held")
    RETIRED = "retired", _("Retired")


NODE_STEPS: dict[NodeState, frozenset[NodeState]] = {
    NodeState.PAIRED: frozenset({NodeState.QUARANTINED, NodeState.RETIRED}),
    NodeState.QUARANTINED: frozenset({NodeState.PAIRED, NodeState.RETIRED}),
    NodeState.RETIRED: frozenset(),
}


class CycleState(models.TextChoices):
    """How far a run is. At the branch it begins with CUT, at the central with ARRIVING."""

    CUT = "cut", _("Changes collected")
    ARRIVING = "arriving", _("Arriving")
    DECIDED = "decided", _("Decided")
    DONE = "done", _("Done")


CYCLE_STEPS: dict[CycleState, frozenset[CycleState]] = {
    CycleState.CUT: frozenset({CycleState.DECIDED}),
    CycleState.ARRIVING: frozenset({CycleState.DECIDED}),
    CycleState.DECIDED: frozenset({CycleState.DONE}),
    CycleState.DONE: frozenset(),
}


class RunStep(models.TextChoices):
    """What a run at the branch does at the moment."""

    CALLING = "calling", _("Calling the central")
    COLLECTING = "collecting", _("Collecting the changes")
    SENDING = "sending", _("Sending the changes")
    DECIDING = "deciding", _("The central reconciles")
    FETCHING = "fetching", _("Fetching the answer")
    APPLYING = "applying", _("Applying the answer")


class PartKind(models.TextChoices):
    """Which way a part travels."""

    SENT = "sent", _("From the branch")
    ANSWER = "answer", _("From the central")


class ConflictState(models.TextChoices):
    """What people have made of the version that did not stand."""

    OPEN = "open", _("Open")
    RESTORED = "restored", _("Taken over")
    RECREATED = "recreated", _("Created under a new number")
    DISMISSED = "dismissed", _("Left as it is")
    SUPERSEDED = "superseded", _("Decided at the other side")


class BulkChoice(models.TextChoices):
    """What can be done with all open conflicts of a run."""

    TAKE_OVER = "take_over", _("Take over")
    RECREATE = "recreate", _("Create under a new number")
    LEAVE = "leave", _("Leave as they are")


class BulkState(models.TextChoices):
    """How far the worker is with all conflicts of a run."""

    DECIDING = "deciding", _("Being decided")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Broken off")


BULK_STEPS: dict[BulkState, frozenset[BulkState]] = {
    BulkState.DECIDING: frozenset({BulkState.DONE, BulkState.CANCELLED, BulkState.FAILED}),
    BulkState.DONE: frozenset(),
    BulkState.CANCELLED: frozenset(),
    BulkState.FAILED: frozenset(),
}


CONFLICT_KINDS = [
    (ConflictKind.BOTH_CHANGED.value, _("Changed at both sides")),
    (ConflictKind.BORN_TWICE.value, _("Number given twice")),
    (ConflictKind.ARCHIVED_AGAINST_CHANGED.value, _("Archived at one side, changed at the other")),
    (ConflictKind.DELETED_AGAINST_CHANGED.value, _("Deleted at one side, changed at the other")),
]


class AlarmKind(models.TextChoices):
    """Why somebody should look at a branch; the gravest first."""

    QUARANTINED = "quarantined", _("Held")
    MISSING = "missing", pgettext_lazy("alarm", "Missing")
    LATE = "late", pgettext_lazy("alarm", "Late")
    FAILING = "failing", _("Fails though connected")
    HELD_BACK = "held_back", _("Changes held back")
    OLD_VERSION = "old_version", _("Old version")
    DISK = "disk", _("Disk nearly full")


ALARM_SENTENCES: dict[AlarmKind, LazyText] = {
    AlarmKind.QUARANTINED: _("Two installations show the same pairing. Support names the one that goes on."),
    AlarmKind.MISSING: _("It has not called for a week, or never since it was paired. Ask at the branch."),
    AlarmKind.LATE: _("It has not called for a day. Look at the line of the branch and whether the device is on."),
    AlarmKind.FAILING: _("It calls, but no run has come to its end for an hour. The page of the branch says why."),
    AlarmKind.HELD_BACK: _("A rule has refused changes of the branch. They wait until somebody mends them."),
    AlarmKind.OLD_VERSION: _("Its program is older than that of the central. Upgrade the branch."),
    AlarmKind.DISK: _("Less than 1 GB of its disk is free. Make room before it stops."),
}
"""What each alarm means, and what is to be done."""

RIGHTS_TO_PAIR = (
    Right.MANAGE_LOCATION, Right.VIEW_CUSTOMERS, Right.SEE_CONTACT_DATA, Right.SEE_BANK_DATA, Right.SEE_MEMOS,
    Right.EXPORT_CUSTOMERS,
)  # fmt: skip
"""What somebody must be allowed who has a code shown, or types one: the other side has all customers then, wholly."""
