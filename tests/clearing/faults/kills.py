"""Row 1: a process, a session or a whole server is killed while somebody is at a point of a run."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import partial

from tests.clearing.faults.cells import Day, cell
from tests.clearing.installation.points import POINTS, Held
from tests.clearing.installation.world import Installations


def _side(point: str) -> str:
    return "central" if point.startswith("C") else "branch"


def _web(both: Installations, _held: Held) -> None:
    both.kill_web()


def _worker(both: Installations, _held: Held) -> None:
    both.kill_worker()


def _node(both: Installations, held: Held) -> None:
    if POINTS[held.point][0] == "branch":
        held.kill()
    else:
        both.kill_run()


def _session(both: Installations, held: Held) -> None:
    """PostgreSQL throws everybody out then, since nobody knows what the killed one had in hand."""
    side = _side(held.point)
    server, name = both.server(side), both.names[side]
    session = held.session or server.ask(
        "postgres", "SELECT pid FROM pg_stat_activity WHERE datname = %s AND usename = 'stammhaus_web' LIMIT 1", name
    )[0][0]  # fmt: skip
    os.kill(session, signal.SIGKILL)
    server.wait_until_it_answers()


def _postmaster(both: Installations, held: Held) -> None:
    server = both.server(_side(held.point))
    server.kill()
    server.start()


def _at_once(both: Installations, held: Held) -> None:
    server = both.server(_side(held.point))
    server.stop_at_once()
    server.start()


VICTIMS: dict[str, Callable[[Installations, Held], None]] = {
    "web": _web, "worker": _worker, "node": _node, "one session": _session, "postmaster": _postmaster,
    "immediate stop": _at_once,
}  # fmt: skip


def _killed(day: Day, victim: str, point: str) -> None:
    both = day.both
    day.edits.before()
    is_left_to_worker = victim == "worker"
    if is_left_to_worker:
        both.instead["clearing.central.receiving.DECIDED_DIRECTLY"] = 0
        both.instead["clearing.branch.running.PATIENCE"] = 10**6  # seconds that are counted, and not slept here
        both.work("C2", "C3")
    both.serve(*(name for name in POINTS if not (is_left_to_worker and name in {"C2", "C3"})))
    both.points.at(point, partial(VICTIMS[victim], both))
    ended = day.run(*POINTS)
    both.points.demand_reached(point)
    if victim == "node":
        assert ended.code == -signal.SIGKILL
    day.demand_as_undisturbed()


for _victim in VICTIMS:
    for _point in POINTS:
        cell("killed", f"{_victim} at {_point}", partial(_killed, victim=_victim, point=_point))
