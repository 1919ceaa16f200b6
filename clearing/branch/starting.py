"""When a run begins at the branch: on schedule, and when somebody presses the button."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from django.db import transaction
from procrastinate.exceptions import AlreadyEnqueued

from clearing.branch.running import NotPaired
from clearing.models import OwnNode
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.worker.queueing import enqueue

EACH_MINUTES = 15
"""How often a branch calls. At which of these minutes says its id, so that not all call at once."""
RUN_TASK = "clearing.tasks.run_now"


def this_branch(*, actor: str) -> OwnNode | None:
    """The row of this installation; None before its first start."""
    with row_scope.without_scope(reason="which branch is this?", actor=actor):
        return OwnNode.objects.select_related("location__organization", "location__base", "base").first()


def scope_here(own: OwnNode, *, name: str) -> Scope:
    """The scope in which a run works: of the system, at the location of this branch."""
    return Scope.of_system(own.location, name=name)


def is_due(own: OwnNode, *, now: datetime) -> bool:
    """Whether this is the minute at which the branch calls."""
    return own.identity is not None and own.identity.int % EACH_MINUTES == now.minute % EACH_MINUTES


@transaction.atomic
def clear_now(*, actor: Scope) -> None:
    """Have the worker reconcile at once; nothing more where that is waiting already.

    Raises MissingRight, NotPaired.
    """
    actor.demand(Right.CLEAR)
    own = OwnNode.objects.filter(base=actor.base).first()
    if own is None or own.node_id is None:
        raise NotPaired
    with suppress(AlreadyEnqueued), transaction.atomic():
        enqueue(RUN_TASK, queueing_lock=RUN_TASK)
