"""Whole columns at once give what cell by cell gives."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from hypothesis import example, given
from hypothesis import strategies as st

from customers import formats
from customers.formats import quick
from customers.table import memo_notes
from customers.table.conversion import _Column, copy_text
from customers.table.options import Reading
from customers.table.resources import CustomerResource

COLUMNS = [
    "customer_number", "last_name", "email", "phone_private", "mobile", "city", "memo", "salutation", "birthday",
]  # fmt: skip
PIECES = st.sampled_from((
    "", "Meier", " ", "  ", "ä", "a\u0308", "\\", "\t", "\u00a0", "x@example.com", "X@Y.de", "+49 40 1000001", "+49 0",
    "0170 123", "1", "007", "12345678", "NULL", "\u200b", "'=1", "-",
))  # fmt: skip
CELLS = st.one_of(
    st.lists(PIECES, max_size=3).map("".join),
    st.text(max_size=12),
    st.from_regex(r"\+49 [1-9][0-9]{0,5}( [0-9]{1,9}){0,3}", fullmatch=True),
    st.from_regex(r"[a-z0-9._+-]{1,8}@[a-z0-9.-]{1,12}\.[a-z]{2,3}", fullmatch=True),
    st.from_regex(r"[0-9]{1,8}", fullmatch=True),
    st.from_regex(r"[0-3][0-9]\.[01][0-9]\.[12][0-9]{3}", fullmatch=True),
    st.from_regex(r"[12][0-9]{3}-[01][0-9]-[0-3][0-9]", fullmatch=True),
)


def one_by_one(name: str, cells: list[str]) -> list[str | None]:
    column = _column(name)
    return [None if isinstance(found := column._of_cell(cell, ""), ValidationError) else found for cell in cells]


def at_once(name: str, cells: list[str]) -> list[str | None]:
    found, refused = _column(name).convert(cells, ())
    # A birthday fills two columns, the day of one without its year the second.
    both = zip(*found.values(), strict=True)
    texts = [next((text for text in pair if text not in ("", r"\N")), pair[0]) for pair in both]
    return [None if at in refused else text for at, text in enumerate(texts)]


def _column(name: str) -> Any:
    return _Column(name, CustomerResource().fields[name], 0, Reading(null_is_empty=True))


@given(name=st.sampled_from(COLUMNS), cells=st.lists(CELLS, min_size=1, max_size=5))
@example(name="memo", cells=["eins\nzwei"])
@example(name="phone_private", cells=["+49 40 1", "", "+49 171 3000001"])
@example(name="email", cells=["a@b.de", "", "a..b@c.de"])
@example(name="last_name", cells=["x" * 101])
@example(name="birthday", cells=["31.12.1990", "", "29.02.2000"])
@example(name="birthday", cells=["1990-12-31", "1604-05-17", "05-17"])
@example(name="birthday", cells=["29.02.2001", "1990-12-31"])
@example(name="birthday", cells=["29.02.2001", "01.01.2001"])
@example(name="birthday", cells=["0000-00-00", "12.12.0000"])
def test_a_column_at_once_is_the_same_as_cell_by_cell(name, cells):
    assert at_once(name, cells) == one_by_one(name, cells)


@given(st.from_regex(r"\+49 [1-9][0-9]{0,6}( [0-9]{1,8}){0,3}", fullmatch=True))
def test_german_numbers_are_read_as_the_library_reads_them(text):
    found = quick.phones([text], text)
    if found is not None:
        assert list(found) == [formats.normalize_phone(text)]


@pytest.mark.parametrize("name", ["last_name", "email", "phone_private", "customer_number", "memo", "city", "birthday"])
def test_common_cells_go_the_quick_way(name):
    """Otherwise nothing would be quick, and nothing would tell."""
    common = {
        "last_name": ["Müller", "", "O'Neill"],
        "city": ["Köln", "Frankfurt am Main", ""],
        "email": ["anna.meier@example.com", ""],
        "phone_private": ["+49 40 1000001", "", "+49 171 3000001"],
        "customer_number": ["1", "999999"],
        "memo": ["mag Fensterplatz", ""],
        "birthday": ["31.12.1990", "", "29.02.2000"],
    }[name]
    assert _column(name)._at_once(common) is not None


def test_as_many_days_are_remembered_as_people_of_one_base_are_born_on():
    """One by one, as a workbook gives them; whoever forgets them in between reads each of them anew."""
    column, first = _column("birthday"), date(1926, 1, 1)
    days = [first + timedelta(n) for n in range(100 * 365)]
    column.convert(days, ())
    assert len(column._known) == len(days)


@pytest.mark.parametrize(
    ("value", "text"), [(None, r"\N"), (True, "t"), ("a\tb\\c\n", r"a\tb\\c\n"), (["a", 'b"c\\'], r'{"a","b\\"c\\\\"}')]
)
def test_values_in_the_text_format_of_copy(value, text):
    assert copy_text(value) == text


LINE = st.sampled_from((
    "", "x", "[Newsletter: ja]", "[Region: N]", "[Region: ]", "[Position: Chef]", "[Position: Koch]", "]",
))  # fmt: skip
LINES = st.lists(LINE, max_size=5).map("\n".join)
ANSWERS = st.lists(st.sampled_from([None, "", "ja", "N"]), min_size=2, max_size=2)


@pytest.mark.django_db
@given(old=LINES, body=st.one_of(st.none(), LINES), answers=ANSWERS)
def test_memo_in_sql_is_the_memo_of_the_notes(old, body, answers):
    with connection.cursor() as cursor:
        cursor.execute("SELECT customers_memo_parts(%s), customers_memo(%s, %s, %s::text[])", [old, old, body, answers])
        parts, memo = cursor.fetchone()
    text, found = memo_notes.split(old)
    assert parts == [text, *(found.get(label, "") for label in memo_notes.LABELS)]
    if body is not None:
        text, in_body = memo_notes.split(body)
        found = found | in_body
    given_answers = {
        label: answer for label, answer in zip(memo_notes.LABELS, answers, strict=True) if answer is not None
    }
    assert memo == memo_notes.join(text, found | given_answers)
