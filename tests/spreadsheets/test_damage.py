"""Whatever happens to a file on its way: it is read, or UnreadableFile says why. Nothing else is ever raised."""

import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spreadsheets import Profile, UnreadableFile, open_table
from tests.spreadsheets.tables import file_name, read, workbook, written

HEADINGS = ["Nr", "Name", "Geburtsdatum"]
ROWS = [["1", "Jäger", "31.12.1990"], ["2", 'O"Neill; x', "01.02.1980"], ["3", "Große\nStraße", ""]]
EDITS = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 3), st.binary(max_size=4)), min_size=1, max_size=6)
SHEET = (
    '<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2"><f>A1</f><v>1</v></c></row>'
    '<row r="3"><c r="A3" s="1"><v>33238.5</v></c><c r="B3" t="b"><v>1</v></c></row>'
)


def damaged(content: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """Some bytes replaced, dropped or added."""
    for place, length, new in edits:
        at = place % (len(content) + 1)
        content = content[:at] + new + content[at + length :]
    return content


@pytest.mark.parametrize("profile", ["excel-de", "plain", "xlsx", "jsonl"])
@given(edits=EDITS)
def test_damaged_file_is_read_or_refused(profile: Profile, edits: list[tuple[int, int, bytes]]) -> None:
    content = damaged(written(HEADINGS, ROWS, profile=profile), edits)
    with contextlib.suppress(UnreadableFile):
        for row in read(content, name=file_name(profile))[1]:
            assert len(row.cells) == 3 or row.problems or profile != "xlsx"
            assert all(problem.message for problem in row.problems)


@given(edits=EDITS)
def test_damaged_sheet_is_read_or_refused(edits: list[tuple[int, int, bytes]]) -> None:
    sheet = damaged(SHEET.encode(), edits).decode("latin-1")
    styles = '<cellXfs><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs>'
    with contextlib.suppress(UnreadableFile):
        read(workbook(sheet, strings="<si><t>Nr</t></si>", styles=styles), name="a.xlsx")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with contextlib.suppress(UnreadableFile):
        read(content)


@given(st.text(st.sampled_from('Nr;,"\n\r\tä |1'), max_size=60))
def test_text_of_delimiters_and_quotes_loses_no_character(text: str) -> None:
    """Delimiters, quotation marks and line ends apart, every character of the file is in some cell or heading.

    Lines above the headings are no part of the table; how many there are is told.
    """
    with contextlib.suppress(UnreadableFile), open_table(io.BytesIO(text.encode())) as table:
        cells = [*table.headings, *(cell for row in table for cell in row.cells if isinstance(cell, str))]
        below = text.splitlines(keepends=True)[table.dialect.above :]
        assert sorted(_letters("".join(below))) == sorted(_letters("".join(cells)))


def _letters(text: str) -> str:
    return "".join(char for char in text if char in "Nrä1")
