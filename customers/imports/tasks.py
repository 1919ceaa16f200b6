"""What the worker does of imports: it checks, applies and undoes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from uuid import UUID

import pghistory
from django.db import connection
from django.utils.translation import gettext_lazy
from procrastinate.contrib.django import app

from customers import statistics
from customers.choices import UploadState
from customers.imports import lifecycle, progress, reserved_numbers
from customers.imports.problems import IMPORTED, UNDONE
from customers.imports.progress import Cancelled
from customers.imports.staging import clear
from customers.models import ImportUpload
from mcp.isolation import access, row_scope
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences, stored_sentence
from mcp.worker.progress import Progress
from mcp.worker.queueing import AGAIN, NothingThere
from mcp.worker.task_frame import Failure, Stopped, TaskFrame

WRITTEN = ("created", "changed", "consents", "restored", "removed")
"""What an import or its undoing has done, by the names of its figures."""

type Step = Callable[[ImportUpload, Scope, Progress], None]


@app.task(retry=AGAIN)
def check_upload(upload: str, **somebody: int) -> None:
    """Find out what an import would do. `somebody` is what `for_somebody` gives."""
    _work(upload, UploadState.CHECKING, somebody, _check)


def _check(file: ImportUpload, scope: Scope, told: Progress) -> None:
    lifecycle.check_upload(upload=file, actor=scope, progress=told)


@app.task(retry=AGAIN)
def apply_upload(upload: str, **somebody: int) -> None:
    """Import what was confirmed, in one transaction. `somebody` is what `for_somebody` gives."""
    if (scope := _work(upload, UploadState.APPLYING, somebody, _apply)) is not None:
        _clear(upload, scope)


def _apply(file: ImportUpload, scope: Scope, told: Progress) -> None:
    reserved_numbers.reserve(upload=file, scope=scope)
    with _recorded(scope, IMPORTED(name=file.name)) as context:
        lifecycle.apply_upload(upload=file, actor=scope, progress=told, context=context)
        access.demand_still(scope)


@app.task(retry=AGAIN)
def undo_upload(upload: str, **somebody: int) -> None:
    """Reverse an import, in one transaction. `somebody` is what `for_somebody` gives."""
    if (scope := _work(upload, UploadState.UNDOING, somebody, _undo)) is not None:
        with row_scope.rows_of(scope):
            file = ImportUpload.objects.get(pk=upload)
        _gather(file, scope)


def _undo(file: ImportUpload, scope: Scope, told: Progress) -> None:
    with _recorded(scope, UNDONE(name=file.name)):
        lifecycle.undo_upload(upload=file, actor=scope, progress=told)
        access.demand_still(scope)


@contextmanager
def _recorded(scope: Scope, reason: Sentences) -> Iterator[UUID]:
    """Inside is one transaction in the scope; gives the id of its context in the history."""
    with row_scope.rows_of(scope), pghistory.context(**scope.history(reason=reason)) as context:
        yield context.id


def _work(pk: str, state: UploadState, somebody: dict[str, int], step: Step) -> Scope | None:
    """Do a step with the rights that the user has now. Returns the scope if it was done.

    A failure is stored with the upload. If the upload is in another state, the step was done already or cancelled, and
    nothing happens. Raises NothingThere.
    """

    def work(scope: Scope) -> None:
        with row_scope.rows_of(scope):
            upload = _found(pk, state)
        with progress.told(upload, scope) as told:
            step(upload, scope, told)

    return _frame(state).for_somebody(pk, somebody, work)


def _frame(*states: UploadState) -> TaskFrame:
    """The frame of a step: its failure is stored if the import is in one of these states."""
    return TaskFrame(name="import", tell=partial(_tell, states), broken=BROKEN, given_up=GIVEN_UP)


BROKEN = stored_sentence(
    "import_broken",
    gettext_lazy("The import broke off, and nothing of it was written. Try again; if it happens again, tell support."),
)
GIVEN_UP = stored_sentence(
    "import_given_up",
    gettext_lazy("The worker has given it up, and nothing of it was written. Tell support before you try again."),
)


def _tell(states: tuple[UploadState, ...], pk: str, failure: Failure) -> None:
    with suppress(Stopped):
        upload = _found(pk, *states, is_locked=True)
        is_cancelled = isinstance(failure.error, Cancelled)
        lifecycle.stop_upload(upload=upload, reason=failure.reason, is_cancelled=is_cancelled)


def _found(pk: str, *states: UploadState, is_locked: bool = False) -> ImportUpload:
    """The upload. Raises Stopped where it is in none of these states any more, NothingThere where it does not exist."""
    rows = ImportUpload.objects.select_for_update(of=("self",)) if is_locked else ImportUpload.objects.all()
    upload = rows.filter(pk=pk).first()
    if upload is None:
        raise NothingThere("import", pk)
    if upload.state not in states:
        raise Stopped
    return upload


def _clear(pk: str, scope: Scope) -> None:
    """Delete the staged rows of an applied import, and merge the waiting entries of the search index."""
    with row_scope.rows_of(scope), connection.cursor() as cursor:
        upload = ImportUpload.objects.get(pk=pk)
        if upload.state != UploadState.APPLIED:
            return  # another import came between: it waits to be confirmed again
        clear(upload, is_judged=False, is_over=True)
        cursor.execute("SELECT customers_merge_search_index()")
    _gather(upload, scope)


def _gather(upload: ImportUpload, scope: Scope) -> None:
    """Gather statistics of the customers after many were written, so that later queries are planned well."""
    done = upload.undoing or upload.result or {}
    with row_scope.rows_of(scope):
        statistics.gather(statistics.WRITTEN, rows=sum(done.get(name, 0) for name in WRITTEN))


_frame(*lifecycle.UNDER_WAY).when_given_up(
    "upload",
    "customers.imports.tasks.check_upload",
    "customers.imports.tasks.apply_upload",
    "customers.imports.tasks.undo_upload",
)
