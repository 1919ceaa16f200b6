"""Describes what is wrong with a record of a CSV file, and where."""

import csv
import re
from collections.abc import Sequence
from types import MappingProxyType
from typing import TypedDict

from spreadsheets.detect import csv_reader
from spreadsheets.dialects import DELIMITERS, Dialect
from spreadsheets.limits import Limits
from spreadsheets.problems import Problem, UnreadableFile, shortened, unreadable


class Place(TypedDict):
    """Where a record begins: its physical line, and its row as Excel shows it."""

    line: int
    row: int


class Diagnosis:
    """Finds out what is wrong. `lines` are always the physical lines of one record, `line` and `row` its Place."""

    def __init__(self, *, dialect: Dialect, limits: Limits) -> None:
        self._dialect, self._limits = dialect, limits

    def overlong(self, lines: Sequence[str], *, line: int, row: int) -> UnreadableFile:
        """A record with more characters than allowed: one line, or a quotation mark that is never closed."""
        if len(lines[0]) > self._limits.row_length:
            return unreadable("row_too_long", row=row, line=line, limit=self._limits.row_length)
        return unreadable("unclosed_quote", row=row, line=line, column=self._good_cells(lines[0]) + 1)

    def broken(self, error: csv.Error, lines: Sequence[str], *, line: int, row: int) -> tuple[list[str], Problem]:
        """The cells and the problem of a record that csv.reader refuses.

        A quotation mark in the middle of a line makes only this row unusable. One that is not closed makes all
        following rows uncertain: then UnreadableFile is raised.
        """
        column = self._good_cells(lines[0]) + 1
        if len(lines) > 1 or "unexpected end" in str(error):
            raise unreadable("unclosed_quote", row=row, line=line, column=column)
        code = "cell_too_long" if "field limit" in str(error) else "stray_quote"
        params = {"size": len(lines[0]), "limit": self._limits.cell_length} if code == "cell_too_long" else {}
        cells = lines[0].rstrip("\r\n").split(self._dialect.delimiter)
        return cells, Problem(code, line, column, MappingProxyType(params), row)

    def fitted(self, cells: list[str], first: str, *, line: int, row: int, width: int) -> tuple[list[str], Problem]:
        """The cells and the problem of a record with more or fewer cells than headings; `first` is its first line."""
        joined, at = _rejoined(cells)
        if self._dialect.delimiter != "," or len(joined) != width:
            return cells, self._misfit(cells, first, line=line, row=row, width=width)
        params = MappingProxyType({"value": shortened(joined[at])})
        return joined, Problem("comma_in_text", line, at + 1, params, row)

    def swallowing_column(self, cells: Sequence[str], *, width: int) -> int | None:
        """The first column of which a line, the first apart, has as many delimiters as a whole row."""
        delimiter, enough = self._dialect.delimiter, width - 1
        if width < 3 or "".join(cells).count(delimiter) < enough:
            return None
        for column, cell in enumerate(cells, start=1):
            if any(text.count(delimiter) >= enough for text in cell.splitlines()[1:]):
                return column
        return None

    def _good_cells(self, line: str) -> int:
        """How many cells at the beginning of a line are quoted as they should be."""
        mark, delimiter = re.escape(self._dialect.quote or "\0"), re.escape(self._dialect.delimiter)
        cell = re.compile(rf"(?:{mark}(?:[^{mark}]|{mark}{mark})*{mark}|(?!{mark})[^{delimiter}]*)(?:{delimiter}|$)")
        text, at, count = line.rstrip("\r\n"), 0, 0
        while (found := cell.match(text, at)) and found.end() > at:
            at, count = found.end(), count + 1
        return count

    def _misfit(self, cells: Sequence[str], first: str, *, line: int, row: int, width: int) -> Problem:
        for other in DELIMITERS:
            if width > 1 and other != self._dialect.delimiter and self._width_by(other, first) == width:
                names = {"found": _shown(other), "expected": _shown(self._dialect.delimiter)}
                return Problem("mixed_delimiters", line, None, MappingProxyType(names), row)
        code = "short_row" if len(cells) < width else "long_row"
        column = min(len(cells), width) + 1
        return Problem(code, line, column, MappingProxyType({"found": len(cells), "expected": width}), row)

    def _width_by(self, delimiter: str, line: str) -> int:
        """How many cells another delimiter makes of a line; 0 if one of them is longer than csv.reader allows."""
        try:
            return len(next(csv_reader([line], delimiter=delimiter, quote=self._dialect.quote)))
        except csv.Error:
            return 0


def _rejoined(cells: Sequence[str]) -> tuple[list[str], int]:
    """The cells, with those that begin with a blank joined to the one before, and the index of the first such cell.

    Programs that forget quotation marks write `Gran Vía, 1` as two cells, and hardly any program begins a cell with a
    blank.
    """
    joined: list[str] = []
    first = 0
    for cell in cells:
        if joined and cell.startswith(" ") and cell.strip():
            joined[-1] += f",{cell}"
            first = first or len(joined)
        else:
            joined.append(cell)
    return joined, max(first - 1, 0)


def _shown(delimiter: str) -> str:
    return "TAB" if delimiter == "\t" else delimiter
