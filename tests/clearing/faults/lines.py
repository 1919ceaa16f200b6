"""Row 3: the line is cut, half open, slow or late while a part, the decision or a part of the answer is on its way."""

from __future__ import annotations

from collections import defaultdict
from functools import partial

from tests.clearing.faults.cells import Day, cell
from tests.clearing.installation.line import (
    Disturbance,
    HalfOpen,
    Late,
    Slow,
    cut_before,
    drop_answer,
    half_a_request,
    half_an_answer,
    reset_after,
    reset_before,
)

WHERE = {"B3": r"PUT .*/parts/", "B5": r"GET .*/answer/", "C3": r"POST .*/decide/"}
PATIENCE = 0.6
"""Seconds that a branch waits for an answer here; 60 in the product."""
ONCE, FOR_GOOD = 1, 4
"""A request is sent four times before a run gives up."""
CUT: dict[str, dict[str, Disturbance]] = {
    "cut": dict.fromkeys(WHERE, cut_before),
    "reset": {"B3": reset_before, "B5": reset_after, "C3": reset_after},
    "half open": dict.fromkeys(WHERE, HalfOpen(3 * PATIENCE)),
    "answer dropped": dict.fromkeys(WHERE, drop_answer),
    "bytes cut off": {"B3": half_a_request, "B5": half_an_answer, "C3": half_an_answer},
    "too late": dict.fromkeys(WHERE, Late(PATIENCE)),
}
SLOW: dict[str, Disturbance] = {"1 kB/s": Slow(1_000), "late": Late(PATIENCE / 4)}


def _cut(day: Day, kind: str, point: str) -> None:
    day.both.instead["clearing.branch.transport.READ_SECONDS"] = PATIENCE
    day.edits.before()
    day.both.serve()
    times = day.one_of(ONCE, FOR_GOOD)
    day.both.line.disturb(WHERE[point], CUT[kind][point], times)
    ended = day.run()
    assert day.both.line.is_undisturbed
    if times == FOR_GOOD:
        day.demand_refused(ended)
    else:
        ended.demand_done()
    day.demand_as_undisturbed()
    demand_same_bytes(day)


def _slow(day: Day, kind: str, point: str) -> None:
    day.edits.before()
    day.both.serve()
    day.both.line.disturb(WHERE[point], SLOW[kind])
    day.run().demand_done()
    assert day.both.line.is_undisturbed
    day.demand_as_undisturbed()
    demand_same_bytes(day)


def _slow_for_long(day: Day) -> None:
    """A part that takes longer than the central waits for a piece of a form that somebody sends."""
    day.edits.before()
    for _time in range(3):
        day.edits.change("branch", name="memo", word=day.edits.long_word(9_000))
    day.both.serve()
    day.both.line.disturb(WHERE["B3"], Slow(1_000))
    day.run().demand_done()
    assert day.both.line.is_undisturbed
    day.demand_right()


def demand_same_bytes(day: Day) -> None:
    """However often it was sent, a part was the same."""
    sent = defaultdict(set)
    for one in day.both.line.requests:
        if one.first_line.startswith("PUT"):
            sent[one.first_line].add(one.body)
    assert sent
    assert all(len(bodies) == 1 for bodies in sent.values())


for _point in WHERE:
    for _kind in CUT:
        cell("line", f"{_kind} at {_point}", partial(_cut, kind=_kind, point=_point))
    for _kind in SLOW:
        cell("line", f"{_kind} at {_point}", partial(_slow, kind=_kind, point=_point))
cell("line", "1 kB/s for half a minute at B3", _slow_for_long)
