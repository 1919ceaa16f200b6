"""The types of rows that readers give and writers take."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from spreadsheets.problems import Problem, UnreadableFile


@dataclass(frozen=True, slots=True)
class Structure:
    """A list or an object in a cell, as its JSON. It occurs in JSON Lines only."""

    text: str

    def __str__(self) -> str:
        return self.text

    @property
    def is_list(self) -> bool:
        return self.text.startswith("[")

    @property
    def words(self) -> tuple[str, ...] | None:
        """The texts of a list of texts and whole numbers; None for anything else."""
        found = json.loads(self.text)
        if isinstance(found, list) and all(type(word) in (str, int) for word in found):
            return tuple(map(str, found))
        return None


type Cell = str | int | Decimal | date | datetime | bool | Structure | None

# How many characters are read and checked at once: enough to make a row cheap, and little beside the interpreter.
PORTION = 64 * 1024
CHARACTERS_PER_CELL = 10  # what a cell costs beside its text, so that numbers and empty cells count as well


class Row(NamedTuple):
    """One row below the headings. It has as many cells as headings, unless `problems` says otherwise.

    `number` is the row as Excel counts it (the headings are row 1), `line` the physical line on which it begins. An
    empty cell is ''. None and Structure occur in JSON Lines only.
    """

    number: int
    cells: tuple[Cell, ...]
    line: int
    problems: tuple[Problem, ...] = ()


class Block(NamedTuple):
    """Consecutive rows; each is as described for `Row`.

    `numbers` is a range where no blank row is missing between them. `problems` maps the index in `rows` to the problems
    of that row; most blocks have none.
    """

    numbers: Sequence[int]
    rows: list[Sequence[Cell]]
    problems: dict[int, tuple[Problem, ...]]


class RawRow(NamedTuple):
    """A row before it is checked against the headings. Never blank."""

    number: int
    line: int
    cells: list[Cell]
    problems: list[Problem]


@dataclass(slots=True)
class Stretch:
    """The rows that a source has read at once: at least one, none of them blank.

    `problems` maps the index in `rows` to the problems of that row; `length` is roughly the number of characters of the
    rows.
    """

    numbers: Sequence[int]
    lines: Sequence[int]
    rows: list[list[Cell]]
    problems: dict[int, list[Problem]]
    length: int

    def part(self, indexes: Sequence[int]) -> "Stretch":
        """The rows at these indexes, which ascend."""
        return Stretch(
            as_range([self.numbers[at] for at in indexes]),
            [self.lines[at] for at in indexes],
            [self.rows[at] for at in indexes],
            {new: self.problems[at] for new, at in enumerate(indexes) if at in self.problems},
            self.length,
        )


def as_range(numbers: Sequence[int]) -> Sequence[int]:
    """Numbers, each greater than the one before, as a range if none is missing between them."""
    if numbers and numbers[-1] - numbers[0] == len(numbers) - 1:
        return range(numbers[0], numbers[-1] + 1)
    return numbers


def in_stretches(rows: Iterable[RawRow]) -> Iterator[Stretch]:
    """The rows, about PORTION characters at once; those before an UnreadableFile are given before it is raised."""
    held: list[RawRow] = []
    length = 0
    try:
        for row in rows:
            held.append(row)
            length += CHARACTERS_PER_CELL * len(row.cells)
            length += sum([len(cell) for cell in row.cells if type(cell) is str])
            if length >= PORTION:
                yield _stretch(held, length)
                held, length = [], 0
    except UnreadableFile:
        if held:
            yield _stretch(held, length)
        raise
    if held:
        yield _stretch(held, length)


def _stretch(rows: Sequence[RawRow], length: int) -> Stretch:
    return Stretch(
        as_range([row.number for row in rows]),
        [row.line for row in rows],
        [row.cells for row in rows],
        {at: row.problems for at, row in enumerate(rows) if row.problems},
        length,
    )
