"""Reviewing or executing now: for a small base at once, for a large one by the worker."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy
from procrastinate.contrib.django.models import ProcrastinateJob

from customers.models import CustomerCount
from mcp.isolation.scope import Scope
from mcp.stored_sentences import stored_sentence
from mcp.worker.queueing import enqueue
from mcp.worker.somebody import for_somebody
from transitions.choices import TransitionState
from transitions.models import Transition
from transitions.operations.executing import check_day, execute
from transitions.operations.reviewing import review
from transitions.operations.stepping import demand_reviewer, locked, record_step

DIRECT_CUSTOMERS = 10_000
"""So many are decided about within a second."""
EXECUTE, REVIEW = "transitions.tasks.execute_transition", "transitions.tasks.review_transition"
TO_BE_REVIEWED = stored_sentence("transition_to_be_reviewed", gettext_lazy("To be reviewed."))
TO_BE_EXECUTED = stored_sentence("transition_to_be_executed", gettext_lazy("To be executed now."))
WORKED_ON = {TransitionState.NUMBERED: REVIEW, TransitionState.CONFIRMED: EXECUTE}
"""By the state in which a transition is, what the worker may be doing with it."""


def review_now(*, transition: Transition, is_narrowed: bool, actor: Scope) -> Transition:
    """Review it, or have the worker do so where the base is large; then it is not reviewed yet.

    Raises as `review` does, and ValidationError where the worker is at it already.
    """
    if _is_small(actor):
        return review(transition=transition, is_narrowed=is_narrowed, actor=actor)
    return _leave_review_to_worker(transition, is_narrowed, actor)


def execute_now(*, transition: Transition, actor: Scope) -> Transition:
    """Execute it, or have the worker do so where the base is large; then it is still confirmed.

    Raises as `execute` does, and ValidationError where the worker is at it already.
    """
    if _is_small(actor):
        return execute(transition=transition, at=timezone.now(), actor=actor)
    return _leave_to_worker(transition, actor)


def _is_small(actor: Scope) -> bool:
    return sum(CustomerCount.objects.in_base(actor.base).totals()) <= DIRECT_CUSTOMERS


@transaction.atomic
def _leave_review_to_worker(transition: Transition, is_narrowed: bool, actor: Scope) -> Transition:
    demand_reviewer(actor)
    asked = locked(transition, before=[TransitionState.NUMBERED], after=TransitionState.REVIEWED, actor=actor)
    if under_way(asked):
        raise ValidationError(
            gettext_lazy("It is being reviewed already. The page shows when it is done."), code="under_way"
        )
    record_step(asked, actor=actor, told=TO_BE_REVIEWED())
    _order(asked, actor, is_narrowed=is_narrowed)
    return asked


@transaction.atomic
def _leave_to_worker(transition: Transition, actor: Scope) -> Transition:
    demand_reviewer(actor)
    moving = locked(transition, before=[TransitionState.CONFIRMED], after=TransitionState.EXECUTED, actor=actor)
    check_day(moving, timezone.now())
    if under_way(moving):
        raise ValidationError(
            gettext_lazy("It is being executed already. The page shows when it is done."), code="under_way"
        )
    record_step(moving, actor=actor, told=TO_BE_EXECUTED())
    _order(moving, actor)
    return moving


def _order(transition: Transition, actor: Scope, **more: Any) -> None:
    task = WORKED_ON[TransitionState(transition.state)]
    enqueue(task, lock=_lock(transition), transition=str(transition.pk), **more, **for_somebody(actor))


def under_way(transition: Transition) -> str:
    """`todo` if the worker has been told to review or execute it, `doing` if he does so, else empty."""
    task = WORKED_ON.get(TransitionState(transition.state))
    if task is None:
        return ""
    jobs = ProcrastinateJob.objects.filter(task_name=task, lock=_lock(transition), status__in=["todo", "doing"])
    return jobs.values_list("status", flat=True).first() or ""  # it is ordered once


def _lock(transition: Transition) -> str:
    return f"transition {transition.pk}"
