"""An import, step by step: check, look, confirm, apply, undo. Its beginning is in `receive`.

What was previewed is what is applied. Each step asks for the rights itself. A step of a large file is done by the
worker and can break off at any point: checking then begins anew, applying and undoing are one transaction each.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import BinaryIO
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy

from customers import statistics
from customers.choices import UploadState
from customers.edit_side import demand_edited_here
from customers.field_groups import demand_fields
from customers.imports import beside, progress
from customers.imports.apply import NotWhatWasPreviewed, apply
from customers.imports.classifying import judge
from customers.imports.frozen_decisions import keep_for_good
from customers.imports.progress import Cancelled
from customers.imports.renewal import is_still_true
from customers.imports.reserved_numbers import release
from customers.imports.staging import clear, opened, stage
from customers.imports.turns import take_turn
from customers.imports.undo import undo
from customers.models import ImportChunk, ImportUpload
from customers.table.headings import refusal_of
from customers.table.options import Reading
from customers.table.resources import CustomerResource
from customers.write_order import take_order
from files import chunks
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences, sentences_of
from mcp.worker.progress import Progress
from spreadsheets import Table, UnreadableFile

LIFETIME = timedelta(hours=24)
DIRECT_BYTES = 100_000
"""Up to here a file is checked and applied while the browser waits, well below a second; beyond it by the worker."""
OPEN = frozenset({UploadState.UPLOADED, UploadState.CHECKED, UploadState.FAILED, UploadState.CANCELLED})
UNDER_WAY = frozenset({UploadState.CHECKING, UploadState.APPLYING, UploadState.UNDOING})
DONE = frozenset({UploadState.APPLIED, UploadState.UNDOING, UploadState.UNDONE})


def uploads_of(scope: Scope, *, now: datetime) -> QuerySet[ImportUpload]:
    """The files that this user has uploaded at this location and that have not expired."""
    if scope.user is None:
        return ImportUpload.objects.none()
    return ImportUpload.objects.filter(
        user=scope.user.pk, location=scope.location.pk, base=scope.base.pk, created_at__gt=now - LIFETIME
    )


def imports_of(scope: Scope) -> QuerySet[ImportUpload]:
    """What has been imported at this location, by whomever, newest first: all of it can be undone."""
    return ImportUpload.objects.filter(location=scope.location.pk, base=scope.base.pk, state__in=DONE).order_by(
        "-state_since", "-created_at"
    )


def hold(upload: ImportUpload) -> ImportUpload | None:
    """The upload as it is now, locked to the end of the transaction; None while somebody else is at it."""
    return ImportUpload.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=upload.pk).first()


@contextmanager
def table_of(upload: ImportUpload, source: BinaryIO | None = None) -> Iterator[Table]:
    """The stored file, or `source` in its place, read as chosen. Raises ValidationError where it cannot be."""
    with source or chunks.opened(ImportChunk, file=upload) as file:
        try:
            table = opened(upload, file)
        except UnreadableFile as error:
            raise refusal_of(error.problem) from error
        with table:
            yield table


def content_of(upload: ImportUpload) -> bytes:
    """The stored bytes of the file. Raises ValidationError where they are not kept any more."""
    content = b"".join(chunks.read(ImportChunk, file=upload))
    if not content:
        raise ValidationError(gettext_lazy("The file is not kept any more. Choose it again."), code="file_gone")
    return content


def headings_of(upload: ImportUpload) -> list[str]:
    """The headings of the stored file; none where it cannot be read as a table, or is not kept any more."""
    try:
        with table_of(upload) as table:
            return list(table.headings)
    except ValidationError:
        return []


def reading_of(upload: ImportUpload) -> Reading:
    """How the cells of an upload are read, as chosen."""
    return Reading(**upload.choices.get("reading", {}))


# --- check ------------------------------------------------------------------------------------------------------


def start_check(*, upload: ImportUpload, actor: Scope) -> None:
    """Mark an upload as being checked by the worker. Raises MissingRight, PermissionDenied or ValidationError."""
    actor.demand(Right.IMPORT_CUSTOMERS)
    demand_own(upload, actor)
    demand_open(upload)
    progress.begin(upload)
    enter(upload, UploadState.CHECKING)


def check_upload(
    *, upload: ImportUpload, actor: Scope, progress: Progress | None = None, file: BinaryIO | None = None
) -> None:
    """Check an upload: store what the import would do as its preview.

    `file` takes the place of the stored file. Raises ValidationError for a file that cannot be read to its end; what
    was staged of it is deleted by the next check.
    """
    actor.demand(Right.IMPORT_CUSTOMERS)
    with row_scope.rows_of(actor):
        demand_own(upload, actor)
    try:
        read, given = stage(upload=upload, scope=actor, progress=progress or Progress(), file=file)
    except UnreadableFile as error:
        raise refusal_of(error.problem) from error
    with row_scope.rows_of(actor):
        statistics.gather(statistics.STAGED, rows=read)
    with row_scope.rows_of(actor):
        _demand_going_on(upload)
        upload.preview = judge(upload=upload, scope=actor, read=read, given=given)
        enter(upload, UploadState.CHECKED, "preview", "new_rows", "choices")
    with row_scope.rows_of(actor):
        statistics.gather(statistics.JUDGED, rows=read)


def _demand_going_on(upload: ImportUpload) -> None:
    """Raise Cancelled unless the upload, locked from here on, is still where it was when the step began."""
    if ImportUpload.objects.select_for_update(of=("self",)).get(pk=upload.pk).state != upload.state:
        raise Cancelled


def fingerprint(upload: ImportUpload) -> str:
    """Of the file, the choices and the preview: what a confirmation confirms."""
    shown = json.dumps([upload.sha256, upload.choices, upload.preview, upload.new_rows], sort_keys=True)
    return hashlib.sha256(shown.encode()).hexdigest()


# --- apply ------------------------------------------------------------------------------------------------------


@transaction.atomic
def confirm_upload(*, upload: ImportUpload, confirmed: str, actor: Scope) -> None:
    """Mark a previewed upload as being applied; nobody can do that twice.

    Raises ValidationError unless `confirmed` is the fingerprint of exactly what is stored now.
    """
    actor.demand(Right.IMPORT_CUSTOMERS)
    demand_edited_here(actor.base)
    locked = uploads_of(actor, now=timezone.now()).select_for_update().get(pk=upload.pk)
    if locked.state != UploadState.CHECKED:
        raise ValidationError(gettext_lazy("This import was confirmed already."), code="already_confirmed")
    if confirmed != fingerprint(locked):
        raise NotWhatWasPreviewed
    upload.refresh_from_db()
    progress.begin(upload)
    enter(upload, UploadState.APPLYING)


@transaction.atomic
def apply_upload(
    *, upload: ImportUpload, actor: Scope, progress: Progress | None = None, context: UUID | None = None
) -> bool:
    """Import a confirmed upload: what was previewed, less what others have changed since.

    False if another import of the base came between and the preview is not true any more: then nothing is written,
    and the upload is checked again and waits for somebody to confirm what it would do now.

    `context` is that of the history, by which it can be undone. Raises ValidationError.
    """
    progress = progress or Progress()
    actor.demand(Right.IMPORT_CUSTOMERS)
    demand_own(upload, actor)
    locked = ImportUpload.objects.select_for_update(of=("self",)).get(pk=upload.pk)
    if locked.state != UploadState.APPLYING:
        raise ValidationError(gettext_lazy("This import was confirmed already."), code="already_confirmed")
    for field in ("preview", "choices", "new_rows", "sha256"):
        setattr(upload, field, getattr(locked, field))
    _demand_rights(upload, actor)
    with row_scope.rows_of(actor):
        take_turn(upload.base_id, progress=progress)
        take_order(actor.base)
        if is_true := is_still_true(upload, actor):
            upload.result = apply(upload=upload, scope=actor, progress=progress)
            upload.context = context
            with connection.cursor() as cursor:
                keep_for_good(cursor, upload)
        release(upload)
    made = ("result", "context", "choices") if is_true else ("preview", "new_rows", "choices")
    enter(upload, UploadState.APPLIED if is_true else UploadState.CHECKED, *made)
    return is_true


def _demand_rights(upload: ImportUpload, actor: Scope) -> None:
    """Raise MissingRight unless the actor has the rights that the previewed changes need."""
    preview = upload.preview or {}
    if preview.get("created"):
        actor.demand(Right.ADD_CUSTOMERS)
    if preview.get("changed"):
        actor.demand(Right.CHANGE_CUSTOMERS)
    demand_fields(CustomerResource.filled_by(upload.choices.get("targets", ())), actor)


# --- stop and undo ----------------------------------------------------------------------------------------------


@transaction.atomic
def cancel_upload(*, upload: ImportUpload, actor: Scope) -> None:
    """Stop the step that is under way; it is rolled back.

    Everybody who may undo an import may also stop its undoing, however old it is.
    """
    actor.demand(Right.IMPORT_CUSTOMERS)
    if upload.state == UploadState.UNDOING and imports_of(actor).filter(pk=upload.pk).exists():
        demand_undo(upload=upload, actor=actor)
    else:
        demand_own(upload, actor)
    if upload.state in UNDER_WAY:
        progress.cancel(upload)
        _stop_unless_begun(upload)


def _stop_unless_begun(upload: ImportUpload) -> None:
    """Stop a step that no worker has begun.

    If a worker begins it at the same moment, he finds another state, or holds the row; then he is the one who stops it.
    """
    waiting = ImportUpload.objects.filter(pk=upload.pk, state=upload.state, progress__total=0)
    if (locked := waiting.select_for_update(of=("self",), skip_locked=True).first()) is not None:
        stop_upload(upload=locked, reason=sentences_of(Cancelled()), is_cancelled=True)


def stop_upload(*, upload: ImportUpload, reason: Sentences, is_cancelled: bool = False) -> None:
    """End the step that is under way as failed or cancelled. What an earlier step has applied stays applied."""
    if upload.state == UploadState.UNDOING:
        upload.failure = reason
        enter(upload, UploadState.APPLIED, "failure")
        return
    upload.failure = reason
    enter(upload, UploadState.CANCELLED if is_cancelled else UploadState.FAILED, "failure")


@transaction.atomic
def start_undo(*, upload: ImportUpload, actor: Scope) -> None:
    """Mark an applied import as being undone. Raises MissingRight, or ValidationError where it cannot be."""
    locked = imports_of(actor).select_for_update(of=("self",)).filter(pk=upload.pk).first()
    if locked is None:
        raise PermissionDenied
    demand_undo(upload=locked, actor=actor)
    demand_edited_here(actor.base)
    beside.demand_undoable(locked, actor)
    if locked.state != UploadState.APPLIED or locked.context is None:
        raise ValidationError(gettext_lazy("This import has been undone already."), code="already_undone")
    progress.begin(locked)
    upload.refresh_from_db()
    enter(upload, UploadState.UNDOING)


def demand_undo(*, upload: ImportUpload, actor: Scope) -> None:
    """Raise MissingRight unless the actor could do by hand what undoing does."""
    actor.demand(Right.IMPORT_CUSTOMERS)
    result = upload.result or {}
    if result.get("created"):
        actor.demand(Right.ADD_CUSTOMERS)
    if result.get("changed"):
        actor.demand(Right.CHANGE_CUSTOMERS)
    demand_fields(CustomerResource.filled_by(upload.choices.get("targets", ())), actor)


@transaction.atomic
def undo_upload(*, upload: ImportUpload, actor: Scope, progress: Progress | None = None) -> None:
    """Reverse an import that `start_undo` has marked."""
    locked = imports_of(actor).select_for_update(of=("self",)).get(pk=upload.pk)
    demand_undo(upload=locked, actor=actor)
    if locked.state != UploadState.UNDOING:
        raise ValidationError(gettext_lazy("This import has been undone already."), code="already_undone")
    progress = progress or Progress()
    with row_scope.rows_of(actor):
        take_turn(upload.base_id, progress=progress)
        take_order(actor.base)
        beside.undo(locked, actor)
        upload.undoing = undo(upload=locked, scope=actor, progress=progress)
    upload.failure = Sentences()
    enter(upload, UploadState.UNDONE, "undoing")


# --- upkeep -----------------------------------------------------------------------------------------------------


def is_going_on(upload: ImportUpload, now: datetime) -> bool:
    """Whether a step waits for the worker or is being done. One that began a day ago counts as given up."""
    return upload.state in UNDER_WAY and upload.state_since > now - LIFETIME


def delete_expired(*, upload: ImportUpload) -> None:
    """Delete the file and its rows. The record of an applied import is kept, to undo it. Called in its scope."""
    clear_rows(upload)
    ImportChunk.objects.filter(file=upload).delete()
    if upload.state not in DONE:
        upload.delete()
    else:
        upload.cleared_at = timezone.now()
        if "seen" in upload.choices:  # with some cells of each column, as they stood in the file
            nothing: list[list[str]] = [[] for _heading in upload.choices["headings"]]
            upload.choices = {**upload.choices, "seen": {**upload.choices["seen"], "examples": nothing}}
        upload.save(update_fields=["cleared_at", "choices"])


def clear_rows(upload: ImportUpload) -> None:
    """Delete the staged rows and what was recorded about them, except what undoing could not restore."""
    if upload.state in DONE:
        upload.verdicts.exclude(verdict__in=("kept", "stuck")).delete()
    clear(upload, is_judged=upload.state not in DONE, is_over=True)


def go_back(*, upload: ImportUpload, actor: Scope) -> None:
    """Set an upload back to the choice of its columns."""
    actor.demand(Right.IMPORT_CUSTOMERS)
    demand_own(upload, actor)
    if upload.state in OPEN:
        enter(upload, UploadState.UPLOADED)


def enter(upload: ImportUpload, state: UploadState, *written: str) -> None:
    """Set the state, save the fields `written`, and clear what belonged to the state before: preview or failure."""
    names = {"state", "state_since", *written}
    upload.state, upload.state_since = state, timezone.now()
    if state in {UploadState.UPLOADED, UploadState.CHECKING}:
        upload.preview, upload.new_rows = None, "{}"
        names |= {"preview", "new_rows"}
    if state not in {UploadState.FAILED, UploadState.CANCELLED, UploadState.APPLIED}:
        upload.failure = Sentences()
        names.add("failure")
    upload.save(update_fields=names)


def demand_own(upload: ImportUpload, actor: Scope) -> None:
    """Raise PermissionDenied unless the file is the actor's own and of the base that he works with now."""
    if actor.is_system and upload.user_id is None and upload.location_id == actor.location.pk:
        return  # of a command, which holds it in its hands
    if not uploads_of(actor, now=timezone.now()).filter(pk=upload.pk).exists():
        raise PermissionDenied


def demand_open(upload: ImportUpload) -> None:
    """Raise ValidationError unless the choices of the upload may still change."""
    if upload.state not in OPEN:
        raise ValidationError(
            gettext_lazy("This import is under way or done. Upload the file again."), code="upload_closed"
        )
