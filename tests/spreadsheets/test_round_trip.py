"""Any table of any text survives being written and read, in every format, by rows and by blocks.

Excluded are only NUL, which no database text holds, and lone surrogates, which are no characters;
test_writing shows that writers refuse both.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from spreadsheets import Cell, Profile
from tests.spreadsheets.tables import file_name, read, read_in_blocks, without_lines, written

PROFILES: tuple[Profile, ...] = ("excel-de", "plain", "xlsx", "jsonl")
NASTY = st.sampled_from("\";,|\t\r\n'=+-@ \\ä€😀_x0041\ufeff\u2028\x1f\x0b\x85<>&r[]{}#E0.1")
TEXT = st.text(NASTY | st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=15)
HEADING = TEXT.filter(lambda text: bool(text.strip()))
TABLES = st.lists(HEADING, min_size=1, max_size=5, unique_by=lambda text: text.strip().casefold()).flatmap(
    lambda headings: st.tuples(
        st.just(headings),
        st.lists(st.lists(TEXT, min_size=len(headings), max_size=len(headings)), max_size=6),
    )
)
NAMED = [
    '"',
    '""',
    "a\r\nb",
    "a\rb",
    "\n",
    "_x000D_",
    "_x005F_x000D_",
    "_xD800_",
    "<r><t>x</t></r>",
    "<is>&amp;</is>",
    "=1+1",
    "'=1+1",
    "+49 40 1234",
    "-5,00",
    " a ",
    "\ufeffa",
    "sep=;",
    "JÃ¤ger",
    "1-Mrz",
    "\x01\x1f\x7f\ufffe",
    "😀",
    "ID",
    "'a';'b'",
    "a;b,c|d\te",
]


@pytest.mark.parametrize("profile", PROFILES)
@given(table=TABLES, size=st.integers(1, 7))
def test_table_of_any_text_survives(profile: Profile, table: tuple[list[str], list[list[str]]], size: int) -> None:
    headings, rows = table
    assume(rows or profile != "jsonl")  # without rows a file of JSON Lines is empty, and refused
    content = written(headings, rows, profile=profile)
    found_headings, found = read(content, name=file_name(profile))
    assert list(found_headings) == headings
    cells = [list(row.cells) for row in found]
    assert said(cells, profile) == said(rows, profile)
    by_blocks = read_in_blocks(content, name=file_name(profile), size=size)
    assert by_blocks == (found_headings, without_lines(found))
    again = written(by_blocks[0], [row.cells for row in by_blocks[1]], profile=profile)
    assert again == (content if cells == rows else written(headings, cells, profile=profile))


def said(rows: Sequence[Sequence[Cell]], profile: Profile) -> Sequence[Sequence[Cell]]:
    """The rows that must come back: in CSV a line of nothing but delimiters and white space need not be a row."""
    return rows if profile in {"xlsx", "jsonl"} else [row for row in rows if any(str(cell).strip() for cell in row)]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("width", [1, 3])
def test_table_of_named_texts_survives(profile: Profile, width: int) -> None:
    headings = NAMED[:width]
    rows = [[text] * width for text in [*NAMED, ""]]
    found_headings, found = read(written(headings, rows, profile=profile), name=file_name(profile))
    assert list(found_headings) == headings
    cells = [list(row.cells) for row in found]
    assert said(cells, profile) == said(rows, profile)
    assert {problem.code for row in found for problem in row.problems} <= {"double_encoded", "mangled_date"}


def test_values_of_a_workbook_survive() -> None:
    row: list[Cell] = [
        1,
        -7,
        Decimal("12.50"),
        True,
        False,
        date(1990, 12, 31),
        datetime.fromisoformat("2026-01-02 03:04:05"),
        10**20,
        "007",
    ]
    headings = [f"c{number}" for number in range(len(row))]
    [found] = read(written(headings, [row], profile="xlsx"), name="a.xlsx")[1]
    assert found.cells == (*row[:7], str(10**20), "007")
    assert [type(cell) for cell in found.cells] == [int, int, Decimal, bool, bool, date, datetime, str, str]


def test_values_of_json_lines_survive() -> None:
    [found] = read(written(["a", "b", "c", "d"], [(1, True, None, "x")], profile="jsonl"), name="a.jsonl")[1]
    assert found.cells == (1, True, None, "x")


def test_values_of_csv_are_written_as_the_profile_says() -> None:
    row: list[Cell] = [
        1,
        Decimal("-1234.50"),
        True,
        None,
        date(1990, 12, 31),
        datetime.fromisoformat("2026-01-02 03:04:05"),
    ]
    headings = ["a", "b", "c", "d", "e", "f"]
    assert written(headings, [row], profile="excel-de").decode("utf-8-sig").splitlines()[1] == (
        "1;-1234,50;ja;;31.12.1990;02.01.2026 03:04:05"
    )
    assert written(headings, [row], profile="plain").decode().splitlines()[1] == (
        "1,-1234.50,true,,1990-12-31,2026-01-02 03:04:05"
    )
