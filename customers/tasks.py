"""What the worker does for the customer master by the clock: counts are added up, what has expired is deleted."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.utils import timezone
from procrastinate.contrib.django import app

from customers import feed
from customers.bulk import changing
from customers.figures import counts
from customers.imports import lifecycle
from customers.models import ImportUpload
from locations.models import Location
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.worker.somebody import WORKER
from mcp.worker.upkeep import for_each

log = logging.getLogger(__name__)


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="compact_counts")
def compact_counts(timestamp: int) -> None:
    """Add up the increments of kept counts, and delete the figures of months that are long over."""
    with row_scope.without_scope(reason="find bases whose counts are to be added up", actor=WORKER):
        counts.forget_months()
        bases = {*counts.crowded_bases(), *counts.bases_with_crowded_months()}
    for_each(sorted(bases), _compact, what="The counts of base %s could not be added up")


def _compact(base: int) -> None:
    with row_scope.without_scope(reason="add up the counts of a base", actor=WORKER):
        counts.compact_counts([base])
        counts.compact_months([base])


@app.periodic(cron="53 2 * * *")
@app.task(queueing_lock="forget_superseded_changes")
def forget_superseded_changes(timestamp: int) -> None:
    """Delete what is noted of a customer besides his last change."""
    with row_scope.without_scope(reason="find bases whose customers have changed", actor=WORKER):
        bases = feed.bases_with_changes()
    for_each(bases, _forget_superseded, what="The superseded changes of base %s could not be deleted")


def _forget_superseded(base: int) -> None:
    with row_scope.without_scope(reason="delete superseded changes of customers", actor=WORKER):
        feed.forget_superseded(base)


@app.periodic(cron="7 * * * *")
@app.task(queueing_lock="delete_expired_uploads")
def delete_expired_uploads(timestamp: int) -> None:
    """Delete files and staged rows that are a day old.

    Staged rows can only be seen in their own base, so this goes base by base; a failure in one does not stop the
    others.
    """
    with row_scope.without_scope(reason="find files that have expired", actor=WORKER):
        expired = ImportUpload.objects.filter(created_at__lte=timezone.now() - lifecycle.LIFETIME, cleared_at=None)
        places = {
            upload.pk: _place_in_base(upload)
            for upload in expired.select_related("location__organization", "base").order_by("created_at")
        }
    work: dict[str, Callable[[], object]] = {
        "of changes of many customers": _delete_expired_changes,
    }
    for pk, location in places.items():
        work[f"of import {pk}"] = partial(_delete_expired, pk, Scope.of_system(location, name=WORKER))
    for_each(work, lambda name: work[name](), what="What has expired %s could not be deleted")


def _delete_expired_changes() -> None:
    with row_scope.without_scope(reason="delete changes of many customers that have expired", actor=WORKER):
        changing.delete_expired(now=timezone.now())


def _place_in_base(upload: ImportUpload) -> Location:
    """The location of a file, with the base into which it came, even if it works on another one since."""
    location = upload.location
    location.base = upload.base
    return location


def _delete_expired(pk: UUID, scope: Scope) -> None:
    with row_scope.rows_of(scope):
        free = ImportUpload.objects.select_for_update(of=("self",), skip_locked=True)
        if (upload := free.filter(pk=pk).first()) is not None and not lifecycle.is_going_on(upload, timezone.now()):
            lifecycle.delete_expired(upload=upload)
