"""Row 4: a request comes a hundred times, twice at once, out of order, or a month later. One effect."""

from __future__ import annotations

import re
from functools import partial

from tests.clearing.faults.cells import Day, cell
from tests.clearing.installation.line import Exchange, Repeated, ask
from tests.clearing.installation.looking import written

WHAT = {"part": r"PUT .*/parts/", "decision": r"POST .*/decide/", "acknowledgement": r"POST .*/ack/"}
OFTEN, MONTH = 100, 31 * 86_400.0
FINE = {200, 204, 409, 410, 422}
"""Done, done before, or a refusal with a sentence; nothing breaks."""


def _often(day: Day, what: str, times: int, *, at_once: bool) -> None:
    day.edits.before()
    day.both.serve()
    day.both.line.disturb(WHAT[what], Repeated(times, at_once))
    day.run().demand_done()
    assert day.both.line.is_undisturbed
    day.demand_as_undisturbed()


def _out_of_order(day: Day, what: str) -> None:
    """What was sent in the last two runs arrives once more, the later first."""
    day.edits.before()
    day.both.serve()
    day.run().demand_done()
    day.edits.change("branch")
    day.run().demand_done()
    _again(day, what, token=_token(day.both.line.requests[-1]))
    day.demand_right()


def _month_later(day: Day, what: str) -> None:
    """It was kept somewhere in the line. Its token has ended; with a new one nothing comes of it either."""
    day.edits.before()
    day.both.serve()
    day.run().demand_done()
    day.both.stop_serving()
    day.both.later = MONTH
    day.both.serve()
    day.edits.change("branch")
    before = written(day.both)
    for one in _those(day, what):
        assert Exchange(one.here, one.port, one.request, ask(day.both.port, one.request)).status == 401
    assert written(day.both) == before
    day.run().demand_done()
    _again(day, what, token=_token(day.both.line.requests[-1]))
    day.demand_right()


def _those(day: Day, what: str) -> list[Exchange]:
    found = [one for one in day.both.line.requests if re.search(WHAT[what], one.first_line)]
    assert found
    return found


def _again(day: Day, what: str, token: bytes) -> None:
    before = written(day.both)
    for one in reversed(_those(day, what)):
        request = one.request.replace(_token(one), token)
        answered = Exchange(one.here, day.both.port, request, ask(day.both.port, request))
        assert answered.status in FINE, answered.answer
    assert written(day.both) == before


def _token(one: Exchange) -> bytes:
    found = re.search(rb"(?i)authorization: bearer (\S+)", one.request)
    assert found
    return found[1]


for _what in WHAT:
    cell("repeated", f"{_what} {OFTEN} times", partial(_often, what=_what, times=OFTEN, at_once=False))
    cell("repeated", f"{_what} twice at once", partial(_often, what=_what, times=2, at_once=True))
    cell("repeated", f"{_what} out of order", partial(_out_of_order, what=_what))
    cell("repeated", f"{_what} a month later", partial(_month_later, what=_what))
