"""Progress of a task: written over a connection of its own, which also tells whether the task is to stop."""

from __future__ import annotations

import time
from abc import abstractmethod

from django.db.backends.utils import CursorWrapper

from mcp.isolation.row_scope import SecondConnection

SECONDS = 0.5
"""The least time between two reports."""


class Progress:
    """Writes nothing and never stops: for work during a request."""

    patience: float | None = 5.0
    """Seconds to wait for locks of others; None is no limit."""

    def tell(self, done: int, total: int) -> None:
        """Report that `done` of `total` units are done. Raises where the task is to be stopped."""


class Patient(Progress):
    """For work that nobody waits for in a browser."""

    patience = None


class ToldProgress(Patient):
    """Progress that others see while the transaction of the task goes on."""

    def __init__(self, second: SecondConnection) -> None:
        self._second, self._last = second, 0.0

    def tell(self, done: int, total: int) -> None:
        """As the base; written at most every SECONDS, and at the end."""
        now = time.monotonic()
        if now - self._last < SECONDS and done < total:
            return
        self._last = now
        with self._second.transaction() as cursor:
            self.write(cursor, done, total)

    @abstractmethod
    def write(self, cursor: CursorWrapper, done: int, total: int) -> None:
        """Store the progress. Raises where somebody wants the task to stop, or another worker has taken it over."""
