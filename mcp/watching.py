"""What nobody waits for any more is not worked out: a browser that has left takes its question to the database along.

Only reading is given up. Whoever has pressed a button and left has still pressed it.
"""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.http import HttpRequest

log = logging.getLogger(__name__)
EACH = 1.0
"""So many seconds pass between two looks."""
PATIENCE = 2.0
"""So many seconds the database may take to hear that a question is given up."""
SAFE_METHODS = frozenset({"GET", "HEAD"})


class Watch:
    """One thread of a web process looks after all browsers that wait; there is none before somebody waits."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[int, tuple[socket.socket, Any]] = {}
        self._thread: threading.Thread | None = None

    @contextmanager
    def over(self, browser: socket.socket) -> Iterator[None]:
        """While the block runs, what it asks the database is given up once the browser has left.

        Afterwards it is not: the connection may ask something for somebody else then.
        """
        key = id(browser)
        with self._changed:
            self._waiting[key] = browser, connections[DEFAULT_DB_ALIAS]
            self._begin()
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                del self._waiting[key]

    def _begin(self) -> None:
        if self._thread is None or not self._thread.is_alive():  # a process that was forked has no thread
            self._thread = threading.Thread(target=self._look_after, name="watch", daemon=True)
            self._thread.start()

    def _look_after(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    self._changed.wait()
                self._changed.wait(EACH)
                for browser, database in self._waiting.values():
                    if has_left(browser):
                        _give_up(database)


def has_left(browser: socket.socket) -> bool:
    """Whether the other side has closed the connection. What it may have sent is left where it is."""
    try:
        return browser.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def _give_up(database: Any) -> None:
    if database.connection is None:
        return
    try:
        database.connection.cancel_safe(timeout=PATIENCE)
    except Exception:
        log.warning("A question that nobody waits for could not be given up", exc_info=True)


_watch = Watch()


@contextmanager
def watched(request: HttpRequest) -> Iterator[None]:
    """While a page is made that only reads. A server that does not show its socket is not watched."""
    browser: Any = request.META.get("gunicorn.socket")
    is_plain = isinstance(browser, socket.socket) and not isinstance(browser, ssl.SSLSocket)
    if request.method not in SAFE_METHODS or not is_plain:
        yield
        return
    with _watch.over(browser):
        yield
