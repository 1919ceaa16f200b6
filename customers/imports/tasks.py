"""What the worker does of imports: it checks, applies and undoes them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

import pghistory
from django.core.exceptions import ValidationError
from django.db import connection
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import override
from procrastinate.contrib.django import app

from customers import statistics
from customers.choices import UploadState
from customers.imports import lifecycle, progress, reserved_numbers
from customers.imports.problems import IMPORTED, UNDONE
from customers.imports.progress import Cancelled, Progress
from customers.imports.staging import clear
from customers.models import ImportUpload
from mcp.isolation import access, row_scope
from mcp.isolation.scope import MissingRight, Scope
from mcp.stored_sentences import Sentences
from mcp.worker.queueing import AGAIN, NothingThere, when_given_up
from mcp.worker.somebody import language_of

log = logging.getLogger(__name__)
WORKER = "the worker"
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


@when_given_up(
    "customers.imports.tasks.check_upload",
    "customers.imports.tasks.apply_upload",
    "customers.imports.tasks.undo_upload",
)
def stop_given_up(upload: str, **somebody: int) -> None:
    """Say on the page of an import that it is not worked on any more, where its worker died again and again."""
    with row_scope.without_scope(reason="an import is given up", actor=WORKER), suppress(NothingThere):
        for state in lifecycle.UNDER_WAY:
            if (found := _upload(upload, UploadState(state), is_locked=True)) is not None:
                with language_of(somebody):
                    reason = _(
                        "The worker has given it up, and nothing of it was written. Tell support before you try again."
                    )
                    lifecycle.stop_upload(upload=found, reason=reason)
                return


@contextmanager
def _recorded(scope: Scope, reason: Sentences) -> Iterator[UUID]:
    """One transaction in the scope, whose changes stand in the history under the id that is given."""
    with row_scope.rows_of(scope), pghistory.context(**scope.history(reason=reason)) as context:
        yield context.id


def _work(pk: str, state: UploadState, somebody: dict[str, int], step: Step) -> Scope | None:
    """Do a step with the rights that the user has now; the scope if it was done.

    What goes wrong is told on the page of the upload. One that is in another state is done already, or was cancelled.
    Raises NothingThere.
    """
    try:
        scope = access.enter_as(**somebody)
    except Http404:
        _refuse(pk, state, somebody)
        return None
    with override(scope.user.language if scope.user else None):
        try:
            with row_scope.rows_of(scope):
                upload = _upload(pk, state)
            if upload is None:
                log.info("Import %s is not %s any more", pk, state)
                return None
            with progress.told(upload, scope) as told:
                step(upload, scope, told)
        except NothingThere:
            raise
        except (ValidationError, MissingRight) as refusal:
            reason = str(refusal) if isinstance(refusal, MissingRight) else " ".join(refusal.messages)
            _stop(pk, state, scope, reason, is_cancelled=isinstance(refusal, Cancelled))
        except Exception:
            log.exception("Import %s broke off; nothing of it was written", pk)
            reason = _(
                "The import broke off, and nothing of it was written. Try again; if it happens again, tell support."
            )
            _stop(pk, state, scope, reason)
        else:
            return scope
    return None


def _stop(pk: str, state: UploadState, scope: Scope, reason: str, *, is_cancelled: bool = False) -> None:
    with row_scope.rows_of(scope):
        if (upload := _upload(pk, state, is_locked=True)) is not None:
            lifecycle.stop_upload(upload=upload, reason=reason, is_cancelled=is_cancelled)


def _clear(pk: str, scope: Scope) -> None:
    """What an import leaves behind: its staged rows, and entries of the search index that wait to be taken up."""
    with row_scope.rows_of(scope), connection.cursor() as cursor:
        upload = ImportUpload.objects.get(pk=pk)
        if upload.state != UploadState.APPLIED:
            return  # another import came between: it waits to be confirmed again
        clear(upload, is_judged=False, is_over=True)
        cursor.execute("SELECT customers_merge_search_index()")
    _gather(upload, scope)


def _gather(upload: ImportUpload, scope: Scope) -> None:
    """Those who work with the customers now shall not pay for how many they have become, or are no longer."""
    done = upload.undoing or upload.result or {}
    with row_scope.rows_of(scope):
        statistics.gather(statistics.WRITTEN, rows=sum(done.get(name, 0) for name in WRITTEN))


def _refuse(pk: str, state: UploadState, somebody: dict[str, int]) -> None:
    reason = "an import is for nobody who may work there any more"
    with row_scope.without_scope(reason=reason, actor=WORKER), language_of(somebody):
        if (upload := _upload(pk, state, is_locked=True)) is not None:
            lifecycle.stop_upload(upload=upload, reason=_("The user may not work at this location any more."))


def _upload(pk: str, state: UploadState, *, is_locked: bool = False) -> ImportUpload | None:
    """The upload where it is in this state. Raises NothingThere where there is none at all."""
    rows = ImportUpload.objects.select_for_update(of=("self",)) if is_locked else ImportUpload.objects.all()
    upload = rows.filter(pk=pk).first()
    if upload is None:
        raise NothingThere("import", pk)
    return upload if upload.state == state else None
