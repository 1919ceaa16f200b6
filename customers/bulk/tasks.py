"""What the worker does of bulk changes: it counts, applies and undoes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from uuid import UUID

import pghistory
from django.utils.translation import gettext_lazy
from procrastinate.contrib.django import app

from customers import statistics
from customers.bulk import changing
from customers.bulk.changing import MoreThanCounted
from customers.bulk.progress import told
from customers.choices import BulkState
from customers.models import BulkChange
from customers.selection.selecting import select_still
from mcp.isolation import access, row_scope
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences, sentences_of, stored_sentence
from mcp.worker.progress import Progress
from mcp.worker.queueing import AGAIN, NothingThere
from mcp.worker.task_frame import Failure, Stopped, TaskFrame

type Step = Callable[[BulkChange, Scope], None]


@app.task(retry=AGAIN)
def count_bulk(change: str, **somebody: int) -> None:
    """Find out whom a bulk change is of and what it would do. `somebody` is what `for_somebody` gives."""
    _work(change, BulkState.COUNTING, somebody, _count)


def _count(change: BulkChange, scope: Scope) -> None:
    with row_scope.rows_of(scope):
        with scope.asked.only_looking():
            wanted = select_still(scope, change.query)
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
            changing.recount(change=change, failure=sentences_of(refusal))
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


def _work(pk: str, state: BulkState, somebody: dict[str, int], step: Step) -> None:
    """Do a step with the rights that the user has now; a refusal is stored for the page. Raises NothingThere."""

    def work(scope: Scope) -> None:
        with row_scope.rows_of(scope):
            change = _found(pk, state)
        step(change, scope)

    _frame(state).for_somebody(pk, somebody, work)


def _frame(*states: BulkState) -> TaskFrame:
    """The frame of a step: its failure is stored if the change is in one of these states."""
    return TaskFrame(name="bulk change", tell=partial(_tell, states), broken=BROKEN, given_up=GIVEN_UP)


BROKEN = stored_sentence(
    "bulk_broken",
    gettext_lazy("It broke off, and nothing of it was written. Try again; if it happens again, tell support."),
)
GIVEN_UP = stored_sentence(
    "bulk_given_up",
    gettext_lazy("The worker has given it up, and nothing of it was written. Tell support before you try again."),
)


@contextmanager
def _recorded(change: BulkChange, scope: Scope, reason: Sentences) -> Iterator[tuple[UUID, Progress]]:
    """Inside is one transaction in the scope, with its own context of the history and its progress."""
    with (
        told(change, scope) as progress,
        row_scope.rows_of(scope),
        pghistory.context(**scope.history(reason=reason)) as context,
    ):
        yield context.id, progress


def _tell(states: tuple[BulkState, ...], pk: str, failure: Failure) -> None:
    with suppress(Stopped):
        changing.stop(change=_found(pk, *states), reason=failure.reason)


def _found(pk: str, *states: BulkState) -> BulkChange:
    """The change. Raises Stopped where it is in none of these states any more, NothingThere where it does not exist."""
    change = BulkChange.objects.without_ids().filter(pk=pk).first()
    if change is None:
        raise NothingThere("bulk change", pk)
    if change.state not in states:
        raise Stopped
    return change


def _gather(change: BulkChange, scope: Scope) -> None:
    """Gather statistics of the customers after many were written, so that later queries are planned well."""
    with row_scope.rows_of(scope):
        statistics.gather(statistics.WRITTEN, rows=change.total)


_frame(*changing.UNDER_WAY).when_given_up(
    "change", "customers.bulk.tasks.count_bulk", "customers.bulk.tasks.apply_bulk", "customers.bulk.tasks.undo_bulk"
)
