"""Checks rows against the headings and the limits, and looks for doubtful values."""

from bisect import bisect
from collections.abc import Iterator, Sequence
from itertools import accumulate
from types import MappingProxyType

from spreadsheets.decoding import marked_byte, without_marks
from spreadsheets.dialects import Dialect
from spreadsheets.doubts import date_doubt, doubt_of, may_have_date_doubts, suspicious_places
from spreadsheets.formulas import restore
from spreadsheets.limits import Limits
from spreadsheets.problems import Problem, shortened
from spreadsheets.rows import Cell, Stretch

_WIDE = frozenset({"mixed_delimiters", "long_row", "key_without_name", "key_in_other_case"})
"""Problems that say already why a row has cells beyond the headings."""


class RowCheck:
    """Checks the rows of a table. `width` is the number of headings, `dates` the columns (from 0) that hold dates.

    In CSV and XLSX a guarded formula loses its guard here; in CSV a formula without guard is reported.

    Nearly all rows are without problems. Searching all of them at once for what might be wrong is cheap, and only the
    rows in which something is found are checked one by one.
    """

    def __init__(self, *, width: int, dates: frozenset[int], limits: Limits, dialect: Dialect) -> None:
        self._width, self._dates, self._limits, self._dialect = width, dates, limits, dialect

    def complete(self, stretch: Stretch) -> None:
        """Give the rows their final form: padded to the width, without empty cells beyond it, with all problems."""
        rows = stretch.rows
        if set(map(len, rows)) != {self._width}:
            for at, cells in enumerate(rows):
                if len(cells) != self._width:
                    self._fit(cells, stretch, at)
        for at in sorted(self._suspects(rows)):
            self._check(rows[at], stretch, at)

    def _fit(self, cells: list[Cell], stretch: Stretch, at: int) -> None:
        """Pad or cut a row. One that is too wide keeps its cells, to be shown, and is reported as `long_row`."""
        found = len(cells)
        while len(cells) > self._width and cells[-1] == "":
            cells.pop()
        known = stretch.problems.get(at, ())
        reported = any(problem.code in _WIDE for problem in known)
        if len(cells) > self._width and not reported:
            self._report(stretch, at, "long_row", self._width, found=found, expected=self._width)
        cells.extend([""] * (self._width - len(cells)))

    def _suspects(self, rows: Sequence[list[Cell]]) -> set[int]:
        """The rows in which `_check` might find something, and a few others."""
        texts = _joined(rows)
        suspects = set(_rows_of(texts, suspicious_places(_framed(texts))))
        limit = self._limits.cell_length
        if max(map(len, texts)) > limit:
            suspects.update(at for at, text in enumerate(texts) if len(text) > limit)
        for column in self._dates:
            values = [cells[column] for cells in rows]
            if may_have_date_doubts(_framed(values)):
                suspects.update(at for at, value in enumerate(values) if date_doubt(value))
        return suspects

    def _check(self, cells: list[Cell], stretch: Stretch, at: int) -> None:
        self._check_lengths(cells, stretch, at)
        for column, cell in enumerate(cells):
            if type(cell) is str and cell:
                cells[column] = self._checked_text(cell, stretch, at, column)
        for column in self._dates:
            code = date_doubt(cells[column])
            if code is not None:
                self._report(stretch, at, code, column, value=str(cells[column]))

    def _check_lengths(self, cells: Sequence[Cell], stretch: Stretch, at: int) -> None:
        limit = self._limits.cell_length
        for column, cell in enumerate(cells):
            if isinstance(cell, str) and len(cell) > limit:
                self._report(stretch, at, "cell_too_long", column, size=len(cell), limit=limit)

    def _checked_text(self, text: str, stretch: Stretch, at: int, column: int) -> Cell:
        byte = marked_byte(text)
        if byte is not None:
            text = without_marks(text)
            self._report(stretch, at, "undecodable_byte", column, byte=byte, encoding=self._dialect.encoding)
        if "\0" in text:
            self._report(stretch, at, "nul_byte", column)
        if self._dialect.kind == "csv" and text.startswith("="):
            self._report(stretch, at, "formula_cell", column, value=shortened(text))
        plain = text if self._dialect.kind == "jsonl" else restore(text)
        doubt = doubt_of(plain)
        if doubt is not None:
            self._report(stretch, at, doubt[0], column, **doubt[1])
        return plain

    def _report(self, stretch: Stretch, at: int, code: str, column: int, **params: object) -> None:
        problem = Problem(code, stretch.lines[at], column + 1, MappingProxyType(params), stretch.numbers[at])
        stretch.problems.setdefault(at, []).append(problem)


def _joined(rows: Sequence[list[Cell]]) -> list[str]:
    """The texts of each row in one string, \x1f between them, to be searched in one go."""
    try:
        return list(map("\x1f".join, rows))  # type: ignore[arg-type]  # tried: in CSV all are texts
    except TypeError:
        return ["\x1f".join([cell if isinstance(cell, str) else "" for cell in cells]) for cells in rows]


def _framed(values: Sequence[Cell]) -> str:
    """All values in one string, \x1f before and behind each."""
    try:
        return f"\x1f{'\x1f'.join(values)}\x1f"  # type: ignore[arg-type]  # tried: in CSV all are texts
    except TypeError:
        return f"\x1f{'\x1f'.join(map(str, values))}\x1f"


def _rows_of(texts: Sequence[str], places: Iterator[int]) -> Iterator[int]:
    """The rows in which places lie, counted in all texts with \x1f before each."""
    first = next(places, None)
    if first is None:
        return
    starts = list(accumulate((len(text) + 1 for text in texts), initial=1))
    yield bisect(starts, first) - 1
    for place in places:
        yield bisect(starts, place) - 1
