"""Reads the rows of one sheet of a workbook, streamed from the archive."""

import zipfile
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from itertools import islice
from types import MappingProxyType
from typing import BinaryIO

from spreadsheets.dialects import Dialect, Overrules
from spreadsheets.heads import LONGEST_HEAD, headings_among
from spreadsheets.limits import Limits
from spreadsheets.ooxml_text import from_xml
from spreadsheets.problems import Problem, UnreadableFile, gettext_noop, shortened, unreadable
from spreadsheets.rows import Cell, RawRow, Stretch, in_stretches
from spreadsheets.xlsx_archive import (
    DEEPEST,
    Attributes,
    Reader,
    damage_reported,
    foreign_archive,
    is_workbook,
    open_archive,
    too_deep,
)
from spreadsheets.xlsx_cells import column_of, is_shortened, iso_moment, moment, number
from spreadsheets.xlsx_workbook import TEXT_PER_CELL, SharedStrings, Workbook, read_workbook

LAST_ROW = 1_048_576
FOUND = {
    "n": gettext_noop("a number"),
    "s": gettext_noop("a text"),
    "d": gettext_noop("a date"),
    "b": gettext_noop("a truth value"),
}


class XlsxSource:
    """Reads the sheet. Each iteration begins at the first row; the shared strings are read once."""

    def __init__(self, file: BinaryIO, *, overrules: Overrules, limits: Limits) -> None:
        self.limits = limits
        self._strings: SharedStrings | None = None
        self._archive = open_archive(file, limits=limits)
        if not is_workbook(self._archive):
            raise foreign_archive(self._archive)
        with damage_reported():
            self._workbook = read_workbook(self._archive, limits=limits)
        self.dialect = self._dialect(overrules.sheet)
        above = self._above() if overrules.above is None else overrules.above
        self.dialect = replace(self.dialect, above=above)

    def __iter__(self) -> Generator[Stretch]:
        above = self.dialect.above
        yield from in_stretches(row for row in self._rows() if row.number > above)

    def _rows(self) -> Generator[RawRow]:
        if self._strings is None:
            self._strings = SharedStrings(self._archive, self._workbook.strings, limits=self.limits)
        sheets = self._workbook.hidden | self._workbook.sheets
        sheet = _Sheet(self._workbook, self._strings, self.limits)
        yield from sheet.rows(self._archive, sheets[self.dialect.sheet])

    def _above(self) -> int:
        """How many rows stand above the headings."""
        head: list[RawRow] = []
        try:
            with closing(self._rows()) as rows:
                head.extend(islice(rows, LONGEST_HEAD))
        except UnreadableFile:
            pass  # told when the rows are read
        except BaseException:
            self.close()
            raise
        at = headings_among([[str(cell) for cell in row.cells] for row in head]) if head else 0
        return head[at].number - 1 if at else 0

    def close(self) -> None:
        """Close the archive and the temporary file, but not the file that was passed in."""
        if self._strings is not None:
            self._strings.close()
        self._archive.close()

    def _dialect(self, wanted: str | None) -> Dialect:
        visible = tuple(self._workbook.sheets)
        every = (*visible, *self._workbook.hidden)
        if not every:
            raise unreadable("broken_archive", reason="it has no sheet")
        if wanted is not None and wanted not in every:
            raise unreadable("unknown_sheet", sheet=wanted, sheets=", ".join(every))
        return Dialect("xlsx", sheet=every[0] if wanted is None else wanted, sheets=visible)


class _Sheet:
    """The handlers for expat that turn elements into rows."""

    def __init__(self, workbook: Workbook, strings: SharedStrings, limits: Limits) -> None:
        self._workbook, self._strings, self._limits = workbook, strings, limits
        self._longest = limits.cell_length * TEXT_PER_CELL
        self._done: list[RawRow] = []
        self._number = 0
        self._cells: list[Cell] = []
        self._problems: list[Problem] = []
        self._column, self._type, self._style = -1, "n", 0
        self._value: list[str] = []
        self._formula: list[str] = []
        self._length = self._phonetic = self._depth = 0
        self._into: list[str] | None = None
        self._has_value = self._has_formula = False

    def rows(self, archive: zipfile.ZipFile, member: str) -> Generator[RawRow]:
        """All rows that hold a value."""
        reader = Reader(start=self._start, end=self._end, text=self._text, counts_depth=True)
        for _chunk in reader.chunks(archive, member):
            yield from self._done
            self._done.clear()

    def _start(self, name: str, attributes: Attributes) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise too_deep()
        if name == "c":
            self._start_cell(attributes)
        elif name == "v" or (name == "t" and not self._phonetic):
            self._into, self._has_value = self._value, True
        elif name == "is":
            self._has_value = True
        elif name == "f":
            self._into, self._has_formula = self._formula, True
        elif name == "row":
            self._start_row(attributes)
        elif name == "rPh":
            self._phonetic += 1

    def _end(self, name: str) -> None:
        self._into = None
        self._depth -= 1
        if name == "c":
            if self._has_value or self._has_formula:
                self._end_cell()
        elif name == "row":
            if self._cells:
                self._done.append(RawRow(self._number, self._number, self._cells, self._problems))
        elif name == "rPh":
            self._phonetic -= 1

    def _text(self, text: str) -> None:
        if self._into is not None and self._length <= self._longest:
            self._length += len(text)
            self._into.append(text)

    def _start_row(self, attributes: Attributes) -> None:
        number = int(attributes.get("r", self._number + 1))
        if number <= self._number:
            raise unreadable("broken_archive", reason=f"row {number} comes after row {self._number}")
        if number > LAST_ROW:
            raise unreadable("too_many_rows", limit=LAST_ROW)
        self._number, self._column = number, -1
        self._cells, self._problems = [], []

    def _start_cell(self, attributes: Attributes) -> None:
        reference = attributes.get("r")
        self._column = self._column + 1 if reference is None else column_of(reference)
        self._type = attributes.get("t", "n")
        self._style = int(attributes.get("s", "0"))
        self._value, self._formula, self._length = [], [], 0
        self._has_value = self._has_formula = False

    def _end_cell(self) -> None:
        cells, column = self._cells, self._column
        if column >= self._limits.columns:
            raise unreadable("too_many_columns", row=self._number, limit=self._limits.columns)
        if len(cells) > column:
            raise unreadable("broken_archive", reason=f"row {self._number} has a cell twice")
        if len(cells) < column:
            cells.extend([""] * (column - len(cells)))
        text, formula = "".join(self._value), "=" + shortened("".join(self._formula)) if self._has_formula else ""
        try:
            cells.append(self._converted(text, formula))
        except (ValueError, IndexError):
            cells.append(text)
            self._report("broken_cell", value=shortened(text), found=FOUND.get(self._type, gettext_noop("a value")))
            return
        if formula and self._type != "e":
            self._report("formula_cell", value=formula)

    def _converted(self, text: str, formula: str) -> Cell:
        if self._type == "s":
            return self._strings[int(text)]
        if self._type in ("inlineStr", "str"):
            return from_xml(text)
        if self._type == "e":
            # Whoever replaced the formula by its value, as is told of others, would keep the error.
            self._report("error_of_formula" if formula else "error_cell", value=text, formula=formula)
            return text
        if not text:
            return ""
        if self._type == "b":
            return bool(int(text))
        if self._type == "d":
            return iso_moment(text)
        return self._number_or_date(text)

    def _number_or_date(self, text: str) -> Cell:
        if self._style in self._workbook.date_formats:
            return moment(text, is_1904=self._workbook.is_1904)
        value = number(text)
        if is_shortened(value):
            self._report("mangled_number", value=shortened(value))
        return value

    def _report(self, code: str, **params: object) -> None:
        problem = Problem(code, self._number, self._column + 1, MappingProxyType(params), self._number)
        self._problems.append(problem)
