"""The closed lists of reconciliation."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from clearing.protocol.decision import ConflictKind


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


CONFLICT_KINDS = [
    (ConflictKind.BOTH_CHANGED.value, _("Changed at both sides")),
    (ConflictKind.BORN_TWICE.value, _("Number given twice")),
    (ConflictKind.ARCHIVED_AGAINST_CHANGED.value, _("Archived at one side, changed at the other")),
    (ConflictKind.DELETED_AGAINST_CHANGED.value, _("Deleted at one side, changed at the other")),
]
