"""The cells of the matrix of faults: which fault, where, and what a day with it is like.

A row registers its cells by `cells`, each a function of the day. `Day` gives what they have in common: both sides with
a usual day of edits behind them, and what must hold in the end.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.clearing.installation.editing import Edits
from tests.clearing.installation.looking import Look, Problem, written
from tests.clearing.installation.world import Ended, Installations

MOST_RUNS = 5
QUIET = 4
"""So many runs after the last edit both sides are the same at the latest; one is enough but for conflicts."""


@dataclass(frozen=True)
class Cell:
    """One fault at one place."""

    row: str
    name: str
    do: Callable[[Day], None]

    def __str__(self) -> str:
        return f"{self.row}: {self.name}"


CELLS: list[Cell] = []


def cell(row: str, name: str, do: Callable[[Day], None]) -> None:
    """One more cell of a row."""
    CELLS.append(Cell(row, name, do))


@dataclass
class Figures:
    """What became of a cell."""

    lost: int = 0
    doubled: int = 0
    diverged: int = 0
    to_notice: int = 0
    noticed: int = 0


@dataclass
class Day:
    """Both sides on one day on which something goes wrong."""

    both: Installations
    seed: int
    edits: Edits = field(init=False)
    figures: Figures = field(default_factory=Figures)

    def __post_init__(self) -> None:
        self.edits = Edits(self.both, self.seed)

    def one_of(self, *things: Any) -> Any:
        """Another one for each seed."""
        return self.edits.random.choice(things)

    def run(self, *points: str, **more: Any) -> Ended:
        """One run, well or badly."""
        return self.both.run(*points, **more)

    def demand_refused(self, ended: Ended) -> None:
        """It was refused with a sentence for whoever looks at the branch."""
        assert ended.is_refused, ended
        assert len(ended.said.strip()) > len("sentence"), ended

    def hellos(self) -> list[str]:
        """How it was said to go on, hello by hello."""
        asked = [one for one in self.both.line.requests if one.first_line.split(" ")[1].endswith("hello/")]
        return [json.loads(one.content)["course"] for one in asked if one.status == 200]

    @contextmanager
    def noticing(self) -> Iterator[None]:
        """The block asserts that something was noticed at the first contact."""
        self.figures.to_notice += 1
        yield
        self.figures.noticed += 1

    # --- the end of the day ---------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Nothing is in the way any more: runs come to their end, and soon have nothing left to tell."""
        last = Ended(1, "")
        for _run in range(MOST_RUNS):
            last = self.run()
            if last.is_done:
                break
        last.demand_done()
        for _run in range(QUIET):
            before = written(self.both)
            self.run().demand_done()
            if written(self.both) == before:
                return
        after = written(self.both)
        raise AssertionError(f"it does not come to rest: {[name for name in after if after[name] != before[name]]}")

    def demand_right(self) -> Look:
        """Quiet, and nothing is lost, doubled or apart."""
        self.settle()
        look = self.look()
        self.demand_none(look.problems())
        return look

    def look(self) -> Look:
        return Look(self.both, self.edits)

    def demand_none(self, problems: list[Problem]) -> None:
        for kind, _what in problems:
            setattr(self.figures, kind, getattr(self.figures, kind) + 1)
        assert not problems, problems

    def demand_as_undisturbed(self) -> None:
        """In the end it is as on a day on which nothing went wrong."""
        here = outcome(self.demand_right())
        there = _undisturbed(self.both, self.seed)
        different = {uid for uid in {*here[0], *there[0]} if here[0].get(uid) != there[0].get(uid)}
        assert not different, [(here[0].get(uid), there[0].get(uid)) for uid in different]
        assert here[1] == there[1]


def outcome(look: Look) -> tuple[dict[str, Any], list[Any]]:
    """The customers, and who has lost; without the moment of a registration, which is another one each time."""
    customers = {
        uid: {name: value for name, value in row.items() if name != "created_at"}
        for uid, row in look.customers["central"].items()
    }
    lost = [(row[1], row[3], (json.loads(row[-1]) or {}).get("values")) for row in look.conflicts["central"]]
    return customers, sorted(lost, key=str)


_known: dict[int, Any] = {}


def _undisturbed(both: Installations, seed: int) -> Any:
    if seed not in _known:
        both.stop_serving()
        both.stop_working()
        names = dict(both.names)
        both.open("undisturbed")
        day = Day(both, seed)
        day.edits.before()
        both.serve()
        _known[seed] = outcome(day.demand_right())
        both.forget()
        both.names.update(names)
    return _known[seed]
