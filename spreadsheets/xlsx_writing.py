"""Writes the parts of an XLSX file directly into the archive.

Own code, because libraries are not exact: openpyxl refuses control characters, XlsxWriter takes a text such as
<r>…</r> for markup. Both need a temporary file, and take several times as long.
"""

import zipfile
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from itertools import count
from types import MappingProxyType
from typing import IO, BinaryIO, NoReturn
from xml.sax.saxutils import quoteattr

from spreadsheets.ooxml_text import to_xml
from spreadsheets.problems import Problem, UnwritableTable
from spreadsheets.rows import Cell
from spreadsheets.xlsx_cells import EPOCH_1900, EXCEL_PRECISION, MILLISECONDS_PER_DAY, column_of

LAST_ROW, LAST_COLUMN, LONGEST_CELL = 1_048_576, 16_384, 32_767
LARGEST_MEMBER = 2**31 - 2**20  # beyond two gibibytes the archive would need an extension that Excel complains of
ROWS_AT_ONCE = 200
HEADING, DATE, MOMENT = 1, 2, 3
FIRST_DATE = date(1900, 3, 1)  # before it Excel counts a day that never was

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
SHEET_START = (
    f'{DECLARATION}<worksheet xmlns="{MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" '
    'topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>\n'
)
SHEET_END = "</sheetData></worksheet>"
STYLES = (
    f'{DECLARATION}<styleSheet xmlns="{MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_TEXT = '<c r="%s%d"%s t="inlineStr"><is><t xml:space="preserve">%s</t></is></c>'


class SheetArchive:
    """Writes sheets one after the other; rows go into the one that was started last."""

    def __init__(self, file: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(file, "w")
        self._titles: list[str] = []
        self._sheet: IO[bytes] | None = None
        self._row = self._size = 0
        self._pending: list[str] = []

    def start_sheet(self, title: str) -> None:
        """Finish the sheet before and start another. The title is cut to the length that Excel allows."""
        self._finish_sheet()
        self._titles.append(_allowed_title(title, taken=self._titles))
        self._sheet = self._zip.open(_member(f"xl/worksheets/sheet{len(self._titles)}.xml"), "w")
        self._row = self._size = 0
        self._pending = [SHEET_START]

    def write_row(self, cells: Sequence[Cell], *, is_heading: bool = False) -> None:
        """Write a row. Raises UnwritableTable if Excel cannot hold the row or one of its cells."""
        self._row += 1
        self._refuse_if(self._row > LAST_ROW or len(cells) > LAST_COLUMN)
        letters, number = column_letters(len(cells)), self._row
        style = f' s="{HEADING}"' if is_heading else ""
        parts = [f'<row r="{number}">']
        for letter, cell in zip(letters, cells, strict=True):
            if isinstance(cell, str):
                if cell:
                    content = to_xml(cell) if len(cell) <= LONGEST_CELL else self._refuse_length(len(cell), letter)
                    parts.append(_TEXT % (letter, number, style, content))
            elif cell is not None:
                parts.append(_value(f"{letter}{number}", cell))
        if len(parts) == 1:  # otherwise the row would be blank, and readers skip blank rows
            parts.append(f'<c r="A{number}" t="inlineStr"><is><t></t></is></c>')
        parts.append("</row>\n")
        self._pending.append("".join(parts))
        if len(self._pending) >= ROWS_AT_ONCE:
            self._flush()

    def close(self) -> None:
        """Write the rest of the archive; the file stays open."""
        self._finish_sheet()
        for name, content in _fixed_parts(self._titles):
            self._zip.writestr(_member(name), content)
        self._zip.close()

    def _refuse_length(self, size: int, letter: str) -> NoReturn:
        params = MappingProxyType({"size": size, "limit": LONGEST_CELL})
        raise UnwritableTable(Problem("cell_too_long", self._row, column_of(letter) + 1, params, self._row))

    def _refuse_if(self, is_too_large: bool) -> None:
        if is_too_large:
            raise UnwritableTable(Problem("sheet_too_large", row=self._row))

    def _flush(self) -> None:
        content = "".join(self._pending).encode()
        self._pending.clear()
        self._size += len(content)
        self._refuse_if(self._size > LARGEST_MEMBER)
        if self._sheet is not None:
            self._sheet.write(content)

    def _finish_sheet(self) -> None:
        if self._sheet is None:
            return
        with ExitStack() as stack:
            stack.enter_context(self._sheet)
            self._pending.append(SHEET_END)
            self._flush()
        self._sheet = None


def _member(name: str) -> zipfile.ZipInfo:
    """A member without the time of day, so that the same table gives the same bytes."""
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


@lru_cache(maxsize=64)
def column_letters(columns: int) -> tuple[str, ...]:
    """A, B, … Z, AA, …"""
    return tuple(_letters(column) for column in range(1, columns + 1))


def _letters(column: int) -> str:
    found = ""
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(65 + rest) + found
    return found


def _value(reference: str, cell: Cell) -> str:
    """The XML of a number, truth value or date.

    A value that Excel would round, or a date that it cannot count, is written as text.
    """
    if isinstance(cell, bool):
        return f'<c r="{reference}" t="b"><v>{cell:d}</v></c>'
    if isinstance(cell, datetime | date):
        return _date(reference, cell)
    if isinstance(cell, int) and abs(cell) < 10**EXCEL_PRECISION.prec:
        return f'<c r="{reference}"><v>{cell}</v></c>'
    if isinstance(cell, Decimal) and cell.is_finite() and len(cell.as_tuple().digits) <= EXCEL_PRECISION.prec:
        return f'<c r="{reference}"><v>{cell:f}</v></c>'
    return f'<c r="{reference}" t="inlineStr"><is><t>{cell}</t></is></c>'


def _date(reference: str, cell: date | datetime) -> str:
    is_moment = isinstance(cell, datetime)
    plain = datetime.combine(cell, cell.time() if isinstance(cell, datetime) else time())
    if plain.date() < FIRST_DATE:
        text = plain.isoformat(" ") if is_moment else plain.date().isoformat()
        return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'
    since = plain - EPOCH_1900
    milliseconds = since.seconds * 1000 + since.microseconds // 1000
    serial = f"{Decimal(since.days) + Decimal(milliseconds) / MILLISECONDS_PER_DAY:.12f}" if is_moment else since.days
    return f'<c r="{reference}" s="{MOMENT if is_moment else DATE}"><v>{serial}</v></c>'


def _allowed_title(title: str, *, taken: Sequence[str]) -> str:
    base = "".join(char for char in title if char not in r"[]:*?/\'" and char >= " ")[:28] or "Table"
    names = (base if number == 1 else f"{base} {number}" for number in count(1))
    return next(name for name in names if name.casefold() not in {other.casefold() for other in taken})


def _fixed_parts(titles: Sequence[str]) -> list[tuple[str, str]]:
    numbers = range(1, len(titles) + 1)
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{TYPES}.worksheet+xml"/>'
        for number in numbers
    )
    sheets = "".join(
        f'<sheet name={quoteattr(title)} sheetId="{number}" r:id="rId{number}"/>'
        for number, title in zip(numbers, titles, strict=True)
    )
    relations = [(f"rId{number}", "worksheet", f"worksheets/sheet{number}.xml") for number in numbers]
    relations.append((f"rId{len(titles) + 1}", "styles", "styles.xml"))
    return [
        (
            "[Content_Types].xml",
            f'{DECLARATION}<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{TYPES}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{TYPES}.styles+xml"/>{overrides}</Types>',
        ),
        ("_rels/.rels", _relations([("rId1", "officeDocument", "xl/workbook.xml")])),
        (
            "xl/workbook.xml",
            f'{DECLARATION}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>{sheets}</sheets></workbook>',
        ),
        ("xl/_rels/workbook.xml.rels", _relations(relations)),
        ("xl/styles.xml", STYLES),
    ]


def _relations(relations: Sequence[tuple[str, str, str]]) -> str:
    entries = "".join(
        f'<Relationship Id="{name}" Type="{RELATIONS}/{kind}" Target="{target}"/>' for name, kind, target in relations
    )
    return f'{DECLARATION}<Relationships xmlns="{PACKAGE}/relationships">{entries}</Relationships>'
