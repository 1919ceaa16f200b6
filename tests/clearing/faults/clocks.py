"""Row 9: clocks that are wrong, the night in which one hour comes twice, and equal stamps. Always the same result."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from tests.clearing.faults.cells import Day, cell

YEAR = 365 * 86_400.0
TWICE = datetime(2026, 10, 25, 0, 59, 58, tzinfo=UTC)
"""Two seconds before the clock in Berlin is set back from three to two."""


def _wrong(day: Day, branch: float, central: float) -> None:
    day.edits.before()
    day.both.later, day.both.branch_later = central, branch - central
    day.both.serve()
    day.run().demand_done()
    [[ahead]] = day.both.ask("central", "SELECT extract(epoch FROM clock_ahead)::float FROM clearing_node")
    assert abs(ahead - (branch - central)) < 60
    day.demand_as_undisturbed()


def _set_meanwhile(day: Day, by: float) -> None:
    """Somebody sets the branch's clock right, or wrong, between two runs."""
    day.edits.before()
    day.both.serve()
    day.both.points.at("B6", lambda held: held.kill())
    day.run("B6")
    day.both.branch_later = by
    day.demand_as_undisturbed()


def _night(day: Day) -> None:
    shift = (TWICE - datetime.now(UTC)).total_seconds()
    _wrong(day, shift, shift)


def _equal_stamps(day: Day) -> None:
    """At both sides something is said of the same customer at the same microsecond, and both said different things."""
    day.edits.before()
    uid = day.edits.somebody()
    day.both.serve()
    day.edits.say("branch", uid, is_given=True)
    day.edits.say_again("central", uid, is_given=False)
    day.edits.change("branch", uid, "city")
    day.edits.change("central", uid, "city")
    day.demand_right()


for _name, _years in (("10 years behind", -10), ("10 years ahead", 10)):
    cell("clock", f"the branch {_name}", partial(_wrong, branch=_years * YEAR, central=0.0))
    cell("clock", f"the central {_name}", partial(_wrong, branch=0.0, central=_years * YEAR))
    cell("clock", f"the branch set {_name} meanwhile", partial(_set_meanwhile, by=_years * YEAR))
cell("clock", "the night in which an hour comes twice", _night)
cell("clock", "equal stamps", _equal_stamps)
