"""Executing or undoing a switch now: for a small base at once, for a large one by the worker."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy
from procrastinate.contrib.django.models import ProcrastinateJob

from customers.models import CustomerCount
from mcp.isolation.scope import Scope
from mcp.stored_sentences import stored_sentence
from mcp.worker.queueing import enqueue
from mcp.worker.somebody import for_somebody
from transitions.choices import SwitchState
from transitions.models import BaseSwitch
from transitions.switching.executing import execute, undo
from transitions.switching.looking import MAY_BE_EXECUTED
from transitions.switching.stepping import both_bases, demand_support, locked_switch, record_step

DIRECT_CUSTOMERS = 2_000
"""So many are moved within a second or two."""
EXECUTE, UNDO = "transitions.tasks.execute_switch", "transitions.tasks.undo_switch"
ORDERED = stored_sentence("switch_ordered", gettext_lazy("Left to the worker."))


def execute_now(*, switch: BaseSwitch, actor: Scope) -> BaseSwitch:
    """Execute it, or have the worker do so where many are moved. Raises as `execute` does, or where it is at it."""
    if _is_small(switch, actor):
        return execute(switch=switch, actor=actor)
    return _leave_to_worker(switch, EXECUTE, MAY_BE_EXECUTED[switch.is_to_offline], actor)


def undo_now(*, switch: BaseSwitch, actor: Scope) -> BaseSwitch:
    """The same for undoing it."""
    if _is_small(switch, actor):
        return undo(switch=switch, actor=actor)
    return _leave_to_worker(switch, UNDO, (SwitchState.EXECUTED,), actor)


def _is_small(switch: BaseSwitch, actor: Scope) -> bool:
    """By all that there is in both bases: a preview of large ones takes its time as well."""
    with both_bases("count the customers of a switch", actor.actor_name):
        counted = CustomerCount.objects.filter(base__in=[switch.source_id, switch.target_id])
        return sum(counted.totals()) <= DIRECT_CUSTOMERS


@transaction.atomic
def _leave_to_worker(switch: BaseSwitch, task: str, before: tuple[SwitchState, ...], actor: Scope) -> BaseSwitch:
    support = demand_support(actor)
    with both_bases("order a switch of the customer base", actor.actor_name):
        ordered = locked_switch(switch, before=before, organization=actor.organization.pk)
        if under_way(ordered):
            raise ValidationError(
                gettext_lazy("The worker is at it already. The page shows when it is done."), code="under_way"
            )
        record_step(ordered, by=support, name=actor.actor_name, told=ORDERED())
        enqueue(task, lock=_lock(ordered), switch=str(ordered.pk), **for_somebody(actor))
    return ordered


def under_way(switch: BaseSwitch) -> str:
    """`todo` if the worker has been told to carry it out or to undo it, `doing` if he does so, else empty."""
    jobs = ProcrastinateJob.objects.filter(
        task_name__in=[EXECUTE, UNDO], lock=_lock(switch), status__in=["todo", "doing"]
    )
    return jobs.values_list("status", flat=True).first() or ""


def _lock(switch: BaseSwitch) -> str:
    return f"switch {switch.pk}"
