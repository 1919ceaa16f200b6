"""A thread of a web process that watches what its other threads wait for. The first of them starts it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Lookout[T]:
    """Calls `look` every `each` seconds with everything that is waited for, while there is anything.

    During the call nothing can begin or end to be waited for: what `look` does to one of them cannot hit the next user
    of the same connection.
    """

    def __init__(self, look: Callable[[list[T]], None], *, name: str, each: float) -> None:
        self._look, self._name, self._each = look, name, each
        self._changed = threading.Condition()
        self._waiting: dict[int, T] = {}
        self._thread: threading.Thread | None = None

    @contextmanager
    def over(self, waiting: T) -> Iterator[None]:
        """While the block runs, `waiting` is among what `look` is called with."""
        with self._changed:
            self._waiting[id(waiting)] = waiting
            self._begin()
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                del self._waiting[id(waiting)]

    def _begin(self) -> None:
        if self._thread is None or not self._thread.is_alive():  # a process that was forked has no thread
            self._thread = threading.Thread(target=self._look_after, name=self._name, daemon=True)
            self._thread.start()

    def _look_after(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    self._changed.wait()
            time.sleep(self._each)  # and not until somebody else begins: many begin in a second
            with self._changed:
                self._look([*self._waiting.values()])
