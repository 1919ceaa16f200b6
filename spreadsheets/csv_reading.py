"""Reads the records of a CSV file portion by portion, with their row numbers and physical lines."""

import csv
import io
from collections.abc import Generator, Iterator
from itertools import chain, pairwise
from typing import BinaryIO, TextIO, cast

from spreadsheets.csv_problems import Diagnosis, Place
from spreadsheets.decoding import text_of
from spreadsheets.detect import csv_reader
from spreadsheets.dialects import Dialect
from spreadsheets.limits import Limits
from spreadsheets.problems import Problem, UnreadableFile
from spreadsheets.rows import PORTION, Cell, Stretch


class CsvSource:
    """Each iteration reads the file from its beginning."""

    def __init__(self, file: BinaryIO, *, dialect: Dialect, limits: Limits) -> None:
        self.file, self.dialect, self.limits = file, dialect, limits

    def __iter__(self) -> Generator[Stretch]:
        text = text_of(self.file, encoding=self.dialect.encoding)
        try:
            yield from self._stretches(text)
        finally:
            text.detach()

    def close(self) -> None:
        """Does nothing: the source opens nothing."""

    def _stretches(self, text: TextIO) -> Iterator[Stretch]:
        line = 2 if self.dialect.has_separator_line and text.readline(64) else 1
        above = [text.readline(self.limits.row_length + 1) for _line in range(self.dialect.above)]
        records = _Records(line=line, above=sum(map(bool, above)), dialect=self.dialect, limits=self.limits)
        is_end = False
        while not is_end:
            # Whole lines, and never more of the last one than tells that it is too long.
            portion = text.read(PORTION) + text.readline(self.limits.row_length + 1)
            is_end = not portion
            stretch = records.parsed(portion, is_end=is_end)
            if stretch.rows:
                yield stretch
            if records.error is not None:
                raise records.error


class _MoreToCome(Exception):
    """The lines that were read are used up, but the file goes on."""


def _more_to_come() -> Iterator[str]:
    """Comes after the last line that was read, so that csv.reader does not take it for the end of the file."""
    raise _MoreToCome
    yield


class _Records:
    """Turns portions of text into records. A record that does not end in its portion is parsed again with the next."""

    def __init__(self, *, line: int, above: int, dialect: Dialect, limits: Limits) -> None:
        self._dialect, self._limits = dialect, limits
        self._diagnosis = Diagnosis(dialect=dialect, limits=limits)
        self._number, self._line, self._width = 1 + above, line + above, 0
        self._lines: list[str] = []
        self._rows: list[list[str]] = []
        self._bounds = [0]  # the record at n is made of self._lines[self._bounds[n] : self._bounds[n + 1]]
        self._problems: dict[int, list[Problem]] = {}
        self.error: UnreadableFile | None = None

    def parsed(self, portion: str, *, is_end: bool) -> Stretch:
        """The records that end in this portion, perhaps none; `error` is set if nothing can be read behind them."""
        self._drop_parsed()
        self._lines += io.StringIO(portion, newline="")
        length = sum(map(len, self._lines))
        used = self._parse(is_end=is_end)
        if length > self._limits.row_length:
            self._refuse_overlong(used)
        self._fit_all()
        self._find_swallowed()
        return self._stretch(length)

    def _drop_parsed(self) -> None:
        """Forget the lines of parsed records; number and line are then those of the next one."""
        used = self._bounds[-1]
        self._number += len(self._rows)
        self._line += used
        del self._lines[:used]
        self._rows, self._bounds, self._problems = [], [0], {}

    def _parse(self, *, is_end: bool) -> int:
        """Fill `_rows` and `_bounds`; returns how many lines were looked at."""
        lines = self._lines if is_end else chain(self._lines, _more_to_come())
        dialect = self._dialect
        reader = csv_reader(
            lines, delimiter=dialect.delimiter, quote=dialect.quote, strict=True, skips_blanks=dialect.skips_blanks
        )
        rows, bounds = self._rows, self._bounds
        while self.error is None:
            try:
                for cells in reader:
                    rows.append(cells)
                    bounds.append(reader.line_num)
                break
            except _MoreToCome:
                break
            except csv.Error as error:
                self._take_broken(error, reader.line_num)
        return reader.line_num

    def _take_broken(self, error: csv.Error, end: int) -> None:
        at = len(self._rows)
        lines = self._lines[self._bounds[at] : end]
        try:
            cells, problem = self._diagnosis.broken(error, lines, **self._place(at))
        except UnreadableFile as fatal:
            self.error = fatal
            return
        self._rows.append(cells)
        self._bounds.append(end)
        self._problems[at] = [problem]

    def _refuse_overlong(self, used: int) -> None:
        """Reading ends at the first record with too many characters, whether it is complete or not."""
        for at, (start, end) in enumerate(pairwise([*self._bounds, used])):
            lines = self._lines[start:end]
            if sum(map(len, lines)) > self._limits.row_length:
                self.error = self._diagnosis.overlong(lines, **self._place(at))
                del self._rows[at:], self._bounds[at + 1 :]
                self._problems = {row: found for row, found in self._problems.items() if row < at}
                return

    def _fit_all(self) -> None:
        """Report the records with another width than the first good one."""
        if not self._width:
            good = (len(cells) for at, cells in enumerate(self._rows) if cells and at not in self._problems)
            self._width = next(good, 0)
        if set(map(len, self._rows)) <= {0, self._width}:
            return
        for at, cells in enumerate(self._rows):
            if any(cells) and len(cells) != self._width and at not in self._problems:
                first = self._lines[self._bounds[at]]
                self._rows[at], problem = self._diagnosis.fitted(cells, first, width=self._width, **self._place(at))
                self._problems[at] = [problem]

    def _find_swallowed(self) -> None:
        if not self._has_long_records():
            return
        for at, (start, end) in enumerate(pairwise(self._bounds)):
            if end - start > 1:
                column = self._diagnosis.swallowing_column(self._rows[at], width=self._width)
                if column is not None:
                    problem = Problem("swallowed_rows", column=column, **self._place(at))
                    self._problems.setdefault(at, []).append(problem)

    def _has_long_records(self) -> bool:
        """True if there is a record of more than one line."""
        return self._bounds[-1] > len(self._rows)

    def _place(self, at: int) -> Place:
        return {"line": self._line + self._bounds[at], "row": self._number + at}

    def _stretch(self, length: int) -> Stretch:
        rows = cast("list[list[Cell]]", self._rows)  # nobody looks at this list any more
        numbers = range(self._number, self._number + len(rows))
        lines = range(self._line, self._line + len(rows))
        starts = [self._line + start for start in self._bounds[:-1]] if self._has_long_records() else lines
        stretch = Stretch(numbers, starts, rows, self._problems, length)
        # A line of delimiters alone is as blank as one of nothing at all.
        filled = [at for at, cells in enumerate(rows) if any(cells) and not _is_blank(self._rows[at])]
        return stretch if len(filled) == len(rows) else stretch.part(filled)


def _is_blank(cells: list[str]) -> bool:
    """Whether nothing but white space stands in a row."""
    return not cells[0].strip() and not "".join(cells).strip()
