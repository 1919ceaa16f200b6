"""The shapes that readers give and writers take."""

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from spreadsheets.problems import Problem

type Cell = str | int | Decimal | date | datetime | bool | None


class Row(NamedTuple):
    """One row below the headings, as many cells as headings unless `problems` says otherwise.

    `number` is the row as Excel shows it (the headings are row 1), `line` the physical line on which it begins.
    An empty cell is ''. None occurs in JSON Lines only.
    """

    number: int
    cells: tuple[Cell, ...]
    line: int
    problems: tuple[Problem, ...] = ()

    @property
    def is_doubtful(self) -> bool:
        """True if there are problems and all of them are doubts."""
        return bool(self.problems) and all(problem.is_doubt for problem in self.problems)


class RawRow(NamedTuple):
    """What a source gives: a row before it is held against the headings. Never blank."""

    number: int
    line: int
    cells: list[Cell]
    problems: list[Problem]
