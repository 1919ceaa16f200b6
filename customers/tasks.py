"""What the worker does for the customer master."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pghistory
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from procrastinate.contrib.django import app

from customers import counting
from customers.choices import UploadState
from customers.models import ImportUpload
from customers.transfer import uploads
from mcp import access
from mcp.scope import Scope

log = logging.getLogger(__name__)


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="compact_counts")
def compact_counts(timestamp: int) -> None:
    counting.compact_counts()


@app.periodic(cron="7 * * * *")
@app.task(queueing_lock="delete_expired_uploads")
def delete_expired_uploads(timestamp: int) -> None:
    uploads.delete_expired_uploads(now=timezone.now())


@app.task
def check_upload(upload: str) -> None:
    """Find out what an import would do."""
    _work(upload, UploadState.CHECKING, lambda row, scope: uploads.check_upload(upload=row, actor=scope))


@app.task
def apply_upload(upload: str) -> None:
    """Import what was confirmed."""
    _work(upload, UploadState.APPLYING, lambda row, scope: uploads.apply_upload(upload=row, actor=scope))


def _work(pk: str, state: UploadState, step: Callable[[ImportUpload, Scope], None]) -> None:
    """Do a step with the rights that the user has now. What goes wrong is told on the page of the upload."""
    upload = ImportUpload.objects.select_related("user", "location__organization").filter(pk=pk, state=state).first()
    if upload is None:
        return
    place = upload.location
    with override(upload.user.language):
        try:
            scope = access.scope_at(
                upload.user, account_number=place.organization.account_number, client_number=place.client_number
            )
            with pghistory.context(**scope.history(reason=_("Import of %(name)s") % {"name": upload.name})):
                step(upload, scope)
        except ValidationError as refusal:
            uploads.fail_upload(upload=upload, reason=" ".join(refusal.messages))
        except Exception:
            log.exception("Import %s broke off; nothing of it was written", pk)
            reason = _(
                "The import broke off, and nothing of it was written. Try again; if it happens again, tell support."
            )
            uploads.fail_upload(upload=upload, reason=reason)
