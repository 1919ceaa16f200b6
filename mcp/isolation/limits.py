"""What becomes of a request that waits too long for somebody else, or asks for too much at once.

The limits of a request stand in the settings (REQUEST_LIMITS); the worker and commands have none. Behind a pooler they
cannot be settings of the connection, so each transaction of a request says them itself (see row_security.limited).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.db import OperationalError, transaction
from django.utils.translation import gettext_lazy
from psycopg import errors


class Busy(ValidationError):
    """Somebody else holds what was to be written. What was typed is still there."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy(
                "Somebody else is writing the same at this moment, and it takes longer than usual. Nothing was saved. "
                "What you have typed is still here: save again in a moment."
            ),
            code="busy",
        )


@contextmanager
def busy_told() -> Iterator[None]:
    """Raise Busy where somebody else is waited for too long; nothing of the block is kept then."""
    try:
        with transaction.atomic():
            yield
    except OperationalError as error:
        if waited_too_long(error):
            raise Busy from error
        raise


def waited_too_long(error: BaseException) -> bool:
    """Whether the database gave up because somebody else held what was needed."""
    return isinstance(error.__cause__, (errors.LockNotAvailable, errors.DeadlockDetected))


def took_too_long(error: BaseException) -> bool:
    """Whether the database stopped a statement that went on for too long."""
    return isinstance(error.__cause__, errors.QueryCanceled)
