"""Requests that the database gives up: they waited too long for a lock, or a statement took too long.

The limits are in the settings (REQUEST_LIMITS); the worker and commands have none. Behind a pooler they cannot be
settings of the connection, so each transaction of a request sets them (see row_scope.limited).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.db import OperationalError, transaction
from django.utils.translation import gettext_lazy
from psycopg import errors

from locations.text import LazyText


class Busy(ValidationError):
    """Somebody else holds the lock of what was to be written. The form is shown again with what was typed."""

    def __init__(self, sentence: LazyText | None = None) -> None:
        super().__init__(
            sentence
            or gettext_lazy(
                "Somebody else is writing the same at this moment, and it takes longer than usual. Nothing was saved. "
                "What you have typed is still here: save again in a moment."
            ),
            code="busy",
        )


@contextmanager
def busy_told() -> Iterator[None]:
    """Raise Busy where a lock is waited for too long; the block is rolled back."""
    try:
        with transaction.atomic():
            yield
    except OperationalError as error:
        if waited_too_long(error):
            raise Busy from error
        raise


def waited_too_long(error: BaseException) -> bool:
    """Whether the database gave up because somebody else held a lock, or two waited for each other."""
    return isinstance(error.__cause__, (errors.LockNotAvailable, errors.DeadlockDetected))


def took_too_long(error: BaseException) -> bool:
    """Whether the database stopped a statement that ran for too long."""
    return isinstance(error.__cause__, errors.QueryCanceled)
