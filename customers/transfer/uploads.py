"""An import in the browser: upload, choose columns, check, look, confirm. What was previewed is what is applied."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.choices import UploadState
from customers.models import ImportUpload
from customers.resources import CustomerResource
from customers.transfer.reading import Reading
from customers.transfer.sheet import IGNORE, Sheet, is_our_own, match_columns, read_sheet, sentence
from locations.permissions import Right
from mcp.scope import Scope
from spreadsheets import Limits, Overrules, Problem, UnreadableFile, open_table

LIFETIME = timedelta(hours=24)
MOST_ROWS = 20_000
"""More than that is the business of the command."""
DIRECT_ROWS = 500
"""Up to here a file is checked and applied while the browser waits, below a second; beyond it the worker does it."""
LIMITS = Limits(file_bytes=20 * 1024**2, unpacked_bytes=200 * 1024**2, rows=MOST_ROWS)


def uploads_of(scope: Scope, *, now: datetime) -> QuerySet[ImportUpload]:
    """The files that this user has uploaded at this location and that have not expired."""
    if scope.user is None:
        return ImportUpload.objects.none()
    return ImportUpload.objects.filter(
        user=scope.user.pk, location=scope.location.pk, base=scope.base.pk, created_at__gt=now - LIFETIME
    )


def delete_expired_uploads(*, now: datetime) -> int:
    return ImportUpload.objects.filter(created_at__lte=now - LIFETIME).delete()[0]


def receive_upload(*, name: str, content: bytes, actor: Scope) -> ImportUpload:
    """Keep a file for this user. Raises MissingRight, or ValidationError for one that cannot be read."""
    actor.demand(Right.IMPORT_CUSTOMERS)
    fields = CustomerResource(scope=actor).fields
    choices = _first_choices(name, content, fields)
    upload = ImportUpload(
        organization=actor.organization, base=actor.base, location=actor.location, user=actor.user,
        name=name[:255], sha256=hashlib.sha256(content).hexdigest(), content=content, choices=choices, rows=0,
    )  # fmt: skip
    upload.rows = len(sheet_of(upload))
    upload.save(force_insert=True)
    return upload


def _first_choices(name: str, content: bytes, fields: Mapping[str, Any]) -> dict[str, Any]:
    try:
        with open_table(io.BytesIO(content), name=name, limits=LIMITS) as table:
            targets = match_columns(table.headings, fields)
            return {"targets": targets, "reading": {"null_is_empty": not is_our_own(table.headings, fields)}}
    except UnreadableFile as error:
        raise refusal(error.problem) from error


def refusal(problem: Problem) -> ValidationError:
    if problem.code == "too_many_rows":
        message = _(
            "The file has more than %(limit)s rows. Files of this size are imported by the command "
            "“manage.py import_customers”; ask whoever runs the server."
        )
        return ValidationError(message, code=problem.code, params={"limit": MOST_ROWS})
    return ValidationError(sentence(problem), code=problem.code)


def sheet_of(upload: ImportUpload) -> Sheet:
    """The rows of the file, read as chosen. Raises ValidationError."""
    overrules = Overrules(**upload.choices.get("overrules", {}))
    file = io.BytesIO(bytes(upload.content))
    try:
        return read_sheet(
            file, name=upload.name, overrules=overrules, limits=LIMITS, targets=tuple(upload.choices["targets"])
        )
    except UnreadableFile as error:
        raise refusal(error.problem) from error


def reading_of(upload: ImportUpload) -> Reading:
    return Reading(**upload.choices.get("reading", {}))


@transaction.atomic
def choose_dialect(*, upload: ImportUpload, overrules: Mapping[str, str], actor: Scope) -> None:
    """Read the file in another encoding or with another delimiter; the columns are matched anew."""
    actor.demand(Right.IMPORT_CUSTOMERS)
    _demand_own(upload, actor)
    _demand_open(upload)
    fields = CustomerResource(scope=actor).fields
    known = dict(overrules)
    try:
        with open_table(
            io.BytesIO(bytes(upload.content)), name=upload.name, overrules=Overrules(**known), limits=LIMITS
        ) as table:
            upload.choices = {
                **upload.choices,
                "overrules": known,
                "targets": match_columns(table.headings, fields),
            }
    except UnreadableFile as error:
        raise refusal(error.problem) from error
    upload.rows = len(sheet_of(upload))
    _enter(upload, UploadState.UPLOADED)


@transaction.atomic
def choose_columns(*, upload: ImportUpload, targets: list[str], reading: Reading, actor: Scope) -> None:
    """Say for each column where it goes. Raises ValidationError where one is left open or two go to one field."""
    actor.demand(Right.IMPORT_CUSTOMERS)
    _demand_own(upload, actor)
    _demand_open(upload)
    fields = CustomerResource(scope=actor).fields
    headings = sheet_of(upload).file_headings
    if len(targets) != len(headings) or any(target not in {*fields, IGNORE, ""} for target in targets):
        raise ValidationError(_("The columns have changed. Open the page again."), code="unknown_target")
    _demand_decided(headings, targets, fields)
    upload.choices = {**upload.choices, "targets": targets, "reading": asdict(reading)}
    _enter(upload, UploadState.UPLOADED)


def _demand_decided(headings: tuple[str, ...], targets: list[str], fields: Mapping[str, Any]) -> None:
    for at, (heading, target) in enumerate(zip(headings, targets, strict=True)):
        if not target:
            message = _("Choose where the column “%(heading)s” goes, or that it is left out.")
            raise ValidationError(message, code="undecided_column", params={"heading": heading})
        if target != IGNORE and target in targets[:at]:
            message = _("Two columns go to the same field: “%(first)s” and “%(heading)s”. Leave one of them out.")
            first = headings[targets.index(target)]
            raise ValidationError(message, code="column_twice", params={"first": first, "heading": heading})


@transaction.atomic
def check_upload(*, upload: ImportUpload, actor: Scope) -> None:
    """Find out what the import would do, and keep it as what the user is shown."""
    _demand_own(upload, actor)
    outcome = CustomerResource(scope=actor).run(sheet_of(upload), dry_run=True, reading=reading_of(upload))
    upload.preview = outcome.as_dict()
    _enter(upload, UploadState.CHECKED)


def fingerprint(upload: ImportUpload) -> str:
    """Of the bytes, the choices and the preview: what a confirmation confirms."""
    shown = json.dumps([upload.choices, upload.preview], sort_keys=True)
    content = hashlib.sha256(bytes(upload.content)).hexdigest()
    return hashlib.sha256(f"{content} {shown}".encode()).hexdigest()


@transaction.atomic
def confirm_upload(*, upload: ImportUpload, confirmed: str, actor: Scope) -> None:
    """Mark a previewed upload as being applied; nobody can do that twice.

    Raises ValidationError unless `confirmed` is the fingerprint of exactly what is stored now.
    """
    actor.demand(Right.IMPORT_CUSTOMERS)
    locked = uploads_of(actor, now=timezone.now()).select_for_update().get(pk=upload.pk)
    if locked.state != UploadState.CHECKED:
        raise ValidationError(_("This import was confirmed already."), code="already_confirmed")
    intact = hashlib.sha256(bytes(locked.content)).hexdigest() == locked.sha256
    if not intact or confirmed != fingerprint(locked):
        raise ValidationError(
            _("The file or the choices have changed since the preview. Look at the new preview and confirm that."),
            code="not_what_was_previewed",
        )
    upload.refresh_from_db()
    _enter(upload, UploadState.APPLYING)


@transaction.atomic
def apply_upload(*, upload: ImportUpload, actor: Scope) -> None:
    """Import a confirmed upload: what was previewed, less what others have changed since."""
    _demand_own(upload, actor)
    locked = ImportUpload.objects.select_for_update(of=("self",)).get(pk=upload.pk)
    if locked.state != UploadState.APPLYING:
        raise ValidationError(_("This import was confirmed already."), code="already_confirmed")
    seen = {int(pk): moment for pk, moment in (upload.preview or {})["seen"].items()}
    outcome = CustomerResource(scope=actor).run(sheet_of(upload), dry_run=False, reading=reading_of(upload), seen=seen)
    upload.result = {**outcome.as_dict(), "seen": {}}
    _enter(upload, UploadState.APPLIED)


def fail_upload(*, upload: ImportUpload, reason: str) -> None:
    upload.failure = reason
    _enter(upload, UploadState.FAILED)


def start(*, upload: ImportUpload, state: UploadState) -> None:
    """The worker will do it; until then the page shows that it is under way."""
    _enter(upload, state)


def _enter(upload: ImportUpload, state: UploadState) -> None:
    upload.state, upload.state_since = state, timezone.now()
    if state in {UploadState.UPLOADED, UploadState.CHECKING}:
        upload.preview = None
    upload.save()


def _demand_own(upload: ImportUpload, actor: Scope) -> None:
    """Raise PermissionDenied for a file of somebody else, or for another base than the location works on now."""
    if not uploads_of(actor, now=timezone.now()).filter(pk=upload.pk).exists():
        raise PermissionDenied


def _demand_open(upload: ImportUpload) -> None:
    if upload.state in {UploadState.CHECKING, UploadState.APPLYING, UploadState.APPLIED}:
        raise ValidationError(_("This import is under way or done. Upload the file again."), code="upload_closed")
