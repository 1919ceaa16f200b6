"""Requests of a branch over a real socket: on a slow line, and where it is cut."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from clearing.branch import transport
from clearing.branch.transport import Https, Unreachable
from mcp.project import request_bodies
from tests.clearing.installation.line import read_request

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ndone"
BODY = bytes(range(256)) * 40_000
PACE = 0.02
"""Seconds after which the slow side takes some more."""


class Central:
    """Answers one request after the other; how each is read and answered says a function."""

    def __init__(self, *turns):
        self.taken = []
        self._turns = turns
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_what):
        self._thread.join()
        self._socket.close()

    def _serve(self):
        for turn in self._turns:
            here, _address = self._socket.accept()
            with here:
                self.taken.append(turn(here))


def answered(here):
    request = read_request(here)
    here.sendall(ANSWER)
    return request


def taken_slowly(here):
    found = bytearray()
    while not found.endswith(BODY[-512:]) or len(found) < len(BODY):
        found += here.recv(256 * 1024)
        time.sleep(PACE)
    here.sendall(ANSWER)
    return bytes(found)


def cut(here):
    here.recv(1000)
    return b""


def broken_off_at(length):
    """The answer, as far as it came: cut within its body or its head."""

    def turn(here):
        read_request(here)
        here.sendall(ANSWER[:length])
        return b""

    return turn


WITHIN_BODY, WITHIN_HEAD = len(ANSWER) - 2, len(b"HTTP/1.1 200 OK\r\nCont")


def test_what_is_sent_may_take_longer_than_one_timeout(monkeypatch):
    """Only a piece of it may not: a large part goes through a line that is slow and steady."""
    monkeypatch.setattr(transport, "CONNECT_SECONDS", 0.2)
    began = time.monotonic()
    with Central(taken_slowly) as central:
        reply = Https(central.url).send("PUT", "/part/", body=BODY, headers={"Authorization": "Bearer x"})
    assert time.monotonic() - began > 2 * transport.CONNECT_SECONDS
    assert (reply.status, reply.body) == (200, b"done")
    head, _mark, body = central.taken[0].partition(b"\r\n\r\n")
    assert body == BODY
    assert f"content-length: {len(BODY)}".encode() in head.lower()
    assert b"transfer-encoding" not in head.lower()


def test_what_was_cut_is_sent_again_from_its_beginning(monkeypatch):
    monkeypatch.setattr("urllib3.util.Retry.get_backoff_time", lambda _self: 0)
    with Central(cut, answered) as central:
        reply = Https(central.url).send("PUT", "/part/", body=b"part" * 2_000, headers={})
    assert reply.body == b"done"
    assert central.taken[1].endswith(b"\r\n\r\n" + b"part" * 2_000)


@pytest.mark.parametrize("length", [WITHIN_BODY, WITHIN_HEAD])
def test_an_answer_that_breaks_off_is_asked_for_again(monkeypatch, length):
    monkeypatch.setattr("urllib3.util.Retry.get_backoff_time", lambda _self: 0)
    with Central(broken_off_at(length), cut, answered) as central:
        reply = Https(central.url).send("POST", "/decide/", body=b"{}", headers={})
    assert (reply.status, reply.body, len(central.taken)) == (200, b"done", 3)


@pytest.mark.parametrize("length", [WITHIN_BODY, WITHIN_HEAD])
def test_a_branch_gives_up_where_each_answer_breaks_off(monkeypatch, length):
    """However it is cut, a request is sent so many times and no more."""
    monkeypatch.setattr("urllib3.util.Retry.get_backoff_time", lambda _self: 0)
    turns = [broken_off_at(length), cut] * (transport.TRIES + 1)
    with Central(*turns[: transport.TRIES + 1]) as central, pytest.raises(Unreachable):
        Https(central.url).send("POST", "/decide/", body=b"{}", headers={})
    assert len(central.taken) == transport.TRIES + 1


def test_a_branch_gives_up_where_nothing_is_answered(monkeypatch):
    monkeypatch.setattr("urllib3.util.Retry.get_backoff_time", lambda _self: 0)
    with Central(*[cut] * (transport.TRIES + 1)) as central, pytest.raises(Unreachable):
        Https(central.url).send("POST", "/decide/", body=b"{}", headers={})
    assert len(central.taken) == transport.TRIES + 1


def test_a_line_of_a_kilobyte_a_second_is_fast_enough():
    """At either end a piece has this long; gunicorn's own server waits for whole pieces."""
    for size, seconds in (
        (request_bodies.PIECE_BYTES, request_bodies.PIECE_SECONDS),
        (transport.PIECE_BYTES, transport.CONNECT_SECONDS),
    ):
        assert size / seconds < 1_000
