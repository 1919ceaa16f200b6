"""Rows 7 and 8: an old backup of either side or of both, a copy of a branch, a lost lease, a new pairing."""

from __future__ import annotations

import signal
from functools import partial

from tests.clearing.faults.cells import Day, cell
from tests.clearing.installation.points import Held

RUNS = (1, 3)
"""So many acknowledged runs the backup is older."""
SAME = "first"
"""The life of the databases from the start (tests/clearing/installation/warm.py): nothing says that it is another."""
RESTORED = {"you were restored", "the central was restored"}


def _worked(day: Day, runs: int) -> None:
    """Runs after the backup: all of it is at both sides."""
    for _run in range(runs):
        for side in ("branch", "central"):
            day.edits.change(side)
            day.edits.say(side)
        day.edits.register("branch")
        day.run().demand_done()


def _restored(day: Day, sides: tuple[str, ...], runs: int) -> None:
    """What was reconciled since the backup comes back from the other side; of both, nothing but the backups is left."""
    both, edits = day.both, day.edits
    edits.may_conflict_again, edits.conflicts_travel = True, len(sides) == 1
    edits.before()
    both.serve()
    day.run().demand_done()
    both.stop_serving()
    for side in sides:
        both.back_up(side)
    alive = {key: set(words) for key, words in edits.alive.items()}, {uid: [*said] for uid, said in edits.said.items()}
    both.serve()
    _worked(day, runs)
    for side in {"branch", "central"} - set(sides):
        edits.change(side)
    both.stop_serving()
    for side in sides:
        both.restore(side, life="another")
    if len(sides) > 1:  # nobody has what was done in between
        edits.alive.clear()
        edits.said.clear()
        edits.alive.update(alive[0])
        edits.said.update(alive[1])
    both.line.forget()
    both.serve()
    with day.noticing():
        ended = day.run()
        if len(sides) == 1:
            assert day.hellos()[0] in RESTORED
        else:  # both go on from the same run, and the central knows that it is another life of the branch
            lives = both.ask("central", "SELECT jsonb_array_length(former_incarnations) FROM clearing_node")
            assert lives == [(1,)], ended
    day.demand_right()


def _cold_copy(day: Day, runs: int) -> None:
    """The folder of the branch's server was put back, and nothing in it says so: it looks like a copy of the branch."""
    both, edits = day.both, day.edits
    edits.may_conflict_again, edits.conflicts_travel = True, False
    edits.before()
    both.serve()
    day.run().demand_done()
    both.back_up("branch")
    _worked(day, runs)
    both.restore("branch", life=SAME)
    with day.noticing():
        refused = day.run()
        day.demand_refused(refused)
        assert both.ask("central", "SELECT state FROM clearing_node") == [("quarantined",)]
    edits.change("branch")
    both.call("central", "tests.clearing.installation.calls.release", heir="other")
    day.demand_right()


def _told(day: Day) -> None:
    """It was put back in the same way, and somebody says so (`manage.py clear --restored`)."""
    both, edits = day.both, day.edits
    edits.may_conflict_again, edits.conflicts_travel = True, False
    edits.before()
    both.serve()
    day.run().demand_done()
    both.back_up("branch")
    _worked(day, day.one_of(*RUNS))
    both.restore("branch", life=SAME)
    both.line.forget()
    with day.noticing():
        day.run(is_restored=True).demand_done()
        assert day.hellos()[0] == "you were restored"
    day.demand_right()


def _copied(day: Day, life: str) -> None:
    """Two installations have the same pairing. The second one that calls is noticed; the one that support does not name
    is paired anew, and offers what was done there."""
    both, edits = day.both, day.edits
    edits.may_conflict_again, edits.conflicts_travel = True, False
    edits.before()
    both.serve()
    day.run().demand_done()
    original, copy = both.names["branch"], f"{both.names['branch']}_copy"
    both.copy("branch", copy)
    both.branch.set_life(copy, life)
    first, second = (original, copy) if life == SAME else (copy, original)
    for name in (first, second):
        both.names["branch"] = name
        edits.change("branch", name="phone_private" if name == first else "alias")
    try:
        both.names["branch"] = first
        day.run().demand_done()
        both.names["branch"] = second
        with day.noticing():
            day.demand_refused(day.run())
            assert both.ask("central", "SELECT state FROM clearing_node") == [("quarantined",)]
        edits.change("branch", name="street")
        both.call("central", "tests.clearing.installation.calls.release", heir="known")
        both.names["branch"] = first
        day.run().demand_done()
        both.names["branch"] = second
        day.demand_refused(day.run())
        _pair_anew(day)
        for name in (second, first, second, first):
            both.names["branch"] = name
            day.run().demand_done()
        day.demand_right()
        both.names["branch"] = second
        day.demand_right()
    finally:
        both.names["branch"] = original
        both.branch.drop(copy)


def _pair_anew(day: Day) -> None:
    code = day.both.call("central", "tests.clearing.installation.calls.pairing_code")
    day.both.call("branch", "tests.clearing.installation.calls.pair", code=code, port=day.both.line.port)


def _paired_anew(day: Day) -> None:
    """With changes that were not sent, and a run on its way."""
    day.edits.may_conflict_again = True
    day.edits.before()
    day.both.serve()
    day.both.points.at(point := day.one_of("B2", "B4", "B9", "B6"), Held.kill)
    day.run(point)
    day.both.points.demand_reached(point)
    day.edits.change("branch")
    day.edits.change("central")
    _pair_anew(day)
    day.demand_right()


def _lease_lost(day: Day) -> None:
    """The answer with the new lease is lost again and again."""
    day.edits.before()
    day.both.serve()
    for _time in range(3):
        day.both.points.at("B9", Held.kill)
        assert day.run("B9").code == -signal.SIGKILL
        day.both.points.reached.clear()
    day.demand_as_undisturbed()


def _lease_stolen(day: Day) -> None:
    """Somebody shows an older lease, and does not name the request whose answer was lost."""
    day.edits.before()
    day.both.serve()
    old = day.both.ask("branch", "SELECT lease FROM clearing_ownnode")[0][0]
    day.run().demand_done()
    day.run().demand_done()
    new = day.both.ask("branch", "SELECT lease FROM clearing_ownnode")[0][0]
    day.both.ask("branch", "UPDATE clearing_ownnode SET lease = %s", old)
    with day.noticing():
        day.demand_refused(day.run())
        assert day.both.ask("central", "SELECT state FROM clearing_node") == [("quarantined",)]
    day.both.ask("branch", "UPDATE clearing_ownnode SET lease = %s", new)
    day.edits.change("branch")
    day.both.call("central", "tests.clearing.installation.calls.release", heir="known")
    day.demand_right()


for _runs in RUNS:
    for _sides in (("branch",), ("central",), ("branch", "central")):
        cell("backup", f"of {' and '.join(_sides)}, {_runs} runs older", partial(_restored, sides=_sides, runs=_runs))
    cell("backup", f"of the branch's folder, {_runs} runs older", partial(_cold_copy, runs=_runs))
cell("backup", "of the branch's folder, and somebody says so", _told)
cell("copy", "on the same machine", partial(_copied, life=SAME))
cell("copy", "on another machine", partial(_copied, life="another"))
cell("copy", "of a lease", _lease_stolen)
cell("copy", "lease lost three times", _lease_lost)
cell("copy", "paired anew with unsent changes", _paired_anew)
