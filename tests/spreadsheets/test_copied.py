"""What a database copied becomes the same bytes as what is written row by row."""

import io
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spreadsheets import Cell, Profile, open_writer
from spreadsheets.copied import CopiedCsv, Kind, rows_of, text_of
from spreadsheets.formulas import neutralise

ESCAPES = {"\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
SPECIAL = "'=+-@\t\r\n\v\f\b\\ \u00a0\u200b\uff1d\uff0b0123459,.;()/%€\"aä\U0001f600"
TEXT = st.text(st.sampled_from(SPECIAL) | st.characters(exclude_characters="\0", codec="utf-8"), max_size=12)
TABLE = st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(TEXT, min_size=width, max_size=width), max_size=5))
PROFILES: list[Profile] = ["excel-de", "plain", "xlsx", "jsonl"]


def copied(rows: Sequence[Sequence[str]]) -> bytes:
    """As COPY … TO STDOUT (NULL '') writes it."""
    lines = ["\t".join("".join(ESCAPES.get(char, char) for char in cell) for cell in row) + "\n" for row in rows]
    return "".join(lines).encode()


def written(profile: Profile, rows: Sequence[Sequence[Cell]], *blocks: bytes, kinds: Sequence[Kind] = ()) -> bytes:
    file, width = io.BytesIO(), len(rows[0]) if rows else 2
    with open_writer(file, profile=profile) as writer:
        writer.write_headings([f"H{column}" for column in range(width)])
        for block in blocks:
            writer.write_copied(block, kinds or ["text"] * width)
        for row in () if blocks else rows:
            writer.write_row(row)
    return file.getvalue()


@pytest.mark.parametrize("profile", PROFILES)
@given(table=TABLE, at=st.integers(0, 5))
def test_copied_table_is_written_as_row_by_row(profile: Profile, table: list[list[str]], at: int) -> None:
    blocks = copied(table[:at]), copied(table[at:])
    assert written(profile, table, *blocks) == written(profile, table)


@given(TEXT)
def test_text_of_a_cell_is_the_inverse_of_copying_it(text: str) -> None:
    assert text_of(copied([[text]])[:-1].decode()) == text


@pytest.mark.parametrize("rest", ["=1", "x", "", "'=1"])
def test_every_character_is_guarded_as_neutralise_says(rest: str) -> None:
    """One cell for each character that a text can begin with; further planes hold nothing that is special."""
    texts = [chr(code) + rest for code in (*range(1, 0xD800), *range(0xE000, 0x10000))]
    shown = CopiedCsv(delimiter="\x01", line_end="\n").convert(
        copied([["", text] for text in texts if text[0] > "\x01"])
    )
    expected = io.BytesIO()
    for text in texts[1:]:
        cell = neutralise(text)
        quoted = '"' + cell.replace('"', '""') + '"' if set(cell) & set('"\r\n') else cell
        expected.write(b"\x01" + quoted.encode() + b"\n")
    assert shown == expected.getvalue()


def test_cells_have_their_kinds() -> None:
    kinds: list[Kind] = ["text", "whole", "decimal", "day", "moment", "flag", "flag", "whole"]
    line = b"a\\tb\t7\t5.00\t1990-12-31\t2026-11-24 08:00:00\tt\tf\t\n"
    moment = datetime(2026, 11, 24, 8)  # noqa: DTZ001 - as the clock on the wall showed it
    expected: list[Cell] = ["a\tb", 7, Decimal("5.00"), date(1990, 12, 31), moment, True, False, ""]
    assert list(rows_of(line, kinds)) == [expected]
    assert written("jsonl", [expected], line, kinds=kinds) == written("jsonl", [expected])
    assert written("xlsx", [expected], line, kinds=kinds) == written("xlsx", [expected])
