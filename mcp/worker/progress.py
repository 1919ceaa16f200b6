"""How far a task is, told over a connection of its own, and the wish to stop it, heard there."""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import Any

SECONDS = 0.5
"""How often it is told at most."""


class Progress:
    """Tells nothing and hears nothing: for what is done while the browser waits."""

    patience: float | None = 5.0
    """How many seconds one waits for others; without a limit where it is None."""

    def tell(self, done: int, total: int) -> None:
        """`done` of `total`, in whatever unit. Raises where the task is to be broken off."""


class Patient(Progress):
    """For what nobody waits for in a browser."""

    patience = None


class ToldProgress(Patient):
    """Written by itself, so that it is seen while the transaction of the task goes on."""

    def __init__(self, second: Any) -> None:
        self._second, self._last = second, 0.0

    def tell(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._last < SECONDS and done < total:
            return
        self._last = now
        with self._second.transaction() as cursor:
            self.write(cursor, done, total)

    @abstractmethod
    def write(self, cursor: Any, done: int, total: int) -> None:
        """Store it. Raises where somebody wants the task to stop, or where it is not this worker's any more."""
