"""The lines of a bank's CSV as cells: the encoding is found out, and the delimiter by which headings are recognised."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import BinaryIO

from accounting.banking.csv_columns import MOST_ABOVE, Columns, check_needed, columns_among
from accounting.banking.problems import UnreadableBankFile
from spreadsheets import DELIMITERS, UnreadableFile
from spreadsheets.decoding import marked_places, text_of
from spreadsheets.detect import csv_reader
from spreadsheets.encodings import encoding_of

MOST_BYTES = 32 * 1024**2
MOST_ROWS = 200_000
MOST_CELLS = 200
LONGEST_ROW = 20_000


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a record, and the line on which it begins."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class BankTable:
    """`above` are the rows before the headings, `rows` those below; blank ones are left out."""

    columns: Columns
    above: list[Row]
    rows: list[Row]
    delimiter: str


def read_table(file: BinaryIO) -> BankTable:
    """The table in a file. Raises UnreadableBankFile."""
    text = _text(file)
    candidates = [(delimiter, _head(text, delimiter)) for delimiter in DELIMITERS]
    found = [(columns, delimiter) for delimiter, head in candidates if (columns := columns_among(head))]
    if not found:
        raise UnreadableBankFile("no_headings")
    best, delimiter = max(found, key=lambda one: (len(one[0].at), -DELIMITERS.index(one[1])))
    check_needed(best)
    rows = _rows(text, delimiter)
    heading = next(at for at, row in enumerate(rows) if tuple(row.cells) == best.headings)
    return BankTable(best, rows[:heading], rows[heading + 1 :], delimiter)


def _text(file: BinaryIO) -> str:
    size = file.seek(0, io.SEEK_END)
    if not size:
        raise UnreadableBankFile("empty")
    if size > MOST_BYTES:
        raise UnreadableBankFile("too_large", size=size, limit=MOST_BYTES)
    try:
        encoding = encoding_of(file)
        wrapper = text_of(file, encoding=encoding)
    except UnreadableFile as error:
        raise UnreadableBankFile("undecodable", line=1, encoding="UTF-8") from error
    try:
        text = wrapper.read()
    except UnicodeError:
        raise UnreadableBankFile("undecodable", line=1, encoding=encoding) from None
    finally:
        wrapper.detach()
    _check_characters(text, encoding)
    return text


def _check_characters(text: str, encoding: str) -> None:
    if (at := text.find("\0")) >= 0:
        raise UnreadableBankFile("nul", line=text.count("\n", 0, at) + 1)
    for at in marked_places(text):
        raise UnreadableBankFile("undecodable", line=text.count("\n", 0, at) + 1, encoding=encoding)


def _head(text: str, delimiter: str) -> list[list[str]]:
    """The first records, as far as they can be divided by this delimiter."""
    head: list[list[str]] = []
    try:
        for cells in csv_reader(io.StringIO(text, newline=""), delimiter=delimiter, quote='"'):
            if any(map(str.strip, cells)):
                head.append(cells)
            if len(head) >= MOST_ABOVE:
                break
    except csv.Error:
        pass  # another delimiter may be the right one; if it is this one, reading the rows says what is wrong
    return head


def _rows(text: str, delimiter: str) -> list[Row]:
    reader = csv_reader(io.StringIO(text, newline=""), delimiter=delimiter, quote='"')
    rows: list[Row] = []
    line = 1
    try:
        for cells in reader:
            if any(map(str.strip, cells)):
                _check_row(cells, line)
                rows.append(Row(line, cells))
            line = reader.line_num + 1
            if len(rows) > MOST_ROWS:
                raise UnreadableBankFile("too_many_rows", limit=MOST_ROWS)
    except csv.Error as error:
        raise UnreadableBankFile("broken_row", line=line, reason=str(error)) from error
    if rows:
        _check_end(text, rows[-1].line, delimiter)
    return rows


def _check_end(text: str, line: int, delimiter: str) -> None:
    """A file that was cut off may end within quotation marks, or before a cell that would be in some.

    Half an amount looks like an amount, and what is pending says so in its last cell.
    """
    lines = list(io.StringIO(text, newline=""))
    last = "".join(lines[line - 1 :])
    misses_cell = last.endswith(delimiter) and lines[max(line - 2, 0)].rstrip("\r\n").endswith('"')
    if last.count('"') % 2 or misses_cell:
        raise UnreadableBankFile("cut_off", line=line)


def _check_row(cells: list[str], line: int) -> None:
    """A quotation mark that is not closed makes one cell of the rest of the file: that is noticed by its length."""
    if len(cells) > MOST_CELLS or sum(map(len, cells)) > LONGEST_ROW:
        raise UnreadableBankFile("broken_row", line=line, reason=f"> {LONGEST_ROW}")
