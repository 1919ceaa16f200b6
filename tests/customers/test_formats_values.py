"""Countries, languages, names, dates, numbers, yes and no: spellings of real files, and traps."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from customers import formats


def refusal(call, *args, **options) -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        call(*args, **options)
    return caught.value


class TestCountry:
    @pytest.mark.parametrize(
        ("code", "spellings"),
        [
            (
                "DE",
                "DE, de, DEU, D, Germany, Deutschland, BRD, Federal Republic of Germany",
            ),
            ("AT", "Österreich, Oesterreich, ÖSTERREICH, Osterreich, Austria, A"),
            (
                "GB",
                "UK, U.K., England, Great Britain, Großbritannien, Vereinigtes Königreich",
            ),
            ("US", "USA, U.S.A., United States, The United States of America, Vereinigte Staaten"),
            ("NL", "Holland, Niederlande, the Netherlands"),
            ("CH", "CHE, Schweiz, Suisse"),
            ("TR", "Türkei, Tuerkei, Turkey, Türkiye"),
            ("XK", "XK, Kosovo"),
            ("GR", "Griechenland, Greece, Ελλάδα"),
            ("KR", "Südkorea, South Korea"),
            ("CZ", "Tschechien, Czech Republic, Česko"),
        ],
    )
    def test_country_is_found_by_every_spelling(self, code, spellings):
        assert {formats.normalize_country(f" {spelling} ") for spelling in spellings.split(", ")} == {code}

    def test_country_of_every_northwind_customer_is_found(self):
        names = (
            "Argentina Austria Belgium Brazil Canada Denmark Finland France Germany Ireland Italy Mexico "
            "Norway Poland Portugal Spain Sweden Switzerland UK USA Venezuela"
        )
        codes = "AR AT BE BR CA DK FI FR DE IE IT MX NO PL PT ES SE CH GB US VE"
        assert [formats.normalize_country(name) for name in names.split()] == codes.split()

    @pytest.mark.parametrize("typed", ["Atlantis", "NULL", "ZZ", "12", "."])
    def test_country_that_is_unknown_is_refused(self, typed):
        assert refusal(formats.normalize_country, typed).code == "invalid_country"

    @pytest.mark.parametrize("language", ["de", "en"])
    def test_country_is_found_by_each_name_it_is_offered_with(self, language):
        choices = formats.country_choices(language)
        assert len(choices) == 250
        assert [formats.normalize_country(name) for _code, name in choices] == [code for code, _name in choices]

    def test_country_choices_sort_umlauts_as_their_letter(self):
        assert [name for _code, name in formats.country_choices("de")[:4]] == [
            "Afghanistan",
            "Ägypten",
            "Åland-Inseln",
            "Albanien",
        ]
        assert formats.country_choices("en-gb")[0] == ("AF", "Afghanistan")

    def test_country_name_of_an_unknown_code_is_the_code(self):
        assert formats.country_name("AT", "de") == "Österreich"
        assert formats.country_name("??", "de") == "??"


class TestLanguage:
    @pytest.mark.parametrize(
        ("typed", "code"),
        [
            ("de", "de"),
            ("de-AT", "de"),
            ("EN_us", "en"),
            ("Deutsch", "de"),
            ("French", "fr"),
            ("Französisch", "fr"),
        ],
    )
    def test_language_is_found_by_code_and_name(self, typed, code):
        assert formats.normalize_language(typed) == code

    def test_language_that_is_unknown_is_refused(self):
        assert refusal(formats.normalize_language, "Klingon").code == "invalid_language"

    @pytest.mark.parametrize("language", ["de", "en"])
    def test_language_choices_are_sorted_and_found_again(self, language):
        choices = formats.language_choices(language)
        assert [formats.normalize_language(name) for _code, name in choices] == [code for code, _name in choices]
        assert len(choices) == 40

    def test_language_name_follows_the_reader(self):
        assert formats.language_name("el", "de") == "Griechisch"
        assert formats.language_name("el", "en") == "Greek"


class TestText:
    @pytest.mark.parametrize(
        ("typed", "stored"),
        [
            ("  Anna \u00a0 Maria\t", "Anna Maria"),
            ("Zoe\u0308", "Zoë"),
            ("d'Angelo", "d'Angelo"),
            ("O’Neill", "O’Neill"),
            ("Null", "Null"),
            ("X", "X"),
            ("Nguyễn", "Nguyễn"),
            ("👩\u200d🍳 Köchin", "👩\u200d🍳 Köchin"),
            ("محمد\u200f", "محمد\u200f"),
            ("evil\u202egnp", "evilgnp"),
            ("\ufeffAnna\u200b", "Anna"),
            ("Zeile\r\nzwei", "Zeile zwei"),
            ("", ""),
        ],
    )
    def test_text_keeps_names_and_drops_what_nobody_sees(self, typed, stored):
        assert formats.clean_text(typed) == stored

    @pytest.mark.parametrize("typed", ["a\x00b", "\x1b[31m", "Caf\x82", "\ud800"])
    def test_text_with_a_control_character_is_refused(self, typed):
        assert refusal(formats.clean_text, typed).code == "invalid_character"
        assert refusal(formats.clean_lines, typed).code == "invalid_character"

    def test_text_refusal_names_the_character(self):
        assert refusal(formats.clean_text, "a\x00b").messages == [
            "“a\ufffdb” contains the control character U+0000. "
            "Remove it; in a file, check that it was saved and read in the same encoding."
        ]

    def test_lines_keep_their_breaks_and_inner_white_space(self):
        assert formats.clean_lines(" Fenster;  Nüsse \r\n\r\n  bitte anrufen\r") == "Fenster;  Nüsse\n\n  bitte anrufen"

    @given(st.text())
    def test_text_cleaned_twice_is_the_same(self, text):
        for clean in (formats.clean_text, formats.clean_lines, formats.clean_code):
            try:
                once = clean(text)
            except ValidationError:
                continue
            assert clean(once) == once


class TestDate:
    @pytest.mark.parametrize(
        "typed",
        [
            "31.12.1990",
            "31. 12. 1990",
            "1990-12-31",
            "1990-12-31 00:00:00",
            "1990-12-31T00:00:00",
            "31.12.1990 00:00",
        ],
    )
    def test_date_with_one_reading_is_read(self, typed):
        assert formats.parse_date(typed) == date(1990, 12, 31)

    @pytest.mark.parametrize("typed", ["12/31/1990", "31/12/1990", "01-02-1990"])
    def test_date_with_two_readings_is_refused(self, typed):
        assert refusal(formats.parse_date, typed).code == "ambiguous_date"

    def test_date_with_two_readings_follows_the_file(self):
        assert formats.parse_date("01/02/1990", day_first=True) == date(1990, 2, 1)
        assert formats.parse_date("01/02/1990", day_first=False) == date(1990, 1, 2)
        assert refusal(formats.parse_date, "12/31/1990", day_first=True).code == "invalid_date"

    @pytest.mark.parametrize(
        "typed",
        [
            "31.02.1990",
            "1.1.90",
            "0000-01-01",
            "0090-01-01",
            "gestern",
            "1990-12-31 12:30",
            "33238",
            "١.١.١٩٩٠",
        ],
    )
    def test_date_that_is_none_is_refused(self, typed):
        assert refusal(formats.parse_date, typed).code == "invalid_date"

    @given(st.dates(min_value=date(1000, 1, 1)))
    def test_date_written_and_read_is_the_same(self, day):
        assert formats.parse_date(day.isoformat()) == day
        assert formats.parse_date(f"{day.day:02}.{day.month:02}.{day.year}") == day


class TestDecimal:
    @pytest.mark.parametrize(
        ("typed", "number"),
        [
            ("1.250,00", "1250.00"),
            ("1,250.00", "1250.00"),
            ("1250.00", "1250.00"),
            ("1250,00", "1250.00"),
            ("1250", "1250"),
            ("-5,00", "-5.00"),
            ("\u22125", "-5"),
            ("+5", "5"),
            ("1.250.000", "1250000"),
            ("1 250,5", "1250.5"),
            ("1\u00a0250,5", "1250.5"),
            ("1'250.50", "1250.50"),
            ("0.500", "0.500"),
            ("1250.000", "1250.000"),
            ("5,00 €", "5.00"),
        ],
    )
    def test_decimal_with_one_reading_is_read(self, typed, number):
        assert str(formats.parse_decimal(typed)) == number

    @pytest.mark.parametrize("typed", ["1.250", "1,250", "-999.999", "12,345 €"])
    def test_decimal_with_two_readings_is_refused(self, typed):
        assert refusal(formats.parse_decimal, typed).code == "ambiguous_decimal"

    @pytest.mark.parametrize(
        ("typed", "decimal_comma", "number"),
        [
            ("1.250", True, "1250"),
            ("1.250", False, "1.250"),
            ("1,250", True, "1.250"),
            ("1,250", False, "1250"),
            ("5,00", True, "5.00"),
        ],
    )
    def test_decimal_with_two_readings_follows_the_file(self, typed, decimal_comma, number):
        assert str(formats.parse_decimal(typed, decimal_comma=decimal_comma)) == number

    @pytest.mark.parametrize("typed", ["1250.00", "0.500", "1.25", "1.2500", "1,2,3"])
    def test_decimal_that_does_not_fit_the_file_is_refused(self, typed):
        assert refusal(formats.parse_decimal, typed, decimal_comma=True).code == "invalid_decimal"

    @pytest.mark.parametrize(
        "typed",
        [
            "abc",
            "1,2,3",
            "1.25.000,00",
            "1.250,00,0",
            "1e5",
            "NaN",
            "--5",
            "-",
            "=1+1",
            "1" * 31,
            "٥",
            "1.250 000",
        ],
    )
    def test_decimal_that_is_none_is_refused(self, typed):
        assert refusal(formats.parse_decimal, typed).code == "invalid_decimal"

    @given(st.decimals(-(10**9), 10**9, places=2))
    def test_decimal_written_and_read_is_the_same(self, number):
        english = f"{number:,.2f}"
        german = english.translate(str.maketrans(",.", ".,"))
        for text, decimal_comma in ((english, False), (english, None), (german, True), (german, None)):
            assert formats.parse_decimal(text, decimal_comma=decimal_comma) == number


class TestBoolean:
    def test_boolean_is_read_in_both_languages(self):
        assert {formats.parse_boolean(word) for word in ("ja", "JA", "yes", "true", "wahr", "1", "x", " X ")} == {True}
        assert {formats.parse_boolean(word) for word in ("nein", "no", "False", "FALSCH", "0")} == {False}

    @pytest.mark.parametrize("typed", ["vielleicht", "2", "-"])
    def test_boolean_that_is_neither_is_refused(self, typed):
        assert refusal(formats.parse_boolean, typed).code == "invalid_boolean"


@pytest.mark.parametrize("name", [name for name in formats.__all__ if name.startswith(("normalize_", "parse_"))])
def test_blank_is_never_an_error(name):
    more = {"today": date(2026, 11, 28)} if name == "parse_typed_day" else {}
    assert getattr(formats, name)(" \t", **more) == ("" if name.startswith("normalize_") else None)


def test_refusal_shortens_a_long_value():
    assert refusal(formats.parse_decimal, "a" * 500).params == {"value": "a" * 59 + "…"}


def test_formats_load_no_registry_of_banks_and_no_languages():
    """The heavy data (Germany's banks 4.5 MB, the world's languages 7 MB) waits until somebody asks."""
    code = (
        "import customers.formats, pycountry; from schwifty import registry; "
        "assert registry._default_registry._banks == {} and not pycountry.languages._is_loaded"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
