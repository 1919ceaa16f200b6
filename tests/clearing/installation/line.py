"""The line between branch and central: a proxy for TCP on the loopback that can be disturbed.

    line = Line(to_port)
    line.disturb("decide", drop_answer)       the next request whose first line matches
    line.requests                             what has passed: first line, whole bytes, and the status of the answer

One request for each connection, as the central closes it after each answer. A disturbance is a function that is given
the exchange and does instead what it likes; it is good for one request. At a point in the line half of a body has
passed on.
"""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from tests.clearing.installation.points import POINTS, Held, Points

PIECE = 64 * 1024
END = b"\r\n\r\n"
IN_THE_LINE = {name: (pattern, part) for name, (side, pattern, part) in POINTS.items() if side == "line"}


@dataclass
class Exchange:
    """One request and its answer."""

    here: socket.socket
    port: int
    request: bytes
    answer: bytes = b""

    @property
    def first_line(self) -> str:
        return self.request.partition(b"\r\n")[0].decode()

    @property
    def body(self) -> bytes:
        return self.request.partition(END)[2]

    @property
    def content(self) -> bytes:
        """What is answered, however it was divided into pieces on its way."""
        head, _mark, rest = self.answer.partition(END)
        if b"transfer-encoding: chunked" not in head.lower():
            return rest
        found = bytearray()
        while rest:
            length, _mark, rest = rest.partition(b"\r\n")
            size = int(length, 16)
            found += rest[:size]
            rest = rest[size + 2 :]
        return bytes(found)

    @property
    def status(self) -> int:
        words = self.answer.split(b" ", 2)
        return int(words[1]) if len(words) > 1 else 0

    def forward(self) -> None:
        """Send the request on, and take the whole answer."""
        self.answer = ask(self.port, self.request)

    def give(self) -> None:
        """Hand the answer to the branch."""
        self.here.sendall(self.answer)

    def reset(self) -> None:
        """End the connection as a machine does that knows nothing of it."""
        self.here.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


type Disturbance = Callable[[Exchange], None]


class Line:
    """Listens on a port of its own as long as it is not closed. One line serves a whole file of tests."""

    def __init__(self, points: Points) -> None:
        self.to, self.requests, self._points = 0, list[Exchange](), points
        self._disturbances: list[tuple[str, Disturbance]] = []
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def forget(self) -> None:
        """A new test begins."""
        self.requests.clear()
        self._disturbances.clear()

    def disturb(self, pattern: str, how: Disturbance, times: int = 1) -> None:
        """Do this with the next request of which the first line matches."""
        self._disturbances += [(pattern, how)] * times

    @property
    def is_undisturbed(self) -> bool:
        """Whether every disturbance has had its request."""
        return not self._disturbances

    def _serve(self) -> None:
        while True:
            try:
                here, _address = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(here,), daemon=True).start()

    def _carry(self, here: socket.socket) -> None:
        with here, suppress(OSError):
            exchange = Exchange(here, self.to, read_request(here))
            if not exchange.request:
                return
            self.requests.append(exchange)
            for pattern, how in self._disturbances:
                if re.search(pattern, exchange.first_line):
                    self._disturbances.remove((pattern, how))
                    how(exchange)
                    return
            self._pass(exchange)

    def _pass(self, exchange: Exchange) -> None:
        """As it came, but that a test may do something half way."""
        for point, (pattern, part) in IN_THE_LINE.items():
            if re.search(pattern, exchange.first_line):
                if part == "request":
                    self._half_of_request(exchange, point)
                    return
                exchange.forward()
                middle = len(exchange.answer) // 2
                exchange.here.sendall(exchange.answer[:middle])
                self._points.reach(Held(point))
                exchange.here.sendall(exchange.answer[middle:])
                return
        exchange.forward()
        exchange.give()

    def _half_of_request(self, exchange: Exchange, point: str) -> None:
        middle = len(exchange.request) - len(exchange.body) // 2
        with socket.create_connection(("127.0.0.1", exchange.port)) as there:
            there.sendall(exchange.request[:middle])
            self._points.reach(Held(point))
            there.sendall(exchange.request[middle:])
            exchange.answer = read_all(there)
        exchange.give()


def ask(port: int, request: bytes) -> bytes:
    """What is answered to these bytes. Raises OSError where nothing is."""
    with socket.create_connection(("127.0.0.1", port)) as there:
        there.sendall(request)
        answer = read_all(there)
    if not answer:
        raise ConnectionResetError
    return answer


def read_all(there: socket.socket) -> bytes:
    found = bytearray()
    while piece := there.recv(PIECE):
        found += piece
    return bytes(found)


def read_request(here: socket.socket) -> bytes:
    """Head and body; nothing where the other side hangs up before."""
    found = bytearray()
    while END not in found:
        piece = here.recv(PIECE)
        if not piece:
            return b""
        found += piece
    said = re.search(rb"(?i)\r\ncontent-length: *(\d+)", found)
    whole = found.index(END) + len(END) + (int(said[1]) if said else 0)
    while len(found) < whole:
        piece = here.recv(PIECE)
        if not piece:
            return b""
        found += piece
    return bytes(found)


# --- disturbances -------------------------------------------------------------------------------------------------


def cut_before(exchange: Exchange) -> None:
    """The request never arrives."""


def reset_before(exchange: Exchange) -> None:
    exchange.reset()


def drop_answer(exchange: Exchange) -> None:
    """It arrives, and the line is cut before the answer."""
    exchange.forward()


def reset_after(exchange: Exchange) -> None:
    exchange.forward()
    exchange.reset()


def half_a_request(exchange: Exchange) -> None:
    """Half of the body arrives."""
    middle = len(exchange.request) - len(exchange.body) // 2
    with socket.create_connection(("127.0.0.1", exchange.port)) as there:
        there.sendall(exchange.request[:middle])


def half_an_answer(exchange: Exchange) -> None:
    """Half of the answer comes back, and then nothing."""
    exchange.forward()
    exchange.here.sendall(exchange.answer[: len(exchange.answer) // 2])


@dataclass(frozen=True)
class HalfOpen:
    """It arrives, and neither an answer nor an end comes: the branch gives up by itself."""

    seconds: float

    def __call__(self, exchange: Exchange) -> None:
        exchange.forward()
        exchange.here.settimeout(self.seconds)
        with suppress(TimeoutError):
            exchange.here.recv(1)


@dataclass(frozen=True)
class Slow:
    """So many bytes a second, both ways."""

    bytes_a_second: int
    piece: int = field(default=64)

    def __call__(self, exchange: Exchange) -> None:
        with socket.create_connection(("127.0.0.1", exchange.port)) as there:
            self._send(there, exchange.request)
            exchange.answer = read_all(there)
        self._send(exchange.here, exchange.answer)

    def _send(self, there: socket.socket, content: bytes) -> None:
        for start in range(0, len(content), self.piece):
            there.sendall(content[start : start + self.piece])
            time.sleep(self.piece / self.bytes_a_second)


@dataclass(frozen=True)
class Late:
    """It arrives so much later, and so does the answer."""

    seconds: float

    def __call__(self, exchange: Exchange) -> None:
        time.sleep(self.seconds)
        exchange.forward()
        time.sleep(self.seconds)
        exchange.give()


@dataclass(frozen=True)
class Repeated:
    """It arrives so many times, at once where `at_once`; the branch gets the last answer."""

    times: int
    at_once: bool = False

    def __call__(self, exchange: Exchange) -> None:
        if self.at_once:
            others = [
                threading.Thread(target=ask, args=(exchange.port, exchange.request)) for _ in range(self.times - 1)
            ]
            for one in others:
                one.start()
            exchange.forward()
            for one in others:
                one.join()
        else:
            for _time in range(self.times):
                exchange.forward()
        exchange.give()
