"""What the worker does for locations that leave or join."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pghistory
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from procrastinate.contrib.django import app

from locations.models import Location
from mcp.isolation import access, row_scope
from mcp.isolation.scope import Scope
from mcp.stored_sentences import stored_sentence
from mcp.worker.progress import Patient
from mcp.worker.queueing import AGAIN, NothingThere
from mcp.worker.somebody import WORKER
from mcp.worker.task_frame import Failure, TaskFrame
from mcp.worker.upkeep import for_each
from transitions import switching
from transitions.choices import TransitionKind, TransitionState
from transitions.models import BaseSwitch, Transition
from transitions.operations import NotThisStep, execute, note_failure, review
from transitions.switching.stepping import NotThisSwitchStep, record_step

log = logging.getLogger(__name__)
PATIENCE = 600
"""Seconds for which a worker waits for whoever is recording in the base: about as long as a large import takes."""


REASONS = {kind: stored_sentence(f"transition_{kind}", kind.label) for kind in TransitionKind}
"""Why customers were changed, as the history keeps it."""

type Step = Callable[[Transition, Scope], object]


@app.periodic(cron="11 * * * *")
@app.task(queueing_lock="execute_due_transitions")
def execute_due_transitions(timestamp: int) -> None:
    """Execute the confirmed transitions whose day has come, each in a transaction of its own."""
    with row_scope.without_scope(reason="find locations whose day to leave or to join has come", actor=WORKER):
        due = list(Transition.objects.due(timezone.localdate()).order_by("planned_for", "pk"))
    for_each(due, _execute_due, what="Transition %s, which is due, could not be executed")


def _execute_due(transition: Transition) -> None:
    with row_scope.without_scope(reason="find where a transition is executed", actor=WORKER):
        head = _head(transition)
    system = Scope.of_system(head, name=WORKER)
    TRANSITIONS.as_actor(str(transition.pk), system, partial(_carry_out, transition))


@app.task(retry=AGAIN)
def execute_transition(transition: str, **somebody: int) -> None:
    """Carry out what somebody has ordered, with the rights that he has now. `somebody` is what `for_somebody` gives."""
    _for_somebody(transition, somebody, _carry_out)


@app.task(retry=AGAIN)
def review_transition(transition: str, is_narrowed: bool, **somebody: int) -> None:
    """Find out who would be carried over, as somebody has asked for, with the rights that he has now."""

    def look(found: Transition, scope: Scope) -> None:
        _whole(found, scope, lambda: review(transition=found, is_narrowed=is_narrowed, actor=scope))

    _for_somebody(transition, somebody, look)


def _for_somebody(pk: str, somebody: dict[str, int], step: Step) -> None:
    TRANSITIONS.for_somebody(pk, somebody, partial(_work, pk, step))


def _work(pk: str, step: Step, scope: Scope) -> None:
    with row_scope.rows_of(scope):
        found = Transition.objects.of_organization(scope.organization).filter(pk=pk).first()
    if found is None:
        raise NothingThere("transition", pk)
    step(found, scope)


def _head(transition: Transition) -> Location:
    """The location from which the transition is decided: the central, or the business itself that joins."""
    places = Location.objects.of_organization(transition.organization).select_related("organization", "base")
    return places.order_by("client_number")[0]


def _carry_out(found: Transition, scope: Scope) -> None:
    """Execute it. If that fails, it is tried again an hour later once its day has come."""
    _whole(found, scope, lambda: execute(transition=found, at=timezone.now(), patience=PATIENCE, actor=scope))


def _whole(found: Transition, scope: Scope, step: Callable[[], object]) -> None:
    """Do one step in one transaction, recorded in the history."""
    reason = REASONS[TransitionKind(found.kind)]()
    with row_scope.rows_of(scope), pghistory.context(**scope.history(reason=reason)):
        step()
        access.demand_still(scope)


def _tell(pk: str, failure: Failure) -> None:
    """Record a failure as a note on the page. Raises NothingThere.

    In a transaction for which the transition exists.
    """
    found = Transition.objects.filter(pk=pk).first()
    if found is None:
        raise NothingThere("transition", pk)
    if isinstance(failure.error, ValidationError):
        log.warning("Transition %s could not be worked on: %s", pk, failure.error.messages)
    reason = failure.reason
    if failure.reason == BROKEN() and found.state == TransitionState.CONFIRMED:
        reason = BROKEN_FOR_NOW()
    told = NOT_REVIEWED if found.state == TransitionState.NUMBERED else NOT_EXECUTED
    scope = failure.scope or Scope.of_system(_head(found), name=_(WORKER))
    with row_scope.rows_of(scope), suppress(NotThisStep):
        note_failure(transition=found, reason=told(reason=reason), actor=scope)


NOT_REVIEWED = stored_sentence("not_reviewed", gettext_lazy("It could not be reviewed: %(reason)s"))
NOT_EXECUTED = stored_sentence("not_executed", gettext_lazy("It could not be executed: %(reason)s"))
BROKEN = stored_sentence("transition_broken", gettext_lazy("It broke off, and nothing of it was done."))
BROKEN_FOR_NOW = stored_sentence(
    "transition_broken_for_now",
    gettext_lazy("It broke off, and nothing of it was done. It is tried again within the hour; tell support."),
)
TRANSITIONS = TaskFrame(
    name="transition",
    tell=_tell,
    broken=BROKEN,
    given_up=stored_sentence(
        "transition_given_up",
        gettext_lazy("The worker has given it up, and nothing of it was done. Tell support before you try again."),
    ),
    stopped=(NotThisStep,),
    log=log,
)


@app.task(retry=AGAIN)
def execute_switch(switch: str, **somebody: int) -> None:
    """Carry out the switch that support has ordered."""
    SWITCHES.for_somebody(switch, somebody, partial(_switch, switch, switching.execute))


@app.task(retry=AGAIN)
def undo_switch(switch: str, **somebody: int) -> None:
    """Take it back, as support has ordered."""
    SWITCHES.for_somebody(switch, somebody, partial(_switch, switch, switching.undo))


def _switch(pk: str, step: Callable[..., object], scope: Scope) -> None:
    with row_scope.rows_of(scope):
        found = BaseSwitch.objects.of_organization(scope.organization).filter(pk=pk).first()
    if found is None:
        raise NothingThere("switch", pk)
    with row_scope.rows_of(scope), pghistory.context(**scope.history()):
        step(switch=found, progress=Patient(), actor=scope)


def _tell_of_switch(pk: str, failure: Failure) -> None:
    """Record a failure as a step of the switch. Raises NothingThere. In a transaction for which the switch exists."""
    found = BaseSwitch.objects.filter(pk=pk).first()
    if found is None:
        raise NothingThere("switch", pk)
    if not isinstance(failure.error, ValidationError):
        log.warning("Switch %s could not be carried out", pk)
    record_step(found, by=None, name=WORKER, told=NOT_EXECUTED(reason=failure.reason))


SWITCHES = TaskFrame(
    name="switch", tell=_tell_of_switch, broken=BROKEN, given_up=TRANSITIONS.given_up, stopped=(NotThisSwitchStep,),
    log=log,
)  # fmt: skip
SWITCHES.when_given_up("switch", "transitions.tasks.execute_switch", "transitions.tasks.undo_switch")
TRANSITIONS.when_given_up("transition", "transitions.tasks.execute_transition", "transitions.tasks.review_transition")
