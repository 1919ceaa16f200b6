"""What the worker does for locations that leave or join."""

from __future__ import annotations

import logging
from contextlib import suppress

import pghistory
from django.core.exceptions import ValidationError
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override
from procrastinate.contrib.django import app

from locations.models import Location
from mcp import access, row_security
from mcp.queueing import AGAIN, NothingThere
from mcp.scope import MissingRight, Scope
from transitions.models import Transition
from transitions.operations import NotThisStep, execute, note_failure

log = logging.getLogger(__name__)
PATIENCE = 600
"""Seconds for which a worker waits for whoever is recording in the base: about as long as a large import takes."""
WORKER = gettext_noop("the worker")


@app.periodic(cron="11 * * * *")
@app.task(queueing_lock="execute_due_transitions")
def execute_due_transitions(timestamp: int) -> None:
    """Carry out what is confirmed and whose day has come; each in a transaction of its own."""
    with row_security.without_scope(reason="find locations whose day to leave or to join has come", actor=WORKER):
        due = list(Transition.objects.due(timezone.localdate()).order_by("planned_for", "pk"))
        heads = {transition.pk: _head(transition) for transition in due}
    for transition in due:
        _execute(transition, Scope.of_system(heads[transition.pk], name=_(WORKER)))


@app.task(retry=AGAIN)
def execute_transition(transition: str, **somebody: int) -> None:
    """Carry out what somebody has ordered, with the rights that he has now. `somebody` is what `for_somebody` gives."""
    try:
        scope = access.enter_as(**somebody)
    except Http404:
        _tell_that_nobody_is_there(transition)
        return
    with row_security.rows_of(scope):
        found = Transition.objects.of_organization(scope.organization).filter(pk=transition).first()
    if found is None:
        raise NothingThere("transition", transition)
    with override(scope.user.language if scope.user else None):
        _execute(found, scope)


def _tell_that_nobody_is_there(pk: str) -> None:
    reason = "a transition is executed for nobody who may work there any more"
    with row_security.without_scope(reason=reason, actor=WORKER):
        found = Transition.objects.filter(pk=pk).first()
        if found is None:
            raise NothingThere("transition", pk)
        head = _head(found)
    _tell(found, Scope.of_system(head, name=_(WORKER)), _("The user may not work at this location any more."))


def _head(transition: Transition) -> Location:
    """The central of the group that is left, or the business itself that joins one."""
    places = Location.objects.of_organization(transition.organization).select_related("organization", "base")
    return places.order_by("client_number")[0]


def _execute(transition: Transition, scope: Scope) -> None:
    """What goes wrong is told on the page of the transition, and tried again an hour later."""
    try:
        with row_security.rows_of(scope), pghistory.context(**scope.history(reason=str(transition.get_kind_display()))):
            execute(transition=transition, at=timezone.now(), patience=PATIENCE, actor=scope)
    except NotThisStep:
        log.info("Transition %s is not due any more", transition.pk)
    except MissingRight as refusal:
        _tell(transition, scope, str(refusal))
    except ValidationError as refusal:
        log.warning("Transition %s could not be executed: %s", transition.pk, refusal.messages)
        _tell(transition, scope, " ".join(refusal.messages))
    except Exception:
        log.exception("Transition %s broke off; nothing of it was done", transition.pk)
        reason = _("It broke off, and nothing of it was done. It is tried again within the hour; tell support.")
        _tell(transition, scope, reason)


def _tell(transition: Transition, scope: Scope, reason: str) -> None:
    told = _("It could not be executed: %(reason)s") % {"reason": reason}
    with row_security.rows_of(scope), suppress(NotThisStep):
        note_failure(transition=transition, reason=told, actor=scope)
