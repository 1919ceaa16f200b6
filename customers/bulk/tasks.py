"""What the worker does of bulk changes: it counts, changes and undoes where that takes longer than one waits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

import pghistory
from django.core.exceptions import ValidationError
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import override
from procrastinate.contrib.django import app

from customers import statistics
from customers.bulk import changing
from customers.bulk.changing import MoreThanCounted, Stopped
from customers.bulk.progress import ToldProgress, told
from customers.choices import BulkState
from customers.exports.selection import chosen
from customers.models import BulkChange
from mcp.isolation import access, row_scope
from mcp.isolation.scope import MissingRight, Scope
from mcp.stored_sentences import Sentences
from mcp.worker.queueing import AGAIN, NothingThere, when_given_up

log = logging.getLogger(__name__)
WORKER = "the worker"

type Step = Callable[[BulkChange, Scope], None]


@app.task(retry=AGAIN)
def count_bulk(change: str, **somebody: int) -> None:
    """Find out whom a bulk change is of and what it would do. `somebody` is what `for_somebody` gives."""
    _work(change, BulkState.COUNTING, somebody, _count)


def _count(change: BulkChange, scope: Scope) -> None:
    with row_scope.rows_of(scope):
        with scope.asked.only_looking():
            wanted = chosen(scope, change.query)
        changing.count(change=change, chosen=wanted, actor=scope)


@app.task(retry=AGAIN)
def apply_bulk(change: str, **somebody: int) -> None:
    """Change what was confirmed, in one transaction. `somebody` is what `for_somebody` gives."""
    _work(change, BulkState.APPLYING, somebody, _apply)


def _apply(change: BulkChange, scope: Scope) -> None:
    try:
        with _recorded(change, scope, changing.REASON()) as (context, progress):
            changing.apply(change=change, context=context, actor=scope, progress=progress)
            access.demand_still(scope)
    except MoreThanCounted as refusal:
        with row_scope.rows_of(scope):
            changing.recount(change=change, failure=" ".join(refusal.messages))
        return
    _gather(change, scope)


@app.task(retry=AGAIN)
def undo_bulk(change: str, **somebody: int) -> None:
    """Bring back what a bulk change has written, in one transaction. `somebody` is what `for_somebody` gives."""
    _work(change, BulkState.UNDOING, somebody, _undo)


def _undo(change: BulkChange, scope: Scope) -> None:
    with _recorded(change, scope, changing.REASON_UNDONE()) as (context, progress):
        changing.undo(change=change, context=context, actor=scope, progress=progress)
        access.demand_still(scope)
    _gather(change, scope)


@when_given_up("customers.bulk.tasks.count_bulk", "customers.bulk.tasks.apply_bulk", "customers.bulk.tasks.undo_bulk")
def stop_given_up(change: str, **somebody: int) -> None:
    """Say on its page that it is not worked on any more, where its worker died again and again."""
    with row_scope.without_scope(reason="a bulk change is given up", actor=WORKER), suppress(Stopped):
        found = BulkChange.objects.without_ids().filter(pk=change, state__in=changing.UNDER_WAY).first()
        if found is not None:
            with override(found.user.language if found.user else None):
                reason = _(
                    "The worker has given it up, and nothing of it was written. Tell support before you try again."
                )
            changing.stop(change=found, reason=reason)


def _work(pk: str, state: BulkState, somebody: dict[str, int], step: Step) -> None:
    """Do a step with the rights that the user has now. What goes wrong is told on its page. Raises NothingThere."""
    try:
        scope = access.enter_as(**somebody)
    except Http404:
        with row_scope.without_scope(reason="a bulk change is of nobody who may work there", actor=WORKER):
            _stop_here(pk, state, _("The user may not work at this location any more."))
        return
    with override(scope.user.language if scope.user else None):
        with row_scope.rows_of(scope):
            change = _found(pk, state)
        if change is None:
            log.info("Bulk change %s is not %s any more", pk, state)
        elif reason := _refusal(change, scope, step):
            with row_scope.rows_of(scope):
                _stop_here(pk, state, reason)


def _refusal(change: BulkChange, scope: Scope, step: Step) -> str:
    """Do the step; why it came to nothing, in a sentence. Empty where it is done, or not this worker's any more."""
    try:
        step(change, scope)
    except Stopped:
        log.info("Bulk change %s is not worked on any further", change.pk)
    except Http404:
        return _("What the list was filtered by does not exist any more.")
    except MissingRight as refusal:
        return str(refusal)
    except ValidationError as refusal:
        return " ".join(refusal.messages)
    except Exception:
        log.exception("Bulk change %s broke off; nothing of it was written", change.pk)
        return _("It broke off, and nothing of it was written. Try again; if it happens again, tell support.")
    return ""


@contextmanager
def _recorded(change: BulkChange, scope: Scope, reason: Sentences) -> Iterator[tuple[UUID, ToldProgress]]:
    """One transaction in the scope with an entry of its own in the history, and how far it is told beside it."""
    with (
        told(change, scope) as progress,
        row_scope.rows_of(scope),
        pghistory.context(**scope.history(reason=reason)) as context,
    ):
        yield context.id, progress


def _stop_here(pk: str, state: BulkState, reason: str) -> None:
    change = _found(pk, state)
    if change is not None:
        with suppress(Stopped):
            changing.stop(change=change, reason=reason)


def _found(pk: str, state: BulkState) -> BulkChange | None:
    """The change where it is in this state. Raises NothingThere where there is none at all."""
    change = BulkChange.objects.without_ids().filter(pk=pk).first()
    if change is None:
        raise NothingThere("bulk change", pk)
    return change if change.state == state else None


def _gather(change: BulkChange, scope: Scope) -> None:
    """Those who work with the customers now shall not pay for how many of them were changed."""
    with row_scope.rows_of(scope):
        statistics.gather(statistics.WRITTEN, rows=change.total)
