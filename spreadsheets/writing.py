"""Writes a table as CSV, XLSX or JSON Lines, row by row, with constant memory.

    with open_writer(file, profile="excel-de") as writer:
        writer.write_headings(["Kundennummer", "Name"])
        writer.write_row([1, "Müller"])

What is written reads back as it was: texts character for character, numbers and dates of an XLSX as such. If an
exception leaves the block, the last row says that the file is incomplete; no reader takes that for a customer.
"""

import csv
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, BinaryIO, Literal, Self

from spreadsheets.copied import CopiedCsv, Kind, rows_of
from spreadsheets.dialects import Dialect
from spreadsheets.formulas import neutralise
from spreadsheets.problems import Problem, UnwritableTable
from spreadsheets.rows import Cell, Structure
from spreadsheets.xlsx_writing import SheetArchive

if TYPE_CHECKING:
    from _csv import Writer as CsvRows  # the module has no public name for it

type Profile = Literal["excel-de", "plain", "xlsx", "jsonl"]

INCOMPLETE = "*** INCOMPLETE ***"
ENDINGS: dict[Profile, str] = {"excel-de": ".csv", "plain": ".csv", "xlsx": ".xlsx", "jsonl": ".jsonl"}
DIALECTS = {"excel-de": Dialect("csv", "utf-8-sig", ";"), "plain": Dialect("csv", "utf-8", ",")}


class Writer(ABC):
    """Writes to a binary file that the caller opens and closes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._headings: tuple[str, ...] = ()
        self._row = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
            return
        with suppress(OSError):  # a full disk: the error under way says more
            self.mark_incomplete()
            self.close()

    def write_headings(self, headings: Sequence[str]) -> None:
        """Write the first row. Raises ValueError unless the headings are unique and not empty."""
        keys = {heading.strip().casefold() for heading in headings}
        if not headings or "" in keys or len(keys) != len(headings):
            raise ValueError("headings must be unique and not empty")
        self._headings = tuple(headings)
        self._start_row(headings)
        self._write_headings(headings)

    def write_row(self, cells: Sequence[Cell]) -> None:
        """Write one row.

        Raises ValueError unless it has as many cells as headings, and UnwritableTable if the format cannot hold it.
        """
        if len(cells) != len(self._headings):
            raise ValueError(f"{len(cells)} cells for {len(self._headings)} headings")
        self._start_row(cells)
        self._write_row(cells)

    def write_copied(self, block: bytes, kinds: Sequence[Kind]) -> None:
        """Write complete lines of a database's COPY (see spreadsheets/copied.py), with cells of these kinds.

        CSV writes the cells as they are: numbers and dates must already have their final form. Raises UnwritableTable.
        """
        for cells in rows_of(block, kinds):
            try:
                self.write_row(cells)
            except UnwritableTable as refusal:
                refusal.cells = tuple(cells)
                raise

    def write_notes(self, title: str, notes: Sequence[tuple[str, str]]) -> bool:
        """Write filter, time, user … to a second sheet; returns False if the format has no place for them."""
        return False

    @abstractmethod
    def mark_incomplete(self, text: str = INCOMPLETE) -> None:
        """Say in the last row that rows are missing, in a form that every reader reports."""

    @abstractmethod
    def close(self) -> None:
        """Write what is not written yet; the file itself stays open."""

    @abstractmethod
    def _write_headings(self, headings: Sequence[str]) -> None: ...

    @abstractmethod
    def _write_row(self, cells: Sequence[Cell]) -> None: ...

    def _start_row(self, cells: Sequence[Cell]) -> None:
        self._row += 1
        for column, cell in enumerate(cells, start=1):
            if isinstance(cell, str) and (not cell.isascii() or "\0" in cell):
                _refuse_unwritable(cell, row=self._row, column=column)


class CsvWriter(Writer):
    """For Excel in Germany with semicolons, UTF-8 with a byte order mark, and CRLF; else with commas, UTF-8 and LF.

    The text is UTF-8 whatever encoding `dialect` has; it begins with a mark unless that is utf-8.

    Headings are always quoted: so the delimiter can be recognised from them alone, and Excel does not take a first
    heading "ID" for a SYLK file. Where semicolons delimit, numbers and dates are written in German.
    """

    def __init__(self, file: BinaryIO, *, dialect: Dialect, line_end: str) -> None:
        super().__init__(file)
        self._is_german = dialect.delimiter == ";"
        self._delimiter, self._quote, self._end = dialect.delimiter, dialect.quote or '"', line_end
        self._text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        self._copied = CopiedCsv(delimiter=self._delimiter, line_end=line_end)
        if dialect.encoding != "utf-8":
            self._text.write("\ufeff")
        # Single quotation marks are recognised only where they are the rule.
        self._csv = self._writer(csv.QUOTE_ALL if self._quote == "'" else csv.QUOTE_MINIMAL)

    def write_copied(self, block: bytes, kinds: Sequence[Kind]) -> None:
        if len(self._headings) == 1 or self._quote != '"':  # every cell is quoted then
            super().write_copied(block, ["text"] * len(kinds))
            return
        self._row += block.count(b"\n")
        self._text.flush()
        self._file.write(self._copied.convert(block))

    def mark_incomplete(self, text: str = INCOMPLETE) -> None:
        count = 2 if len(self._headings) == 1 else 1
        self._quoted([text] * count)

    def close(self) -> None:
        self._text.detach()

    def write(self, record: str) -> None:
        """Called by csv.writer. It ends records with CRLF so that either character is quoted in a cell."""
        self._text.write(record[:-2] + self._end)

    def _write_headings(self, headings: Sequence[str]) -> None:
        self._quoted(headings)
        if len(headings) == 1:  # nothing else tells that a delimiter in a lone cell is none
            self._csv = self._writer(csv.QUOTE_ALL)

    def _quoted(self, cells: Sequence[str]) -> None:
        self._writer(csv.QUOTE_ALL).writerow([*map(neutralise, cells)])

    def _writer(self, quoting: Literal[0, 1]) -> "CsvRows":
        return csv.writer(self, delimiter=self._delimiter, quotechar=self._quote, quoting=quoting)

    def _write_row(self, cells: Sequence[Cell]) -> None:
        self._csv.writerow([neutralise(cell) if type(cell) is str else self._shown(cell) for cell in cells])

    def _shown(self, cell: Cell) -> str:
        if cell is None:
            return ""
        if isinstance(cell, bool):
            return ("nein", "ja")[cell] if self._is_german else ("false", "true")[cell]
        if isinstance(cell, Decimal):
            text = format(cell, "f")
            return text.replace(".", ",") if self._is_german else text
        if isinstance(cell, datetime):
            return format(cell, "%d.%m.%Y %H:%M:%S") if self._is_german else cell.isoformat(" ")
        if isinstance(cell, date):
            return format(cell, "%d.%m.%Y") if self._is_german else cell.isoformat()
        return str(cell)


class XlsxWriter(Writer):
    """Writes one sheet of texts, numbers and dates, and notes on a second one. Nothing in it is a formula."""

    def __init__(self, file: BinaryIO, *, sheet: str = "Table") -> None:
        super().__init__(file)
        self._archive = SheetArchive(file)
        self._archive.start_sheet(sheet)

    def write_notes(self, title: str, notes: Sequence[tuple[str, str]]) -> bool:
        self._archive.start_sheet(title)
        for name, value in notes:
            self._archive.write_row([neutralise(name), neutralise(value)])
        return True

    def mark_incomplete(self, text: str = INCOMPLETE) -> None:
        self._archive.write_row([""] * len(self._headings) + [text])

    def close(self) -> None:
        self._archive.close()

    def _write_headings(self, headings: Sequence[str]) -> None:
        self._archive.write_row([neutralise(heading) for heading in headings], is_heading=True)

    def _write_row(self, cells: Sequence[Cell]) -> None:
        self._archive.write_row([neutralise(cell) if type(cell) is str else cell for cell in cells])


class JsonlWriter(Writer):
    """Writes one object in each line. Decimals are texts that keep their digits, dates are in ISO 8601."""

    def mark_incomplete(self, text: str = INCOMPLETE) -> None:
        self._line({"": text})

    def close(self) -> None:
        """Does nothing: every line is written at once."""

    def _write_headings(self, headings: Sequence[str]) -> None:
        """Nothing is written: the headings are the keys of every line."""

    def _write_row(self, cells: Sequence[Cell]) -> None:
        self._line(dict(zip(self._headings, cells, strict=True)))

    def _line(self, values: dict[str, Cell]) -> None:
        self._file.write(json.dumps(values, ensure_ascii=False, default=_json_text).encode() + b"\n")


def open_writer(file: BinaryIO, *, profile: Profile, sheet: str = "Table") -> Writer:
    """The writer of a profile; `sheet` names the sheet of an XLSX."""
    if profile == "xlsx":
        return XlsxWriter(file, sheet=sheet)
    if profile == "jsonl":
        return JsonlWriter(file)
    return CsvWriter(file, dialect=DIALECTS[profile], line_end="\r\n" if profile == "excel-de" else "\n")


def open_writer_like(file: BinaryIO, *, dialect: Dialect) -> Writer:
    """A writer for rows that were read in this dialect, so that they can be corrected and read again.

    CSV keeps its delimiter and quotation marks but becomes UTF-8: an older encoding might lack a character.
    """
    if dialect.kind == "csv":
        return CsvWriter(file, dialect=dialect, line_end="\r\n")
    if dialect.kind == "vcard":  # a card has no place for what is wrong with it
        return CsvWriter(file, dialect=DIALECTS["excel-de"], line_end="\r\n")
    return XlsxWriter(file, sheet=dialect.sheet) if dialect.kind == "xlsx" else JsonlWriter(file)


def _json_text(cell: object) -> object:
    if isinstance(cell, Structure):
        return json.loads(cell.text)
    if isinstance(cell, Decimal):
        return format(cell, "f")
    if isinstance(cell, date):
        return cell.isoformat()
    raise TypeError(type(cell).__name__)


def _refuse_unwritable(text: str, *, row: int, column: int) -> None:
    found = next((char for char in text if char == "\0" or "\ud800" <= char <= "\udfff"), None)
    if found is not None:
        params = MappingProxyType({"character": f"U+{ord(found):04X}"})
        raise UnwritableTable(Problem("unwritable_character", row, column, params, row))
