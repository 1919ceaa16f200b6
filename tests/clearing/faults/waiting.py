"""Rows 5 and 6: other people's transactions and edits while a run is under way, at either side."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import Any

import psycopg

from tests.clearing.faults.cells import Day, cell
from tests.clearing.installation.building import FIRST, uid_of
from tests.clearing.installation.points import POINTS, Held

SIDES = {"B1": "branch", "C2": "central"}
AT_WORK = 0.3
"""Seconds that somebody's transaction stays open."""
FLIGHT = ("B2", "B3", "B4", "B5", "B6", "B7", "B8")
STORM, STORM_RUNS = 150, 4


def _long_transaction(day: Day, point: str) -> None:
    """Somebody has changed a customer before the run begins, and commits while it waits."""
    side = SIDES[point]
    day.edits.before()
    day.both.serve("C2")
    uid, word = day.edits.somebody(), day.edits.word()
    seen: list[str] = []
    with day.both.server(side).open(day.both.names[side], autocommit=False) as other:
        seen += other.execute("SELECT city FROM customers_customer WHERE uid = %s", [uid]).fetchone() or ()
        other.execute("UPDATE customers_customer SET city = %s WHERE uid = %s", [word, uid])
        done = threading.Timer(AT_WORK, other.commit)
        done.start()
        day.run("B1")
        done.join()
    day.edits.stored(uid, "city", word, seen[0])
    day.both.points.demand_reached(point)
    day.demand_right()


def _deadlock(day: Day, point: str) -> None:
    """Somebody holds a customer and wants the order of changes, which the run holds while it wants the customer."""
    side = "branch" if point == "B7" else "central"
    uid = day.edits.change("central" if side == "branch" else "branch", name="city")
    day.edits.before()
    day.both.serve()
    met: list[bool] = []
    with day.both.server(side).open(day.both.names[side], autocommit=False) as other:
        seen = other.execute("SELECT street FROM customers_customer WHERE uid = %s FOR UPDATE", [uid]).fetchone()
        word = day.edits.word()
        thread = threading.Thread(target=_write_late, args=(day, other, (uid, word, seen), met))
        thread.start()
        day.run()
        thread.join()
    assert met, "the run never waited for him"
    day.demand_right()


def _write_late(day: Day, other: psycopg.Connection[Any], what: tuple[str, str, Any], met: list[bool]) -> None:
    """Once the run waits for him."""
    uid, word, seen = what
    try:
        _wait(day, met)
        other.execute("UPDATE customers_customer SET street = %s WHERE uid = %s", [word, uid])
        other.commit()
    except psycopg.errors.DeadlockDetected:
        other.rollback()
    else:
        day.edits.stored(uid, "street", word, seen[0])
    finally:
        day.both.look_no_more()


def _wait(day: Day, met: list[bool]) -> None:
    for _time in range(1_000):
        if any(day.both.ask(side, _WAITING) for side in ("central", "branch")):
            met.append(True)
            break
        time.sleep(0.01)


_WAITING = "SELECT 1 FROM pg_locks WHERE NOT granted"


def _lock_timeout(day: Day, point: str) -> None:
    """Somebody holds the order of changes for longer than the run may wait."""
    side = SIDES[point]
    server, name = day.both.server(side), day.both.names[side]
    day.edits.before()
    day.both.instead["django.conf.settings.REQUEST_LIMITS"] = {"statement": 30, "lock": 1}
    day.both.serve()
    with server.open(name, autocommit=False) as other:
        other.execute("SELECT sequence FROM customers_revisioncounter FOR UPDATE")
        if side == "branch":  # there nothing limits a run but what its administrator has set
            server.ask("postgres", "ALTER ROLE stammhaus_web SET lock_timeout = '200ms'")
        try:
            ended = day.run()
        finally:
            server.ask("postgres", "ALTER ROLE stammhaus_web RESET lock_timeout")
    assert not ended.is_done, ended
    day.demand_as_undisturbed()


def _storm(day: Day, side: str) -> None:
    """People go on working while one run follows the other."""
    day.both.serve()
    broken: list[BaseException] = []

    def work() -> None:
        try:
            for _edit in range(STORM):
                day.edits.change(side, uid_of(FIRST + day.edits.random.randrange(8)))
        except BaseException as error:
            broken.append(error)
        finally:
            day.both.look_no_more()

    worker = threading.Thread(target=work)
    worker.start()
    for _run in range(STORM_RUNS):
        day.run()
    worker.join()
    assert not broken, broken
    day.demand_right()


def _edited(day: Day, point: str, side: str) -> None:
    """Somebody edits at this side while the run is at the point: one who is on his way, and another one."""
    day.edits.before()
    on_his_way = day.edits.change("branch", name="city")
    day.both.serve()

    def edit(_held: Held) -> None:
        try:
            day.edits.change(side, on_his_way, day.one_of("city", "street"))
            day.edits.change(side)
            day.edits.register(side)
            day.edits.say(side, on_his_way)
        finally:
            day.both.look_no_more()

    if point in {"B1", "B7"} and side == "branch":  # whoever edits waits until that is committed
        writers: list[threading.Thread] = []

        def begin(held: Held) -> None:
            writers.append(threading.Thread(target=edit, args=(held,)))
            writers[0].start()
            time.sleep(AT_WORK / 3)

        day.both.points.at(point, begin)
        day.run(*POINTS).demand_done()
        writers[0].join()
    else:
        day.both.points.at(point, edit)
        day.run(*POINTS).demand_done()
    day.both.points.demand_reached(point)
    day.demand_right()


for _point in SIDES:
    cell("waiting", f"long transaction at {_point}", partial(_long_transaction, point=_point))
    cell("waiting", f"lock timeout at {_point}", partial(_lock_timeout, point=_point))
for _point in ("B7", "C2"):
    cell("waiting", f"deadlock at {_point}", partial(_deadlock, point=_point))
for _side in ("branch", "central"):
    cell("waiting", f"edits without a pause at the {_side}", partial(_storm, side=_side))
    for _point in FLIGHT:
        cell("edited", f"at the {_side} during {_point}", partial(_edited, point=_point, side=_side))
