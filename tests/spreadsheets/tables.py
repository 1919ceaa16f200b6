"""Tables and workbooks that several tests use."""

import io
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from spreadsheets import Block, Cell, Limits, Overrules, Profile, Row, open_table, open_writer
from spreadsheets.writing import ENDINGS

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def read(content: bytes, *, name: str = "customers.csv", **parts: Any) -> tuple[tuple[str, ...], list[Row]]:
    """Headings and rows of a file with this content."""
    with open_table(io.BytesIO(content), name=name, overrules=Overrules(**parts) if parts else None) as table:
        return table.headings, list(table)


def read_in_blocks(
    content: bytes, *, name: str = "customers.csv", size: int = 5_000, limits: Limits | None = None, **parts: Any
) -> tuple[tuple[str, ...], list[Row]]:
    """The same by blocks, which don't tell on which line a row begins: it is 0 in all."""
    overrules = Overrules(**parts) if parts else None
    with open_table(io.BytesIO(content), name=name, overrules=overrules, limits=limits) as table:
        return table.headings, [row for block in table.blocks(size) for row in rows_of(block)]


def rows_of(block: Block) -> list[Row]:
    """The rows of a block, on line 0."""
    return [
        Row(number, tuple(cells), 0, block.problems.get(at, ()))
        for at, (number, cells) in enumerate(zip(block.numbers, block.rows, strict=True))
    ]


def without_lines(rows: Iterable[Row]) -> list[Row]:
    """Rows as `read_in_blocks` gives them."""
    return [row._replace(line=0) for row in rows]


def codes(content: bytes, *, name: str = "customers.csv", limits: Limits | None = None) -> list[tuple[object, ...]]:
    """Code, row, line and column of every problem of every row."""
    with open_table(io.BytesIO(content), name=name, limits=limits) as table:
        return [(found.code, found.row, found.line, found.column) for row in table for found in row.problems]


def written(headings: Sequence[str], rows: Sequence[Sequence[Cell]], *, profile: Profile) -> bytes:
    """The table as a file of this profile."""
    file = io.BytesIO()
    with open_writer(file, profile=profile) as writer:
        writer.write_headings(headings)
        for row in rows:
            writer.write_row(row)
    return file.getvalue()


def file_name(profile: Profile) -> str:
    """What a file of this profile is called."""
    return "customers" + ENDINGS[profile]


def workbook(
    sheet_data: str, *, strings: str | None = None, styles: str = "", properties: str = "", prologue: str = ""
) -> bytes:
    """A workbook of one sheet with these rows in XML."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">{properties}'
            '<sheets><sheet name="Kunden" sheetId="1" r:id="rId1"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships">'
            f'<Relationship Id="rId1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
            f'<Relationship Id="rId2" Type="{RELATIONS}/sharedStrings" Target="/xl/sharedStrings.xml"/>'
            f'<Relationship Id="rId3" Type="{RELATIONS}/styles" Target="styles.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/worksheets/sheet1.xml",
            f'{prologue}<worksheet xmlns="{MAIN}"><sheetData>{sheet_data}</sheetData></worksheet>',
        )
        archive.writestr("xl/styles.xml", f'<styleSheet xmlns="{MAIN}">{styles}</styleSheet>')
        if strings is not None:
            archive.writestr("xl/sharedStrings.xml", f'<sst xmlns="{MAIN}">{strings}</sst>')
    return file.getvalue()


def deep(name: str) -> str:
    """Elements that open and never close, none of them like the one before, so that they pack badly."""
    return "".join(f'<{name} a="{number * 2654435761 % 2**32:08x}">' for number in range(100_000))


def repository() -> Path:
    """The folder that the package lies in."""
    return Path(__file__).parents[2]
