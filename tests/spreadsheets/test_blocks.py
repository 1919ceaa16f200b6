"""Blocks hold what the rows of a table hold, wherever one block or one portion of the file ends."""

import contextlib
import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spreadsheets import Block, Limits, Row, UnreadableFile, open_table
from spreadsheets.doubts import date_doubt, doubt_of, may_have_date_doubts, suspicious_places
from tests.spreadsheets.tables import rows_of, without_lines, workbook, written

NASTY = st.text(st.sampled_from("1a;,\"\n\r'=.Ã¤\0 \x1f\x85"), max_size=80)
DOUBTFUL = (
    "01. Mrz",
    "1-Mrz",
    "Mrz 90",
    "Mär. 05",
    "5.Mai",
    "12-Dez-03",
    "1E+05",
    "4,94016E+11",
    "###",
    "JÃ¤ger",
    "â€œ",
)


def blocks(content: bytes, *, size: int = 5_000, name: str = "a.csv", limits: Limits | None = None) -> list[Block]:
    with open_table(io.BytesIO(content), name=name, limits=limits) as table:
        return list(table.blocks(size))


def take(blocks: Iterator[Block], into: list[Block]) -> None:
    """Keeps what came before an exception."""
    for block in blocks:
        into.append(block)


def read_until_refused(content: bytes, *, size: int | None, limits: Limits) -> tuple[list[Row], object]:
    """All rows before the place where the file is refused, and why; by rows if no size is given."""
    rows: list[Row] = []
    try:
        with open_table(io.BytesIO(content), name="a.csv", limits=limits) as table:
            if size is None:
                rows.extend(without_lines(table))
            else:
                for block in table.blocks(size):
                    rows.extend(rows_of(block))
    except UnreadableFile as refused:
        return rows, refused.problem
    return rows, None


def test_block_has_as_many_rows_as_wanted_and_the_last_one_the_rest() -> None:
    content = b"Nr;Name\n" + b"1;a\n" * 7
    assert [len(block.rows) for block in blocks(content, size=3)] == [3, 3, 1]
    assert [list(block.numbers) for block in blocks(content, size=3)] == [[2, 3, 4], [5, 6, 7], [8]]


def test_block_of_no_rows_is_refused() -> None:
    with open_table(io.BytesIO(b"Nr\n1\n")) as table, pytest.raises(ValueError, match="at least 1"):
        table.blocks(0)


def test_block_numbers_are_a_range_unless_blank_rows_are_left_out() -> None:
    [block] = blocks(b"Nr;Name\n1;a\n2;b\n")
    assert block.numbers == range(2, 4)
    [block] = blocks(b"Nr;Name\n1;a\n\n\n2;b\n")
    assert block.numbers == [2, 5]
    [block] = blocks(workbook('<row r="1"><c><v>1</v></c></row><row r="5"><c><v>2</v></c></row>'), name="a.xlsx")
    assert block.numbers == range(5, 6)


def test_block_tells_problems_by_index() -> None:
    first, second = blocks(b"Nr;Name\n1;a\n\n2;b;c\n3;d\n4\n", size=3)
    assert first.rows == [["1", "a"], ["2", "b", "c"], ["3", "d"]]
    assert {at: [found.code for found in problems] for at, problems in first.problems.items()} == {1: ["long_row"]}
    assert [(at, found.row, found.line) for at, [found] in second.problems.items()] == [(0, 6, 6)]


def test_block_of_very_long_rows_ends_early() -> None:
    row = b"1;" + b"a" * 30_000 + b"\n"
    found = blocks(b"Nr;Name\n" + row * 200)
    assert sum(len(block.rows) for block in found) == 200
    assert max(len(block.rows) for block in found) < 100


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_rows_before_an_unreadable_place_come_first(name: str) -> None:
    content = written(["Nr", "Name"], [["1", "a"]] * 250, profile="jsonl" if name == "a.jsonl" else "plain")
    content += b'{"Nr": "' + b"a" * 5_000 if name == "a.jsonl" else b'1,"a\n2,b\n'
    found: list[Block] = []
    table = open_table(io.BytesIO(content), name=name, limits=Limits(row_length=1_000))
    with pytest.raises(UnreadableFile) as refused:
        take(table.blocks(200), into=found)
    assert [len(block.rows) for block in found] == [200, 50]
    assert refused.value.problem.row == 252


def test_limit_of_rows_is_kept_to_the_row() -> None:
    found: list[Block] = []
    table = open_table(io.BytesIO(b"Nr\n" + b"1\n" * 9), limits=Limits(rows=8))
    with pytest.raises(UnreadableFile, match="more than 8 rows"):
        take(table.blocks(5), into=found)
    assert [len(block.rows) for block in found] == [5, 3]


def test_headings_without_rows_are_noticed_by_blocks() -> None:
    with open_table(io.BytesIO(b"Nr;Name\n")) as table:
        assert list(table.blocks()) == []
        assert [notice.code for notice in table.notices] == ["no_rows"]


def test_table_is_read_twice_by_blocks() -> None:
    with open_table(io.BytesIO(b"Nr;Name\n1;a\n2;b\n")) as table:
        next(table.blocks(1))
        assert list(table.blocks()) == list(table.blocks())


@given(text=NASTY, portion=st.integers(1, 30), size=st.integers(1, 4), row_length=st.sampled_from([5, 20, 1_000]))
def test_any_text_is_read_the_same_in_whatever_portions(text: str, portion: int, size: int, row_length: int) -> None:
    content, limits = f"Nr;Name;Ort\n{text}".encode(), Limits(row_length=row_length + 12, cell_length=10)
    rows, problem = read_until_refused(content, size=None, limits=limits)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spreadsheets.csv_reading.PORTION", portion)
        assert read_until_refused(content, size=size, limits=limits) == (rows, problem)


@given(st.lists(NASTY | st.sampled_from(DOUBTFUL), min_size=1, max_size=4))
def test_no_doubt_is_overlooked_where_many_cells_are_searched_at_once(cells: list[str]) -> None:
    text = "\x1f" + "".join(f"{cell}\x1f" for cell in cells)
    if any(doubt_of(cell) or "\0" in cell or cell[:1] in ("'", "=") for cell in cells):
        assert next(suspicious_places(text), None) is not None


@pytest.mark.parametrize("cell", DOUBTFUL)
@pytest.mark.parametrize("text", ["\x1f{}\x1f", "\x1fa\x1f{}\x1f", "\x1f\x1f{}\x1fa 1\x1f"])
def test_every_doubt_is_found_where_it_stands(cell: str, text: str) -> None:
    assert doubt_of(cell)
    at = text.index("{")
    assert {at <= place < at + len(cell) for place in suspicious_places(text.format(cell))} == {True}


@pytest.mark.parametrize("cell", ["01.02.03", "1/2/90", "33238", "33238,5"])
def test_doubt_about_a_date_is_found_in_its_column(cell: str) -> None:
    assert date_doubt(cell)
    assert may_have_date_doubts(f"\x1f31.12.1990\x1f{cell}\x1f")
    assert not may_have_date_doubts(f"\x1f31.12.1990\x1f{cell} \x1f")


@given(st.binary(max_size=200), st.integers(1, 5))
def test_any_bytes_are_read_or_refused_by_blocks(content: bytes, size: int) -> None:
    with contextlib.suppress(UnreadableFile):
        blocks(content, size=size)
