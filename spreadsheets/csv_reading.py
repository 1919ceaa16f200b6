"""Records of a CSV file, one after the other, each with its row number and its physical line."""

import csv
import re
from collections.abc import Generator, Iterator, Sequence
from functools import partial
from types import MappingProxyType
from typing import BinaryIO, TextIO

from spreadsheets.decoding import text_of
from spreadsheets.detect import csv_reader
from spreadsheets.dialects import DELIMITERS, Dialect
from spreadsheets.limits import Limits
from spreadsheets.problems import Problem, shortened, unreadable
from spreadsheets.rows import RawRow


class _Lines:
    """Hands physical lines to csv.reader and remembers how the current record begins."""

    def __init__(self, text: TextIO, *, limit: int) -> None:
        self.text, self.limit = text, limit
        self.first, self.length, self.count = "", 0, 0

    def __iter__(self) -> Iterator[str]:
        for line in iter(partial(self.text.readline, self.limit + 1), ""):
            if not self.length:
                self.first = line
            self.length += len(line)
            if self.length > self.limit:
                raise OverflowError
            self.count += 1
            yield line


class CsvSource:
    """Each iteration reads the file from its beginning."""

    def __init__(self, file: BinaryIO, *, dialect: Dialect, limits: Limits) -> None:
        self.file, self.dialect, self.limits = file, dialect, limits

    def __iter__(self) -> Generator[RawRow]:
        text = text_of(self.file, encoding=self.dialect.encoding)
        try:
            yield from self._records(text)
        finally:
            text.detach()

    def close(self) -> None:
        """Nothing is held."""

    def _records(self, text: TextIO) -> Iterator[RawRow]:
        lines = _Lines(text, limit=self.limits.row_length)
        skipped = 1 if self.dialect.has_separator_line and text.readline(64) else 0
        delimiter, quote = self.dialect.delimiter, self.dialect.quote
        reader = csv_reader(iter(lines), delimiter=delimiter, quote=quote, strict=True)
        number = width = 0
        while True:
            number += 1
            lines.length, start = 0, lines.count + 1
            line = start + skipped
            try:
                cells = next(reader)
            except StopIteration:
                return
            except OverflowError:
                raise self._overlong(lines, line=line, row=number, spans=lines.count >= start) from None
            except csv.Error as error:
                yield self._broken(error, lines, line=line, row=number, spans=lines.count > start)
                continue
            if not cells:
                continue
            width = width or len(cells)
            problems: list[Problem] = []
            if len(cells) != width:
                cells, problem = self._fitted(cells, lines, line=line, row=number, width=width)
                problems.append(problem)
            if lines.count > start and (at := self._swallowed(cells, width=width)) is not None:
                problems.append(Problem("swallowed_rows", line, at + 1, row=number))
            yield RawRow(number, line, [*cells], problems)

    def _overlong(self, lines: _Lines, *, line: int, row: int, spans: bool) -> Exception:
        if spans:
            return unreadable("unclosed_quote", row=row, line=line, column=self._good_cells(lines.first) + 1)
        return unreadable("row_too_long", row=row, line=line, limit=self.limits.row_length)

    def _broken(self, error: csv.Error, lines: _Lines, *, line: int, row: int, spans: bool) -> RawRow:
        """A quotation mark in the middle of a line costs this row; one that runs on makes all rows uncertain."""
        column = self._good_cells(lines.first) + 1
        if spans or "unexpected end" in str(error):
            raise unreadable("unclosed_quote", row=row, line=line, column=column)
        code = "cell_too_long" if "field limit" in str(error) else "stray_quote"
        params = {"size": lines.length, "limit": self.limits.cell_length} if code == "cell_too_long" else {}
        problem = Problem(code, line, column, MappingProxyType(params), row)
        cells = lines.first.rstrip("\r\n").split(self.dialect.delimiter)
        return RawRow(row, line, [*cells], [problem])

    def _good_cells(self, line: str) -> int:
        """How many cells at the beginning of a line are quoted as they should be."""
        mark, delimiter = re.escape(self.dialect.quote or "\0"), re.escape(self.dialect.delimiter)
        cell = re.compile(rf"(?:{mark}(?:[^{mark}]|{mark}{mark})*{mark}|(?!{mark})[^{delimiter}]*)(?:{delimiter}|$)")
        text, at, count = line.rstrip("\r\n"), 0, 0
        while (found := cell.match(text, at)) and found.end() > at:
            at, count = found.end(), count + 1
        return count

    def _fitted(self, cells: list[str], lines: _Lines, *, line: int, row: int, width: int) -> tuple[list[str], Problem]:
        joined, at = _rejoined(cells)
        if self.dialect.delimiter != "," or len(joined) != width:
            return cells, self._misfit(cells, lines, line=line, row=row, width=width)
        params = MappingProxyType({"value": shortened(joined[at])})
        return joined, Problem("comma_in_text", line, at + 1, params, row)

    def _misfit(self, cells: Sequence[str], lines: _Lines, *, line: int, row: int, width: int) -> Problem:
        found: dict[str, object] = {"found": len(cells), "expected": width}
        for other in DELIMITERS:
            if other == self.dialect.delimiter or width < 2:
                continue
            cells_then = next(csv_reader([lines.first], delimiter=other, quote=self.dialect.quote))
            if len(cells_then) == width:
                names = {"found": _shown(other), "expected": _shown(self.dialect.delimiter)}
                return Problem("mixed_delimiters", line, None, MappingProxyType(names), row)
        code = "short_row" if len(cells) < width else "long_row"
        column = min(len(cells), width) + 1
        return Problem(code, line, column, MappingProxyType(found), row)

    def _swallowed(self, cells: Sequence[str], *, width: int) -> int | None:
        """The first cell (from 0) of which a line has as many delimiters as a whole row."""
        for at, cell in enumerate(cells):
            if width >= 3 and cell.count(self.dialect.delimiter) >= width - 1:
                lines = cell.splitlines()[1:]
                if any(line.count(self.dialect.delimiter) >= width - 1 for line in lines):
                    return at
        return None


def _rejoined(cells: Sequence[str]) -> tuple[list[str], int]:
    """The cells with those that begin with a blank put back behind the comma before them, and the first such place.

    Programs that forget the quotation marks write `Gran Vía, 1` as two cells; hardly any begins a cell with a blank.
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
