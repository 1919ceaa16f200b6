"""Cancels the database statements of pages whose browser has closed the connection: nobody waits for the answer.

Only for requests that read. What somebody has sent is carried out, also where he has closed the connection.
"""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest

from mcp.project.watch_thread import Lookout

log = logging.getLogger(__name__)
EACH = 1.0
"""Seconds between two looks."""
PATIENCE = 2.0
"""Seconds that the database may take to answer the request to cancel."""
SAFE_METHODS = frozenset({"GET", "HEAD"})


type Waiting = tuple[socket.socket, BaseDatabaseWrapper]
"""The connection of a browser, and the one to the database over which its page is read."""


def _give_up_those_who_have_left(waiting: list[Waiting]) -> None:
    """Cancel the statements of browsers that have left. The connections to the database go on to serve others."""
    for browser, database in waiting:
        if has_left(browser):
            _give_up(database)


def has_left(browser: socket.socket) -> bool:
    """Whether the browser has closed the connection. Bytes that it has sent stay unread."""
    try:
        return browser.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def _give_up(database: BaseDatabaseWrapper) -> None:
    if database.connection is None:
        return
    try:
        database.connection.cancel_safe(timeout=PATIENCE)
    except Exception:
        log.warning("A question that nobody waits for could not be given up", exc_info=True)


_lookout = Lookout(_give_up_those_who_have_left, name="watch", each=EACH)


@contextmanager
def watched(request: HttpRequest) -> Iterator[None]:
    """While the block makes a page that only reads, cancel its statements when the browser leaves.

    Works where the server gives its socket to the application, as gunicorn does.
    """
    browser = request.META.get("gunicorn.socket")
    if (
        request.method not in SAFE_METHODS
        or not isinstance(browser, socket.socket)
        or isinstance(browser, ssl.SSLSocket)
    ):
        yield
        return
    with _lookout.over((browser, connections[DEFAULT_DB_ALIAS])):
        yield
