"""Checks that bodies of requests arrive completely, and gives up those that arrive too slowly.

When a connection is cut, a server hands out the bytes that have arrived. A form that ends in the middle looks like a
shorter form, so a body must have the length that was announced.

A thread that reads a body can do nothing else. Each piece must arrive within `PIECE_SECONDS`. Of the bodies that arrive
slowly a process reads at most `SLOW_AT_ONCE`; if there is one more, the one that has waited longest is given up.

Two things are outside of this module. A server that reads the rest of a body that the application did not want would
wait as long after all; gunicorn does so before the next request on the same connection, and is therefore started with
`--keep-alive 0`. Clients that send their header lines slowly hold a thread too; the web server in front
(deploy/nginx.conf) hands on complete requests only. All this needs the socket of the client, which gunicorn puts into
the environment of a request.
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Buffer, Iterable
from wsgiref.types import InputStream, StartResponse, WSGIApplication, WSGIEnvironment

from mcp.project.watch_thread import Lookout

PIECE_BYTES = 8 * 1024
PIECE_SECONDS = 10.0
"""A branch whose line carries 1 kB a second sends its changes in time."""
SLOW_SECONDS = 1.0
"""A piece that takes longer is slow: that is less than 8 kB a second."""
SLOW_AT_ONCE = 2
EACH = 0.25


class NotWhole(OSError):
    """A body did not arrive completely, or too slowly. Django turns it into UnreadablePostError."""


class Reading:
    """A piece that is being read: since when, and whether it was given up."""

    def __init__(self, browser: socket.socket) -> None:
        self.browser = browser
        self.since = time.monotonic()
        self.is_given_up = False

    def give_up(self) -> None:
        """Shut the reading side of the socket: recv() returns, and an answer can still be sent."""
        self.is_given_up = True
        try:
            self.browser.shutdown(socket.SHUT_RD)
        except OSError:  # the other side has left
            return


def overdue(readings: Iterable[Reading], *, now: float) -> list[Reading]:
    """Those to be given up: slower than PIECE_SECONDS, and the longest of the slow ones beyond `SLOW_AT_ONCE`."""
    slow = sorted((one for one in readings if now - one.since > SLOW_SECONDS), key=lambda one: one.since)
    too_many = slow[: max(0, len(slow) - SLOW_AT_ONCE)]
    return [one for one in slow if now - one.since > PIECE_SECONDS or one in too_many]


def _give_up_overdue(readings: list[Reading]) -> None:
    for reading in overdue([one for one in readings if not one.is_given_up], now=time.monotonic()):
        reading.give_up()


_lookout = Lookout(_give_up_overdue, name="slow bodies", each=EACH)


class Body(io.RawIOBase):
    """The body of a request, read in pieces; each is watched where the socket is known."""

    def __init__(self, body: InputStream, *, length: int | None, browser: socket.socket | None) -> None:
        """`length` is the announced number of bytes; None for a chunked body, which marks its own end."""
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
        if self._browser is None:
            return self._body.read(size)
        reading = Reading(self._browser)
        with _lookout.over(reading):
            piece = self._body.read(size)
        if reading.is_given_up:
            raise NotWhole("The body of the request came too slowly.")
        return piece


def whole_bodies(application: WSGIApplication) -> WSGIApplication:
    """The same application, whose requests have a `Body` as their input."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
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
