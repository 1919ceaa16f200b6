"""The code by which a node is paired."""

import string
from datetime import timedelta

import pytest

from clearing.protocol.pairing_codes import (
    ALPHABET,
    LOOK_ALIKES,
    SENTENCES,
    CodeVerdict,
    check_code,
    make_code,
    normalized,
    shown,
    stored_hash,
)
from tests.clearing.people import NOON


def verdict(typed="7KM4XW2P", *, code="7KM4XW2P", after=timedelta(0), wrong_tries=0, is_used=False):
    return check_code(
        typed, stored=stored_hash(code), made_at=NOON, wrong_tries=wrong_tries, is_used=is_used, now=NOON + after
    )


def test_every_letter_and_digit_means_one_of_the_alphabet():
    assert set(ALPHABET).isdisjoint(LOOK_ALIKES)
    assert set(ALPHABET) | set(LOOK_ALIKES) == set(string.ascii_uppercase + string.digits)
    assert set(LOOK_ALIKES.values()) <= set(ALPHABET)


def test_a_code_is_shown_in_two_groups_and_typed_as_shown():
    codes = {make_code() for _ in range(200)}
    assert len(codes) == 200
    for code in codes:
        assert len(code) == 8
        assert set(code) <= set(ALPHABET)
        assert shown(code) == f"{code[:4]}-{code[4:]}"
        assert normalized(shown(code)) == code


@pytest.mark.parametrize(
    "typed",
    [
        "7KM4-XW2P",
        "7km4 xw2p",
        " 7k m4–xw2p\n",
        "7KM4XWZP",
        "7KM4\u00a0XW2P",
        "7KM4\u200bXW2P",
        "７KM4.XW2P",
        "7KM4_XW2P",
    ],
)
def test_what_is_typed_is_read_as_it_is_meant(typed):
    assert normalized(typed) == "7KM4XW2P"
    assert verdict(typed) == CodeVerdict.ACCEPTED


def test_look_alikes_are_taken_for_each_other():
    assert normalized("oqil-zsgb") == "00112568"
    assert normalized("uvuv-uvuv") == "VVVVVVVV"


@pytest.mark.parametrize("typed", ["", "7KM4XW2", "7KM4XW2PP", "7KM4XW2Ä", "7KM4XW2?", "-" * 8, "7" * 10_000])
def test_what_is_no_code_is_wrong(typed):
    assert normalized(typed) == ""
    assert verdict(typed) == CodeVerdict.WRONG


def test_what_cannot_be_a_code_is_wrong_even_where_nothing_is_stored():
    assert verdict("", code="") == CodeVerdict.WRONG


def test_another_code_is_wrong():
    assert verdict("7KM4XW2R") == CodeVerdict.WRONG


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (timedelta(hours=24) - timedelta(seconds=1), CodeVerdict.ACCEPTED),
        (timedelta(hours=24), CodeVerdict.EXPIRED),
        (timedelta(days=400), CodeVerdict.EXPIRED),
        (timedelta(seconds=-1), CodeVerdict.EXPIRED),
    ],
)
def test_a_code_holds_for_a_day(after, expected):
    assert verdict(after=after) == expected


def test_after_five_wrong_tries_or_one_right_one_a_code_is_used_up():
    assert verdict(wrong_tries=4) == CodeVerdict.ACCEPTED
    assert verdict(wrong_tries=5) == CodeVerdict.USED_UP
    assert verdict(is_used=True) == CodeVerdict.USED_UP
    assert verdict(wrong_tries=5, after=timedelta(days=2)) == CodeVerdict.USED_UP


def test_each_refusal_has_its_sentence():
    assert set(SENTENCES) == set(CodeVerdict) - {CodeVerdict.ACCEPTED}
