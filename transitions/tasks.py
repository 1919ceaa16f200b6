"""What the worker does for locations that leave or join."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pghistory
from django.core.exceptions import ValidationError
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override
from procrastinate.contrib.django import app

from locations.models import Location
from mcp.isolation import access, row_scope
from mcp.isolation.scope import MissingRight, Scope
from mcp.models import User
from mcp.stored_sentences import stored_sentence
from mcp.worker.queueing import AGAIN, NothingThere, when_given_up
from mcp.worker.upkeep import for_each
from transitions.choices import TransitionKind, TransitionState
from transitions.models import Transition
from transitions.operations import NotThisStep, execute, note_failure, review

log = logging.getLogger(__name__)
PATIENCE = 600
"""Seconds for which a worker waits for whoever is recording in the base: about as long as a large import takes."""
WORKER = gettext_noop("the worker")


REASONS = {kind: stored_sentence(f"transition_{kind}", kind.label) for kind in TransitionKind}
"""Why customers were changed, as the history keeps it."""

type Step = Callable[[Transition, Scope], object]


@app.periodic(cron="11 * * * *")
@app.task(queueing_lock="execute_due_transitions")
def execute_due_transitions(timestamp: int) -> None:
    """Carry out what is confirmed and whose day has come; each in a transaction of its own."""
    with row_scope.without_scope(reason="find locations whose day to leave or to join has come", actor=WORKER):
        due = list(Transition.objects.due(timezone.localdate()).order_by("planned_for", "pk"))
    for_each(due, _execute_due, what="Transition %s, which is due, could not be executed")


def _execute_due(transition: Transition) -> None:
    with row_scope.without_scope(reason="find where a transition is executed", actor=WORKER):
        head = _head(transition)
    _execute(transition, Scope.of_system(head, name=WORKER))


@app.task(retry=AGAIN)
def execute_transition(transition: str, **somebody: int) -> None:
    """Carry out what somebody has ordered, with the rights that he has now. `somebody` is what `for_somebody` gives."""
    _for_somebody(transition, somebody, _execute)


@app.task(retry=AGAIN)
def review_transition(transition: str, is_narrowed: bool, **somebody: int) -> None:
    """Find out who would be carried over, as somebody has asked for, with the rights that he has now."""

    def look(found: Transition, scope: Scope) -> None:
        review(transition=found, is_narrowed=is_narrowed, actor=scope)

    _for_somebody(transition, somebody, lambda found, scope: _do(found, scope, look))


@when_given_up("transitions.tasks.execute_transition", "transitions.tasks.review_transition")
def tell_given_up(transition: str, **ordered: Any) -> None:
    """Its worker died again and again."""
    sentence = gettext_noop(
        "The worker has given it up, and nothing of it was done. Tell support before you try again."
    )
    with suppress(NothingThere):
        _tell_without(transition, ordered["user"], sentence, why="a transition is given up")


def _for_somebody(pk: str, somebody: dict[str, int], step: Step) -> None:
    try:
        scope = access.enter_as(**somebody)
    except Http404:
        sentence = gettext_noop("The user may not work at this location any more.")
        _tell_without(pk, somebody["user"], sentence, why="a transition is worked on for nobody who may work there")
        return
    with row_scope.rows_of(scope):
        found = Transition.objects.of_organization(scope.organization).filter(pk=pk).first()
    if found is None:
        raise NothingThere("transition", pk)
    with override(scope.user.language if scope.user else None):
        step(found, scope)


def _tell_without(pk: str, user: int, sentence: str, *, why: str) -> None:
    """Tell it where nobody's scope can be entered, in the language of whoever has ordered it. Raises NothingThere."""
    with row_scope.without_scope(reason=why, actor=WORKER):
        found = Transition.objects.filter(pk=pk).first()
        if found is None:
            raise NothingThere("transition", pk)
        head = _head(found)
        language = User.objects.filter(pk=user).values_list("language", flat=True).first()
    with override(language):
        _tell(found, Scope.of_system(head, name=WORKER), _(sentence))


def _head(transition: Transition) -> Location:
    """The central of the group that is left, or the business itself that joins one."""
    places = Location.objects.of_organization(transition.organization).select_related("organization", "base")
    return places.order_by("client_number")[0]


def _execute(transition: Transition, scope: Scope) -> None:
    """Tried again an hour later where its day has come."""

    def carry_out(found: Transition, scope: Scope) -> None:
        execute(transition=found, at=timezone.now(), patience=PATIENCE, actor=scope)

    _do(transition, scope, carry_out)


def _do(transition: Transition, scope: Scope, step: Step) -> None:
    """One step, all of it or nothing. What goes wrong is told on the page of the transition."""
    reason = REASONS[TransitionKind(transition.kind)]()
    try:
        with row_scope.rows_of(scope), pghistory.context(**scope.history(reason=reason)):
            step(transition, scope)
            access.demand_still(scope)
    except NotThisStep:
        log.info("Transition %s is not due any more", transition.pk)
    except MissingRight as refusal:
        _tell(transition, scope, str(refusal))
    except ValidationError as refusal:
        log.warning("Transition %s could not be worked on: %s", transition.pk, refusal.messages)
        _tell(transition, scope, " ".join(refusal.messages))
    except Exception:
        log.exception("Transition %s broke off; nothing of it was done", transition.pk)
        failure = _("It broke off, and nothing of it was done.")
        if transition.state == TransitionState.CONFIRMED:
            failure = _("It broke off, and nothing of it was done. It is tried again within the hour; tell support.")
        _tell(transition, scope, failure)


def _tell(transition: Transition, scope: Scope, reason: str) -> None:
    if transition.state == TransitionState.NUMBERED:
        told = _("It could not be reviewed: %(reason)s")
    else:
        told = _("It could not be executed: %(reason)s")
    with row_scope.rows_of(scope), suppress(NotThisStep):
        note_failure(transition=transition, reason=told % {"reason": reason}, actor=scope)
