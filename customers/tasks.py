"""What the worker does for the customer master."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pghistory
from django.core.exceptions import ValidationError
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from procrastinate.contrib.django import app

from customers import counting
from customers.choices import UploadState
from customers.models import ImportUpload
from customers.transfer import uploads
from mcp import access, row_security
from mcp.scope import MissingRight, Scope

log = logging.getLogger(__name__)
WORKER = "the worker"


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="compact_counts")
def compact_counts(timestamp: int) -> None:
    with row_security.without_scope(reason="add up the counts of all bases", actor=WORKER):
        counting.compact_counts()


@app.periodic(cron="7 * * * *")
@app.task(queueing_lock="delete_expired_uploads")
def delete_expired_uploads(timestamp: int) -> None:
    with row_security.without_scope(reason="delete uploads that have expired", actor=WORKER):
        uploads.delete_expired_uploads(now=timezone.now())


@app.task
def check_upload(upload: str, **somebody: int) -> None:
    """Find out what an import would do. `somebody` is what `for_somebody` gives."""
    _work(upload, UploadState.CHECKING, somebody, uploads.check_upload)


@app.task
def apply_upload(upload: str, **somebody: int) -> None:
    """Import what was confirmed. `somebody` is what `for_somebody` gives."""
    _work(upload, UploadState.APPLYING, somebody, uploads.apply_upload)


def for_somebody(scope: Scope) -> dict[str, int]:
    """For whom a task works and where; it holds the rights that he has when it runs."""
    return {
        "user": scope.user.pk if scope.user else 0,
        "account_number": scope.organization.account_number,
        "client_number": scope.location.client_number,
    }


def _work(pk: str, state: UploadState, somebody: dict[str, int], step: Callable[..., None]) -> None:
    """Do a step with the rights that the user has now. What goes wrong is told on the page of the upload."""
    try:
        scope = access.enter_as(**somebody)
    except Http404:
        _refuse(pk, state)
        return
    with override(scope.user.language if scope.user else None):
        try:
            with row_security.rows_of(scope):
                _do(pk, state, scope, step)
        except (ValidationError, MissingRight) as refusal:
            _fail(pk, state, scope, str(refusal) if isinstance(refusal, MissingRight) else " ".join(refusal.messages))
        except Exception:
            log.exception("Import %s broke off; nothing of it was written", pk)
            reason = _(
                "The import broke off, and nothing of it was written. Try again; if it happens again, tell support."
            )
            _fail(pk, state, scope, reason)


def _do(pk: str, state: UploadState, scope: Scope, step: Callable[..., None]) -> None:
    upload = _upload(pk, state)
    if upload is None:
        return
    with pghistory.context(**scope.history(reason=_("Import of %(name)s") % {"name": upload.name})):
        step(upload=upload, actor=scope)
    access.demand_still(scope)


def _fail(pk: str, state: UploadState, scope: Scope, reason: str) -> None:
    with row_security.rows_of(scope):
        if (upload := _upload(pk, state)) is not None:
            uploads.fail_upload(upload=upload, reason=reason)


def _refuse(pk: str, state: UploadState) -> None:
    with row_security.without_scope(reason="an import is for nobody who may work there any more", actor=WORKER):
        if (upload := _upload(pk, state)) is not None:
            uploads.fail_upload(upload=upload, reason=_("The user may not work at this location any more."))


def _upload(pk: str, state: UploadState) -> ImportUpload | None:
    return ImportUpload.objects.filter(pk=pk, state=state).first()
