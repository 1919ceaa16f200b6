"""Hold one row against the headings, the limits and what is doubtful in its values."""

from types import MappingProxyType

from spreadsheets.decoding import marked_byte, without_marks
from spreadsheets.dialects import Dialect
from spreadsheets.doubts import date_doubts, doubt_of, is_suspicious
from spreadsheets.formulas import restore
from spreadsheets.limits import Limits
from spreadsheets.problems import Problem, shortened
from spreadsheets.rows import Cell, RawRow, Row


class RowCheck:
    """`width` is the number of headings, `dates` the columns (from 0) that hold dates.

    In CSV and XLSX a formula carries a guard, which is taken away here; in CSV one without guard is reported.
    """

    def __init__(self, *, width: int, dates: frozenset[int], limits: Limits, dialect: Dialect) -> None:
        self._width, self._dates, self._limits, self._dialect = width, dates, limits, dialect

    def checked(self, raw: RawRow) -> Row:
        """The row as the caller sees it: padded to the width, cut of empty cells beyond it, with all problems."""
        cells, problems = raw.cells, raw.problems
        if len(cells) != self._width:
            self._fit(raw)
        joined = _joined(cells)
        if len(joined) > self._limits.cell_length:
            self._check_lengths(raw)
        if is_suspicious(joined):
            for at, cell in enumerate(cells):
                if type(cell) is str and cell:
                    cells[at] = self._checked_text(cell, at, raw)
        if self._dates:
            problems.extend(date_doubts(cells, self._dates, line=raw.line, row=raw.number))
        return Row(raw.number, tuple(cells), raw.line, tuple(problems))

    def _fit(self, raw: RawRow) -> None:
        """A row that is too wide keeps its cells, so that it can be shown; `long_row` says so."""
        cells = raw.cells
        found = len(cells)
        while len(cells) > self._width and cells[-1] == "":
            cells.pop()
        reported = any(problem.code in ("mixed_delimiters", "long_row") for problem in raw.problems)
        if len(cells) > self._width and not reported:
            self._report(raw, "long_row", self._width, found=found, expected=self._width)
        cells.extend([""] * (self._width - len(cells)))

    def _check_lengths(self, raw: RawRow) -> None:
        limit = self._limits.cell_length
        for at, cell in enumerate(raw.cells):
            if isinstance(cell, str) and len(cell) > limit:
                self._report(raw, "cell_too_long", at, size=len(cell), limit=limit)

    def _checked_text(self, text: str, at: int, raw: RawRow) -> Cell:
        byte = marked_byte(text)
        if byte is not None:
            text = without_marks(text)
            self._report(raw, "undecodable_byte", at, byte=byte, encoding=self._dialect.encoding)
        if "\0" in text:
            self._report(raw, "nul_byte", at)
        if self._dialect.kind == "csv" and text.startswith("="):
            self._report(raw, "formula_cell", at, value=shortened(text))
        plain = text if self._dialect.kind == "jsonl" else restore(text)
        doubt = doubt_of(plain)
        if doubt is not None:
            self._report(raw, doubt[0], at, **doubt[1])
        return plain

    def _report(self, raw: RawRow, code: str, at: int, **params: object) -> None:
        raw.problems.append(Problem(code, raw.line, at + 1, MappingProxyType(params), raw.number))


def _joined(cells: list[Cell]) -> str:
    """The texts of a row in one string, \x1f before each, to be searched in one go."""
    try:
        return "\x1f" + "\x1f".join(cells)  # type: ignore[arg-type]  # tried: nearly always all are texts
    except TypeError:
        return "\x1f" + "\x1f".join(cell if isinstance(cell, str) else "" for cell in cells)
