"""Row 13: what arrives is damaged, forged, somebody else's, or far larger than it looks. It is refused soon."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import time
from functools import partial

import pytest
from django.core.exceptions import ValidationError

from clearing.protocol.keys import PrivateKey
from clearing.protocol.parts import Manifest, PartFacts, unpack
from clearing.protocol.stick import Direction, StickHeader, read_stick, write_stick
from tests.clearing.faults.cells import Day, cell
from tests.clearing.installation.line import Exchange, ask
from tests.clearing.installation.looking import written

SOON = 2.0
"""Seconds, on a machine that does other work."""
LITTLE = 64 * 1024
"""Kilobytes by which the central's web server may grow; the bomb unpacks to four times as much."""
BOMB = 256 * 1024**2


def _flipped(day: Day, exchange: Exchange) -> None:
    """One bit of the body is another one."""
    content = bytearray(exchange.body)
    content[day.edits.random.randrange(len(content))] ^= 1 << day.edits.random.randrange(8)
    exchange.request = exchange.request[: -len(exchange.body)] + bytes(content)
    exchange.forward()
    exchange.give()


def _flipped_back(day: Day, exchange: Exchange) -> None:
    exchange.forward()
    head, mark, body = exchange.answer.partition(b"\r\n\r\n")
    content = bytearray(body)
    content[day.edits.random.randrange(len(content))] ^= 1 << day.edits.random.randrange(8)
    exchange.answer = head + mark + content
    exchange.give()


def _damaged(day: Day, what: str) -> None:
    day.edits.before()
    day.both.serve()
    if what == "answer":
        day.both.line.disturb(r"GET .*/answer/", partial(_flipped_back, day))
    else:
        day.both.line.disturb(rf"(PUT|POST) .*/{what}/", partial(_flipped, day))
    before = written(day.both)
    ended = day.run()
    assert day.both.line.is_undisturbed
    if not ended.is_done:
        day.demand_refused(ended)
    if what == "parts":
        assert day.both.line.requests[-1].status == 422
        assert written(day.both) == before
    day.demand_as_undisturbed()


def _other_part(day: Day, content: bytes) -> None:
    """Whoever is in the line, or at the branch, sends another part with hash and length that fit."""
    day.edits.before()
    day.both.serve()
    refused: list[int] = []

    def other(exchange: Exchange) -> None:
        head = exchange.request.partition(b"\r\n\r\n")[0]
        head = re.sub(rb"sha256=\w+", b"sha256=" + hashlib.sha256(content).hexdigest().encode(), head)
        head = re.sub(rb"(?i)(content-length: *)\d+", rb"\g<1>" + str(len(content)).encode(), head)
        exchange.request = head + b"\r\n\r\n" + content
        began = time.monotonic()
        exchange.forward()
        assert time.monotonic() - began < SOON
        refused.append(exchange.status)
        exchange.give()

    day.both.line.disturb(r"PUT .*/parts/", other)
    before, memory = written(day.both), day.both.memory_of_web()
    ended = day.run()
    assert refused
    assert day.both.memory_of_web() - memory < LITTLE
    if not ended.is_done:
        day.demand_refused(ended)
        assert written(day.both) == before
    day.demand_as_undisturbed()


def _foreign(day: Day) -> None:
    """A token that holds leads nowhere at the address of another branch, of another business, or without a run."""
    day.edits.before()
    day.both.serve()
    day.run().demand_done()
    before = written(day.both)
    for one in [*day.both.line.requests]:
        for there in (b"/10400/5/", b"/10400/1/", b"/20500/1/", b"/99999/4/"):
            request = one.request.replace(b"/10400/4/", there, 1)
            answer = ask(day.both.port, request)
            assert answer.split(b" ", 2)[1] in {b"401", b"404"} or b"knock" in request, answer
    assert written(day.both) == before
    day.demand_as_undisturbed()


def _forged(day: Day) -> None:
    """Whoever does not have the key is not let in, whatever else he knows."""
    day.edits.before()
    day.both.serve()
    own = "SELECT private_key FROM clearing_ownnode"
    [[key]] = day.both.ask("branch", own)
    day.both.ask("branch", "UPDATE clearing_ownnode SET private_key = %s", PrivateKey.make().text)
    day.demand_refused(day.run())
    assert day.both.line.requests[-1].status == 401
    day.both.ask("branch", "UPDATE clearing_ownnode SET private_key = %s", key)
    assert day.both.ask("central", "SELECT state FROM clearing_node") == [("paired",)]
    day.demand_as_undisturbed()


def _stick(day: Day, what: str) -> None:
    """The same parts on a stick."""
    day.edits.before()
    day.both.serve()
    day.run().demand_done()
    own, central, other = PrivateKey.make(), PrivateKey.make(), PrivateKey.make()
    header = StickHeader(10400, 4, node=day.edits.some_uuid(), cycle=2, direction=Direction.TO_CENTRAL)
    content = _bomb() if what == "gzip bomb" else next(
        one.body for one in day.both.line.requests if one.first_line.startswith("PUT")
    )  # fmt: skip
    facts = PartFacts(1, hashlib.sha256(content).hexdigest(), len(content), 1)
    stick = bytearray(
        b"".join(
            write_stick([content], header=header, manifest=Manifest((facts,)), sender=own, receiver=central.public)
        )
    )
    if what == "flipped bit":
        stick[day.edits.random.randrange(len(stick))] ^= 1 << day.edits.random.randrange(8)
    sender = other.public if what == "foreign" else own.public
    began = time.monotonic()
    if what == "gzip bomb":  # it is sealed and signed well; what unpacks it stops (tests/clearing/test_parts.py)
        [given] = list(read_stick(io.BytesIO(stick), receiver=central, sender=sender).parts())
        with pytest.raises(ValidationError):
            list(unpack(given, facts))
    else:
        with pytest.raises(ValidationError):
            list(read_stick(io.BytesIO(stick), receiver=central, sender=sender).parts())
    assert time.monotonic() - began < SOON
    day.demand_as_undisturbed()


def _bomb() -> bytes:
    """A quarter of a gigabyte of nothing."""
    return gzip.compress(bytes(BOMB), compresslevel=9, mtime=0)


def _bombed(day: Day) -> None:
    _other_part(day, _bomb())


for _what in ("parts", "decide", "prove", "answer"):
    cell("damaged", f"flipped bit in {_what}", partial(_damaged, what=_what))
cell("damaged", "another part", partial(_other_part, content=gzip.compress(b'{"kind":"customer"}\n', mtime=0)))
cell("damaged", "gzip bomb as a part", _bombed)
cell("damaged", "foreign address", _foreign)
cell("damaged", "forged signature", _forged)
for _what in ("flipped bit", "foreign", "gzip bomb"):
    cell("damaged", f"{_what} on a stick", partial(_stick, what=_what))
