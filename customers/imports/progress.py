"""How far an import is, told on a connection of its own, and the wish to stop it, heard there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from customers.models import ImportProgress, ImportUpload
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope

SECONDS = 0.5
"""How often it is told at most."""


class Cancelled(ValidationError):
    """Somebody has stopped it; nothing of the step under way is kept."""

    def __init__(self) -> None:
        super().__init__(_("The import was cancelled. Nothing of it was written."), code="cancelled")


class Progress:
    """Tells nothing and hears nothing: for what is done while the browser waits."""

    patience: float | None = 5.0
    """How many seconds one waits for others; without a limit where it is None."""

    def tell(self, done: int, total: int) -> None:
        """`done` of `total`, in whatever unit. Raises Cancelled."""


class Patient(Progress):
    """For what nobody waits for in a browser."""

    patience = None


class ToldProgress(Patient):
    """Written by itself, so that it is seen while the transaction of the import goes on."""

    def __init__(self, aside: Any, upload: ImportUpload) -> None:
        self._aside, self._upload, self._last = aside, upload, 0.0

    def tell(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._last < SECONDS and done < total:
            return
        self._last = now
        with self._aside.transaction() as cursor:
            cursor.execute(
                "UPDATE customers_importprogress SET done = %s, total = %s WHERE file_id = %s RETURNING is_cancelled",
                [done, total, self._upload.pk],
            )
            if cursor.fetchone() == (True,):
                raise Cancelled


def begin(upload: ImportUpload) -> None:
    """A step begins: nothing is done yet, and nobody wants to stop it."""
    ImportProgress.objects.update_or_create(
        file=upload,
        defaults={"base_id": upload.base_id, "done": 0, "total": 0, "is_cancelled": False, "reserved": None},
    )


def cancel(upload: ImportUpload) -> None:
    ImportProgress.objects.filter(file=upload).update(is_cancelled=True)


@contextmanager
def told(upload: ImportUpload, scope: Scope) -> Iterator[Progress]:
    with row_scope.second_connection(scope) as aside:
        yield ToldProgress(aside, upload)
