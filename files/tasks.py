"""The periodic task that deletes files that have expired."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from files import lifecycle
from files.kinds import FileKind, kinds
from files.models import WorkedFile
from mcp.isolation import row_scope
from mcp.worker.somebody import WORKER
from mcp.worker.upkeep import for_each


@app.periodic(cron="17 * * * *")
@app.task(queueing_lock="delete_expired_files")
def delete_expired_files(timestamp: int) -> None:
    """Of each kind in a transaction of its own. Raises ExceptionGroup at the end where one failed."""
    for_each(kinds(), _delete_expired, what="What has expired of %s could not be deleted")


def _delete_expired[File: WorkedFile](kind: FileKind[File]) -> None:
    with row_scope.without_scope(reason=f"delete files of the kind {kind.name} that have expired", actor=WORKER):
        lifecycle.delete_expired(kind, now=timezone.now())
