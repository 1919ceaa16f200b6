"""Carry it out now: a small base while the browser waits, a large one by the worker."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from procrastinate.contrib.django.models import ProcrastinateJob

from customers.models import CustomerCount
from customers.tasks import for_somebody
from mcp.queueing import enqueue
from mcp.scope import Scope
from transitions.choices import State
from transitions.models import Transition
from transitions.operations.executing import check_day, execute
from transitions.operations.stepping import demand_reviewer, locked, record_step

DIRECT_CUSTOMERS = 10_000
"""So many are decided about within a second."""
EXECUTE = "transitions.tasks.execute_transition"


def execute_now(*, transition: Transition, actor: Scope) -> Transition:
    """Execute it, or have the worker do so where the base is large; then it is still confirmed.

    Raises as `execute` does, and ValidationError where the worker is at it already.
    """
    if sum(CustomerCount.objects.in_base(actor.base).totals()) <= DIRECT_CUSTOMERS:
        return execute(transition=transition, at=timezone.now(), actor=actor)
    return _leave_to_worker(transition, actor)


@transaction.atomic
def _leave_to_worker(transition: Transition, actor: Scope) -> Transition:
    demand_reviewer(actor)
    moving = locked(transition, before=[State.CONFIRMED], after=State.EXECUTED, actor=actor)
    check_day(moving, timezone.now())
    if is_being_executed(moving):
        raise ValidationError(_("It is being executed already. The page shows when it is done."), code="under_way")
    record_step(moving, actor=actor, note=_("To be executed now."))
    enqueue(EXECUTE, lock=_lock(moving), transition=str(moving.pk), **for_somebody(actor))
    return moving


def is_being_executed(transition: Transition) -> str:
    """`todo` where the worker has been told to execute it, `doing` where it is at it; else empty."""
    if transition.state != State.CONFIRMED:
        return ""
    jobs = ProcrastinateJob.objects.filter(task_name=EXECUTE, lock=_lock(transition), status__in=["todo", "doing"])
    return jobs.values_list("status", flat=True).first() or ""  # it is ordered once


def _lock(transition: Transition) -> str:
    return f"transition {transition.pk}"
