"""What is kept, what is brought into one form, what is refused, and that nothing changes when done twice."""

import phonenumbers
import pytest
from django.core.exceptions import ValidationError
from hypothesis import assume, given
from hypothesis import strategies as st

from customers import formats

PHONE_CHARACTERS = "+0123456789 ()/-."
COUNTRIES = st.sampled_from(["DE", "AT", "US", "GB", "IT", "FR", "MX", "AR", "JP", "AQ", None])


def refusal(call, *args, **options) -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        call(*args, **options)
    return caught.value


class TestPhone:
    @pytest.mark.parametrize(
        ("typed", "country", "stored"),
        [
            ("+49 40 1000001", None, "+49401000001"),
            ("0049 40 1000001", "DE", "+49401000001"),
            ("+49 (0) 40 1000001", "DE", "+49401000001"),
            ("(+49) 40/100 00-01", "DE", "+49401000001"),
            ("040 1000001", None, "+49401000001"),
            ("Tel. 0171/123456", "DE", "+49171123456"),
            ("Fax: 040-123456", "DE", "+4940123456"),
            ("030-0074321", "DE", "+49300074321"),
            ("7675-3425", "AT", "+4376753425"),
            ("(503) 555-7555", "US", "+15035557555"),
            ("011-4988260", "IT", "+390114988260"),
            ("31 12 34 56", "DK", "+4531123456"),
            ("٠٣٠ ١٢٣٤٥٦", "DE", "+4930123456"),
            ("\u202a+49 40 1000001\u202c", None, "+49401000001"),
            ("040 1000001 Durchwahl 12", "DE", "+49401000001;ext=12"),
            ("+49401000001 ext. 012", None, "+49401000001;ext=012"),
            ("1701112223.0", "DE", "+491701112223"),
        ],
    )
    def test_phone_that_is_complete_becomes_e164(self, typed, country, stored):
        assert formats.normalize_phone(typed, country=country) == stored

    @pytest.mark.parametrize(
        ("typed", "country", "stored"),
        [
            ("(5)  555-4729 ", "MX", "(5) 555-4729"),
            ("(171) 555-7788", "GB", "(171) 555-7788"),
            ("(1) 135-5555", "AR", "(1) 135-5555"),
            ("88.60.15.31", "FR", "88.60.15.31"),
            ("123456", "DE", "123456"),
            ("491701112223", "DE", "491701112223"),  # +49 170 …, or (0491) 70111…
            ("436641234567", "AT", "436641234567"),
            ("040 1234567, 5678", "DE", "040 1234567, 5678"),
            ("040/1234567 / 0171 123456", "DE", "040/1234567 / 0171 123456"),
            ("040 123456", "AQ", "040 123456"),
            ("+999 123456", "DE", "+999 123456"),
            ("+49 00 301234", "DE", "+49 00 301234"),
            ("Tel. 110", "DE", "Tel. 110"),
        ],
    )
    def test_phone_that_is_incomplete_is_kept_as_typed(self, typed, country, stored):
        assert formats.normalize_phone(typed, country=country) == stored
        assert not formats.is_known_phone(stored)
        assert formats.display_phone(stored) == stored

    @pytest.mark.parametrize("typed", ["keine", "12", "0171 123456 Müller", "0800 FLOWERS", "a@b.de", "1" * 61, "x12"])
    def test_phone_that_is_none_is_refused(self, typed):
        assert refusal(formats.normalize_phone, typed, country="DE").code == "invalid_phone"

    @pytest.mark.parametrize(
        ("stored", "shown"),
        [
            ("+49401000001", "+49 40 1000001"),
            ("+49401000001;ext=12", "+49 40 1000001 x12"),
            ("+15035557555", "+1 503-555-7555"),
            ("+999123456", "+999123456"),
            ("nothing", "nothing"),
            ("", ""),
        ],
    )
    def test_phone_display_groups_only_what_is_known(self, stored, shown):
        assert formats.display_phone(stored) == shown

    @pytest.mark.parametrize(
        ("value", "digits"),
        [("+49401000001;ext=12", "49401000001"), ("Tel. (5) 555-4729", "55554729"), ("٠٣٠", "030"), ("", "")],
    )
    def test_phone_digits_leave_label_and_extension_out(self, value, digits):
        assert formats.phone_digits(value) == digits

    @given(
        text=st.text(PHONE_CHARACTERS, max_size=24) | st.from_regex(r"\+?[0-9]{3,16}( ?x[0-9]{1,4})?", fullmatch=True)
    )
    def test_phone_shown_and_read_again_is_the_same(self, text):
        for country in ("DE", "IT", "US", "MX", "AQ", None):
            try:
                stored = formats.normalize_phone(text, country=country)
            except ValidationError:
                continue
            assert formats.normalize_phone(stored, country=country) == stored
            assert formats.normalize_phone(formats.display_phone(stored), country=country) == stored

    @given(region=st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)), country=COUNTRIES)
    def test_phone_of_every_region_is_read_alike_from_everywhere(self, region, country):
        example = phonenumbers.example_number(region)
        assert example is not None
        stored = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        assert formats.is_known_phone(stored)
        assert formats.normalize_phone(formats.display_phone(stored), country=country) == stored


class TestVATID:
    @pytest.mark.parametrize(
        ("typed", "country", "stored"),
        [
            ("DE 136,695 976", "DE", "DE136695976"),
            ("136695976", None, "DE136695976"),
            ("ATU13585627", "DE", "ATU13585627"),
            ("fr 40 303 265 045", "FR", "FR40303265045"),
            ("094259216", "GR", "EL094259216"),
            ("EL 094259216", "DE", "EL094259216"),
            ("CHE-107.787.577 MWST", "CH", "CHE107787577MWST"),
            ("CHE-107.787.577 MWST", "LI", "CHE107787577MWST"),
            ("NO 995 525 828 MVA", "NO", "NO995525828MVA"),
            ("980 7806 84", "GB", "GB980780684"),
            ("XI 980 7806 84", "GB", "XI980780684"),
            ("A13 585 625", "ES", "ESA13585625"),
            ("53 0000 04 605", "MC", "FR53000004605"),
            ("20-05536168-2", "AR", "20055361682"),
            ("12-3456789", "US", "123456789"),
            (" ", "DE", ""),
        ],
    )
    def test_vat_id_is_compact_with_its_countrys_letters(self, typed, country, stored):
        assert formats.normalize_vat_id(typed, country=country) == stored
        assert formats.normalize_vat_id(stored, country=country) == stored
        if stored[:2].isalpha():
            assert formats.normalize_vat_id(stored, country="DE") == stored

    @pytest.mark.parametrize(
        ("typed", "country", "reason"),
        [
            ("DE136695977", "DE", "its check digits do not match"),
            ("DE1366", "DE", "it has the wrong length"),
            ("DE13669597X", "AT", "it has other characters than expected"),
            ("CHE107787577", "CH", "it has the wrong length"),
            ("???", "US", "it has other characters than expected"),
        ],
    )
    def test_vat_id_that_is_wrong_says_why(self, typed, country, reason):
        error = refusal(formats.normalize_vat_id, typed, country=country)
        assert error.code == "invalid_vat_id"
        assert reason in error.messages[0]

    def test_vat_id_refusal_names_the_countrys_form(self):
        assert refusal(formats.normalize_vat_id, "12", country="GR").messages == [
            "“12” is not a VAT ID of GR: it has the wrong length. "
            "Enter it as EL999999999, where 9 stands for a digit and X for a letter or digit."
        ]


class TestBank:
    @pytest.mark.parametrize("typed", ["DE89 3704 0044 0532 0130 00", "IBAN: de89370400440532013000"])
    def test_iban_is_compact_upper_case(self, typed):
        assert formats.normalize_iban(typed) == "DE89370400440532013000"

    @pytest.mark.parametrize(
        ("typed", "sentence"),
        [
            ("DE8937040044053201300", "it has 21 characters, and one of DE has 22."),
            ("DE88370400440532013000", "its check digits do not match."),
            ("ZZ88370400440532013000", "no country has the letters ZZ."),
            ("DE8937040044053201300!", "it has a character where none may be."),
            ("DE8X", "it has a character where none may be."),
        ],
    )
    def test_iban_that_is_wrong_says_what(self, typed, sentence):
        error = refusal(formats.normalize_iban, typed)
        assert error.code == "invalid_iban"
        assert sentence in error.messages[0]

    @given(st.integers(10_000_000, 99_999_999), st.integers(0, 9_999_999_999))
    def test_iban_shown_and_read_again_is_the_same(self, bank, account):
        bban = f"{bank}{account:010}"
        stored = f"DE{98 - int(bban + '131400') % 97:02}{bban}"
        shown = formats.display_iban(stored)
        assert [len(group) for group in shown.split(" ")] == [4, 4, 4, 4, 4, 2]
        assert formats.normalize_iban(shown) == formats.normalize_iban(stored) == stored

    @pytest.mark.parametrize("value", ["", "DE89 3704", "no account"])
    def test_iban_display_leaves_other_text_alone(self, value):
        assert formats.display_iban(value) == value

    @pytest.mark.parametrize(
        ("typed", "stored"),
        [("cobadeff xxx", "COBADEFFXXX"), ("COBADEFF", "COBADEFF"), ("NLPRXKPR", "NLPRXKPR")],
    )
    def test_bic_is_compact_upper_case(self, typed, stored):
        assert formats.normalize_bic(typed) == stored
        assert formats.normalize_bic(stored) == stored

    @pytest.mark.parametrize(
        ("typed", "sentence"),
        [
            ("COBADEF", "it has 7 characters."),
            ("COBAZZFF", "no country has the letters ZZ."),
            ("COB!DEFF", "it has a character where none may be."),
        ],
    )
    def test_bic_that_is_wrong_says_what(self, typed, sentence):
        error = refusal(formats.normalize_bic, typed)
        assert error.code == "invalid_bic"
        assert sentence in error.messages[0]

    def test_bank_of_iban_comes_from_the_bundled_registry(self):
        assert formats.bank_of_iban("DE89370400440532013000") == ("COBADEFFXXX", "Commerzbank")

    @pytest.mark.parametrize("iban", ["AT611904300234573201", "DE88370400440532013000", ""])
    def test_bank_of_iban_that_is_unknown_is_none(self, iban):
        assert formats.bank_of_iban(iban) is None


class TestContact:
    @pytest.mark.parametrize(
        ("typed", "stored"),
        [(" A.B@EXAMPLE.com ", "A.B@example.com"), ("a@Müller.de", "a@müller.de"), ("", ""), (" ", "")],
    )
    def test_email_lowers_only_its_domain(self, typed, stored):
        assert formats.normalize_email(typed) == stored

    @pytest.mark.parametrize("typed", ["x@y", "@", "a b@example.com", "example.com", "a@b@c.de"])
    def test_email_that_is_none_is_refused(self, typed):
        assert refusal(formats.normalize_email, typed).code == "invalid_email"

    @pytest.mark.parametrize(
        ("typed", "character"),
        [("straße@example.de", "ß"), ("müller@example.de", "ü"), ("\u017fara@example.de", "\u017f")],
    )
    def test_letter_before_the_at_that_is_not_delivered_is_named(self, typed, character):
        error = refusal(formats.normalize_email, typed)
        assert error.code == "email_not_ascii"
        assert f"“{typed}” has “{character}” before the @" in error.messages[0]

    def test_the_same_letter_is_right_behind_the_at_and_wrong_in_what_is_no_address(self):
        assert formats.normalize_email("info@Straße.de") == "info@straße.de"
        assert refusal(formats.normalize_email, "Große Straße 5").code == "invalid_email"

    @given(st.emails())
    def test_email_read_twice_is_the_same(self, address):
        try:
            stored = formats.normalize_email(address)
        except ValidationError:
            assume(False)
        assert formats.normalize_email(stored) == stored

    @pytest.mark.parametrize(
        ("typed", "stored"),
        [
            ("Example.com/Menu", "https://example.com/Menu"),
            ("HTTP://Example.com:8080/?q=Ä", "http://example.com:8080/?q=Ä"),
            ("example.com:8080/x", "https://example.com:8080/x"),
            ("//example.com", "https://example.com"),
            ("bäckerei.de", "https://bäckerei.de"),
            ("", ""),
        ],
    )
    def test_website_is_given_its_scheme(self, typed, stored):
        assert formats.normalize_website(typed) == stored
        assert formats.normalize_website(stored) == stored

    @pytest.mark.parametrize(
        "typed",
        [
            "javascript:alert(1)",
            "JavaScript://example.com/%0aalert(1)",
            "java\tscript:alert(1)",
            "javascript:1",
            "data:text/html,x",
            "mailto:a@example.com",
            "ftp://example.com",
            "https:/example.com",
            "https://example.com@evil.example",
            "https://[",
            "menu",
        ],
    )
    def test_website_with_another_scheme_or_a_trick_is_refused(self, typed):
        assert refusal(formats.normalize_website, typed).code == "invalid_website"
