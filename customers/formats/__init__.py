"""What a customer's texts must look like: checked, brought into one form, and shown for reading.

Every function is pure, takes text and gives text (or a value). Blank is never an error: `normalize_*` give ""
for it and `parse_*` give None; whether something must be there is decided by whoever asks. Everything refused
raises `ValidationError` with the code named in the docstring, or `invalid_character` for control characters.
`normalize(normalize(x)) == normalize(x)`, and where there is a `display_*`, `normalize(display(x)) == x`.
"""

from customers.formats.bank import Bank, bank_of_iban, display_iban, normalize_bic, normalize_iban
from customers.formats.contact import normalize_email, normalize_website
from customers.formats.country import country_choices, country_name, normalize_country
from customers.formats.days import parse_typed_day
from customers.formats.language import language_choices, language_name, normalize_language
from customers.formats.lists import join_list, split_list
from customers.formats.phone import display_phone, is_known_phone, normalize_phone, phone_digits
from customers.formats.postal import MARKED, marked, normalize_postal_code, unmarked, without_text_mark
from customers.formats.values import display_day, parse_boolean, parse_date, parse_day, parse_decimal
from customers.formats.vat import normalize_vat_id
from locations.text import clean_code, clean_lines, clean_text, without_format_characters, without_invisible

__all__ = [
    "MARKED",
    "Bank",
    "bank_of_iban",
    "clean_code",
    "clean_lines",
    "clean_text",
    "country_choices",
    "country_name",
    "display_day",
    "display_iban",
    "display_phone",
    "is_known_phone",
    "join_list",
    "language_choices",
    "language_name",
    "marked",
    "normalize_bic",
    "normalize_country",
    "normalize_email",
    "normalize_iban",
    "normalize_language",
    "normalize_phone",
    "normalize_postal_code",
    "normalize_vat_id",
    "normalize_website",
    "parse_boolean",
    "parse_date",
    "parse_day",
    "parse_decimal",
    "parse_typed_day",
    "phone_digits",
    "split_list",
    "unmarked",
    "without_format_characters",
    "without_invisible",
    "without_text_mark",
]
