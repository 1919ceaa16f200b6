"""Values as the files of other systems have them, each with the one thing that it means."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from customers import formats
from customers.table.cells import PaymentMethodWidget, PostalCodeWidget, TagsWidget
from customers.table.profiles import own_words, without_tags


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("19890131", date(1989, 1, 31)),
        ("1990-05-17T00:00:00Z", date(1990, 5, 17)),
        ("1990-05-17T00:00:00.000+0200", date(1990, 5, 17)),
        ("1990-05-16T22:00:00Z", date(1990, 5, 17)),  # midnight in Berlin, in summer
        ("1990-01-16T23:00:00Z", date(1990, 1, 17)),
        ("0.0.00", None),
        ("0/0/00", None),
        ("0000-00-00", None),
        ("00.00.0000", None),
        ("0000-00-00 00:00:00", None),
        ("'17.05.1990", date(1990, 5, 17)),
    ],
)
def test_dates_of_other_systems(typed, day):
    assert formats.parse_date(typed) == day


@pytest.mark.parametrize("typed", ["1990-05-17T12:30:00Z", "19891331", "99999999", "1990-05-17T25:00:00Z"])
def test_what_is_no_day_stays_refused(typed):
    with pytest.raises(ValidationError):
        formats.parse_date(typed)


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("--05-17", "05-17"), ("--0517", "05-17"), ("05-17", "05-17"), ("17.05.", "05-17"), ("17.5.", "05-17"),
        ("17. 5.", "05-17"), (" --05-17", "05-17"), ("1604-05-17", "05-17"), ("17.05.1604", "05-17"),
        ("29.02.", "02-29"),
        ("1990-05-17", None), ("17.05.1990", None), ("", None), ("gestern", None),
    ],
)  # fmt: skip
def test_days_without_a_year(typed, day):
    assert formats.parse_day(typed) == day


def test_a_day_with_a_slash_needs_an_order():
    assert formats.parse_day("05/17", day_first=False) == formats.parse_day("17/05", day_first=True) == "05-17"
    with pytest.raises(ValidationError):
        formats.parse_day("05/17")
    with pytest.raises(ValidationError, match="not a day of the year"):
        formats.parse_day("31.02.")


@pytest.mark.parametrize(
    ("typed", "country", "code"),
    [
        ("1067", "DE", "01067"), ("1067", "", "1067"), ("1010", "AT", "1010"), ("8001", "CH", "8001"),
        ("'20095", "DE", "20095"), ("'20095'", "", "20095"), ("D-20095", "DE", "D-20095"),
        ("1067.0", "DE", "01067"), ("6000", "FR", "06000"),
        ("SW1A 1AA", "GB", "SW1A 1AA"), ("'t Hof", "NL", "'t Hof"),
    ],
)  # fmt: skip
def test_postal_codes(typed, country, code):
    assert formats.normalize_postal_code(typed, country=country) == code
    assert formats.normalize_postal_code(code, country=country) == code


@given(st.text(st.sampled_from("'+01 a=\n") | st.characters(exclude_categories=["C"]), max_size=8))
def test_every_postal_code_comes_back_from_our_own_file(typed):
    code = formats.clean_text(typed)
    assert formats.unmarked(formats.marked(code)) == (code if formats.marked(code) != code else None)
    if code.startswith("'"):
        widget = PostalCodeWidget()
        assert widget.clean(widget.show(code)) == code


def test_a_phone_number_with_the_apostrophe_of_a_spreadsheet():
    assert formats.normalize_phone("'+49 40 1000001") == formats.normalize_phone("'+49401000001") == "+49401000001"


@pytest.mark.parametrize(
    ("typed", "code"),
    [("de_DE", "de"), ("German / Deutsch", "de"), ("English (US)", "en"), ("French / Français", "fr")],
)
def test_languages(typed, code):
    assert formats.normalize_language(typed) == code


@pytest.mark.parametrize(
    ("typed", "method"),
    [("Bankeinzug", "direct_debit"), ("EC-Karte", "card"), ("Kauf auf Rechnung", "invoice"), ("Vorkasse", "transfer")],
)
def test_payment_words(typed, method):
    assert PaymentMethodWidget().clean(typed) == method


def test_labels_of_people_are_tags_and_those_of_the_system_are_none():
    assert own_words("* myContacts ::: Stammgäste ::: A, B") == 'Stammgäste, "A, B"'
    assert TagsWidget().clean(own_words("* myContacts ::: Stammgäste ::: A, B")) == ["A, B", "Stammgäste"]
    assert own_words("* myContacts") == own_words("") == ""


def test_html_becomes_lines():
    assert without_tags("<p>mag <b>Fenster</b></p><p>und &amp; Garten</p>") == "mag Fenster\nund & Garten"
