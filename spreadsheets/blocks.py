"""Joins the rows of a table into blocks of the size that the caller wants."""

from collections.abc import Iterable, Iterator

from spreadsheets.problems import Problem, UnreadableFile
from spreadsheets.rows import Block, Cell, Stretch, as_range

LONGEST_BLOCK = 2 * 1024 * 1024
"""A block with so many characters ends before it has all its rows, so that long rows do not fill the memory."""


class _Held:
    """Rows that are in no block yet."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.rows: list[list[Cell]] = []
        self.problems: dict[int, tuple[Problem, ...]] = {}
        self.length = 0

    def add(self, stretch: Stretch) -> None:
        count = len(self.rows)
        self.problems.update((count + at, tuple(found)) for at, found in stretch.problems.items())
        self.numbers.extend(stretch.numbers)
        self.rows.extend(stretch.rows)
        self.length += stretch.length

    def take(self, size: int) -> Block:
        """The first rows, which are removed."""
        problems = {at: found for at, found in self.problems.items() if at < size}
        block = Block(as_range(self.numbers[:size]), [*self.rows[:size]], problems)
        self.problems = {at - size: found for at, found in self.problems.items() if at >= size}
        del self.numbers[:size], self.rows[:size]
        self.length = 0  # what is left is less than a stretch
        return block


def in_blocks(stretches: Iterable[Stretch], *, size: int) -> Iterator[Block]:
    """Blocks of `size` rows; fewer at the end, before an UnreadableFile and where the rows are very long."""
    held = _Held()
    try:
        for stretch in stretches:
            held.add(stretch)
            while len(held.rows) >= size:
                yield held.take(size)
            if held.length >= LONGEST_BLOCK:
                yield held.take(size)
    except UnreadableFile:
        if held.rows:
            yield held.take(size)
        raise
    if held.rows:
        yield held.take(size)
