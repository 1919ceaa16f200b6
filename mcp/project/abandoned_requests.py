"""What nobody waits for any more is not worked out: a browser that has left takes its question to the database along.

Only reading is given up. Whoever has pressed a button and left has still pressed it.
"""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.http import HttpRequest

from mcp.project.watch_thread import Lookout

log = logging.getLogger(__name__)
EACH = 1.0
"""So many seconds pass between two looks."""
PATIENCE = 2.0
"""So many seconds the database may take to hear that a question is given up."""
SAFE_METHODS = frozenset({"GET", "HEAD"})


def _give_up_those_who_have_left(waiting: list[tuple[socket.socket, Any]]) -> None:
    """What they ask the database. Afterwards the connection may ask something for somebody else."""
    for browser, database in waiting:
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


_lookout = Lookout(_give_up_those_who_have_left, name="watch", each=EACH)


@contextmanager
def watched(request: HttpRequest) -> Iterator[None]:
    """While a page is made that only reads. A server that does not show its socket is not watched."""
    browser: Any = request.META.get("gunicorn.socket")
    is_plain = isinstance(browser, socket.socket) and not isinstance(browser, ssl.SSLSocket)
    if request.method not in SAFE_METHODS or not is_plain:
        yield
        return
    with _lookout.over((browser, connections[DEFAULT_DB_ALIAS])):
        yield
