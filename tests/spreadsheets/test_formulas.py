import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spreadsheets.formulas import DANGEROUS, is_dangerous, neutralise, restore

PAYLOADS = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "\u00a0=1+1",
    "\u200b=1+1",
    "\uff1d1+1",
    "\uff0b1",
    "\uff0d1",
    "\uff20SUM(1)",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://example.com";"x")',
    "+49-40-1234",
    "-2+3+cmd|' /C calc'!A0",
)
LEFT_ALONE = (
    "+49 40 1234",
    "+49 171 3000001",
    "+49 (0) 40 1234",
    "+49 (40) 1234-0",
    "+4940123",
    "-5,00",
    "-1.234,56",
    "+3.5%",
    "-",
    "---",
    "'s-Hertogenbosch",
    "'-5,00",
    "Müller",
    "a=b",
    "",
    "2-3",
)
SPREADSHEET_TEXT = st.text(st.sampled_from("'=+-@\t\r\n \u00a0\uff1d0123459,.()/aä") | st.characters(), max_size=12)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_neutralise_formula_gets_guard(payload: str) -> None:
    assert neutralise(payload) == "'" + payload


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_neutralise_plain_text_stays(text: str) -> None:
    assert neutralise(text) == text
    assert restore(text) == text


def test_restore_guard_that_was_there_before_stays() -> None:
    assert neutralise("'=1+1") == "''=1+1"
    assert restore("''=1+1") == "'=1+1"


@given(SPREADSHEET_TEXT)
def test_restore_any_text_is_inverse(text: str) -> None:
    assert restore(neutralise(text)) == text


@given(SPREADSHEET_TEXT)
def test_neutralise_any_text_leaves_nothing_dangerous(text: str) -> None:
    assert re.match(DANGEROUS, neutralise(text)) is None


@given(st.text(st.sampled_from("+ 1(2)-/"), max_size=40))
def test_is_dangerous_digits_with_signs_between_them_and_no_space(text: str) -> None:
    if re.fullmatch(r"[+-]\d+[-+/]\d+", text):
        assert is_dangerous(text)


def test_is_dangerous_long_text_is_quick() -> None:
    assert is_dangerous("+49" + " 1" * 20_000 + "x")
    assert is_dangerous("'" * 30_000 + "=")
    assert not is_dangerous("'" * 30_000)
