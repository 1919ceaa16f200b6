"""Names and purposes in the characters of SEPA."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounting.banking.return_reasons import REASONS, reason_of
from accounting.banking.sepa_text import is_reference, sepa_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Jürgen Weiß", "Juergen Weiss"),
        ("Ärzte & Öle Übersee", "Aerzte + Oele Uebersee"),
        ("ju\u0308rgen", "juergen"),
        ("François Žižek", "Francois Zizek"),
        ("Łódź Søren Ægir", "Lodz Soeren Aegir"),
        ("Café „Zur Post“ – Inh. O’Neill", "Cafe 'Zur Post' - Inh. O'Neill"),
        ("10 € / 5 %", "10 EUR / 5 ."),
        ("//a//b/", "a/b"),
        (" a \t\n b\u00a0c ", "a b c"),
        ("a\u200bb\0c", "abc"),
        ("Владимир", "........"),
        ("ﬁn", "fin"),
    ],
)
def test_text_is_rewritten(text, expected):
    assert sepa_text(text, most=70) == expected


@given(st.text(max_size=200), st.integers(1, 140))
def test_only_allowed_characters_are_left_and_doing_it_twice_changes_nothing(text, most):
    found = sepa_text(text, most=most)
    assert re.fullmatch(r"[A-Za-z0-9/\-?:().,'+ ]*", found)
    assert len(found) <= most
    assert sepa_text(found, most=most) == found
    assert not found.startswith("/")
    assert "//" not in found


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("SH-1041/1", True),
        ("A" * 35, True),
        ("A" * 36, False),
        ("", False),
        ("a//b", False),
        (" a", False),
        ("ä", False),
    ],
)
def test_references(text, is_one):
    assert is_reference(text) is is_one


def test_reasons_say_whether_the_mandate_is_at_an_end():
    assert reason_of("ac04").ends_mandate
    assert reason_of("MD07").ends_mandate
    assert not reason_of("AM04").ends_mandate
    assert reason_of("MD06").is_refund
    assert not reason_of("MD06").ends_mandate
    assert str(reason_of("XX99").sentence) == "The bank gives a reason that is not in the list of reasons."
    assert all(re.fullmatch("[A-Z]{2,4}[0-9]{0,2}", code) for code in REASONS)
