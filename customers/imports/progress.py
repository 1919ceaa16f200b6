"""How far an import is, told on a connection of its own, and the wish to stop it, heard there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext_lazy as _

from customers.models import ImportProgress, ImportUpload
from mcp.isolation import row_scope
from mcp.isolation.row_scope import SecondConnection
from mcp.isolation.scope import Scope
from mcp.worker.progress import Progress, ToldProgress


class Cancelled(ValidationError):
    """Somebody has stopped it; nothing of the step under way is kept."""

    def __init__(self) -> None:
        super().__init__(_("The import was cancelled. Nothing of it was written."), code="cancelled")


class UploadProgress(ToldProgress):
    """Raises Cancelled where somebody has stopped the import."""

    def __init__(self, second: SecondConnection, upload: ImportUpload) -> None:
        super().__init__(second)
        self._upload = upload

    def write(self, cursor: CursorWrapper, done: int, total: int) -> None:
        cursor.execute(
            "UPDATE customers_importprogress SET done = %s, total = %s WHERE file_id = %s RETURNING is_cancelled",
            [done, total, self._upload.pk],
        )
        if cursor.fetchone() == (True,):
            raise Cancelled


def begin(upload: ImportUpload) -> None:
    """Set the progress to nothing done and not cancelled."""
    ImportProgress.objects.update_or_create(
        file=upload,
        defaults={"base_id": upload.base_id, "done": 0, "total": 0, "is_cancelled": False, "reserved": None},
    )


def cancel(upload: ImportUpload) -> None:
    """Note that somebody wants the step to stop."""
    ImportProgress.objects.filter(file=upload).update(is_cancelled=True)


@contextmanager
def told(upload: ImportUpload, scope: Scope) -> Iterator[Progress]:
    """Inside, the progress of the import is stored over a connection of its own."""
    with row_scope.second_connection(scope) as second:
        yield UploadProgress(second, upload)
