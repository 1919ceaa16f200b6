"""Bodies of requests come whole or not at all, and whoever sends one drop by drop does not keep a thread for himself.

A server gives out what has come when the connection is cut, and a form that ends in the middle looks like a shorter
one: what was announced has to be there.

A thread reads a body as it comes and can do nothing else meanwhile. So each piece must come within `PIECE_SECONDS`, and
of those that come slowly a process reads at most `SLOW_AT_ONCE`: where one more is slow, the one that waits longest is
given up. A server that waits for the rest of a body that nobody wanted to read undoes this: gunicorn does so for the
next request on the same connection, and is started with `--keep-alive 0`. Whoever sends the lines before the body
slowly holds a thread all the same; a web server in front that hands on whole requests only (deploy/nginx.conf) lets
none of them come so far. This is for the server alone, which shows its socket as gunicorn does.
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Buffer, Callable, Iterable
from typing import Any

from mcp.project.watch_thread import Lookout

type Application = Callable[[dict[str, Any], Any], Iterable[bytes]]

PIECE_BYTES = 16 * 1024
PIECE_SECONDS = 10.0
SLOW_SECONDS = 1.0
"""A piece that takes longer than this is slow: 16 kB a second."""
SLOW_AT_ONCE = 2
EACH = 0.25


class NotWhole(OSError):
    """The rest of the body was not waited for, or never came; Django makes an UnreadablePostError of it."""


class Reading:
    """A piece that is being read: since when, and whether it was given up."""

    def __init__(self, browser: socket.socket) -> None:
        self.browser = browser
        self.since = time.monotonic()
        self.is_given_up = False

    def give_up(self) -> None:
        """The thread that waits in recv() goes on with what has come; an answer can still be sent."""
        self.is_given_up = True
        try:
            self.browser.shutdown(socket.SHUT_RD)
        except OSError:  # the other side has left
            return


def overdue(readings: Iterable[Reading], *, now: float) -> list[Reading]:
    """Those that take too long, and of the slow ones the longest, so that `SLOW_AT_ONCE` are left."""
    slow = sorted((one for one in readings if now - one.since > SLOW_SECONDS), key=lambda one: one.since)
    too_many = slow[: max(0, len(slow) - SLOW_AT_ONCE)]
    return [one for one in slow if now - one.since > PIECE_SECONDS or one in too_many]


def _give_up_overdue(readings: list[Reading]) -> None:
    for reading in overdue([one for one in readings if not one.is_given_up], now=time.monotonic()):
        reading.give_up()


_lookout = Lookout(_give_up_overdue, name="slow bodies", each=EACH)


class Body(io.RawIOBase):
    """The body of a request, read in pieces, each of which is looked after where the server shows its socket."""

    def __init__(self, body: Any, *, length: int | None, browser: socket.socket | None) -> None:
        """`length` is what was announced; None where the pieces themselves say when they end."""
        super().__init__()
        self._body = body
        self._left = length
        self._browser = browser

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        view = memoryview(buffer)
        size = min(len(view), PIECE_BYTES, PIECE_BYTES if self._left is None else self._left)
        piece = self._read(size) if size else b""
        if size and not piece and self._left:
            raise NotWhole("The connection was cut in the middle of the body.")
        if self._left is not None:
            self._left -= len(piece)
        view[: len(piece)] = piece
        return len(piece)

    def _read(self, size: int) -> bytes:
        read: Callable[[int], bytes] = self._body.read
        if self._browser is None:
            return read(size)
        reading = Reading(self._browser)
        with _lookout.over(reading):
            piece = read(size)
        if reading.is_given_up:
            raise NotWhole("The body of the request came too slowly.")
        return piece


def whole_bodies(application: Application) -> Application:
    """The same application, which reads bodies in pieces and hears of those that are cut."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        browser = environ.get("gunicorn.socket")
        length = environ.get("CONTENT_LENGTH") or ""
        body = Body(
            environ["wsgi.input"],
            length=int(length) if length.isdecimal() else None,
            browser=browser if isinstance(browser, socket.socket) else None,
        )
        environ["wsgi.input"] = io.BufferedReader(body, PIECE_BYTES)
        return application(environ, start_response)

    return answer
