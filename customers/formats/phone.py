"""Phone numbers: E.164 where the number is complete, as typed where it is not, refused where it is none.

The stored text is either E.164 with an optional extension (`+49401000001;ext=12`) or what was typed.
"""

import re
import unicodedata

import phonenumbers
from django.utils.translation import gettext_lazy as _
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, ValidationResult

from customers.formats.postal import without_decimals, without_text_mark
from locations.text import clean_code, refused

DEFAULT_REGION = "DE"
MAX_LENGTH = 60
MIN_DIGITS = 3
_CODES = ("49", "43", "41")

_LABEL = re.compile(r"(?:tele(?:fon|phone|fax)|tel|fon|phone|mobile?|mobil(?:telefon|funk)|handy|fax)\b[.:\s]*", re.I)
_EXTENSION = re.compile(
    r"\s*(?:;ext=|,?\s*\b(?:ext(?:ension)?|durchwahl|dw|app(?:arat)?)\b[.:]?\s*|\s?x\s?)([0-9]{1,8})$", re.I
)
_ONE_NUMBER = re.compile(r"[+\d\s()\[\]/.~\-\u2010-\u2015\u2212]+")
_PHONE_LIKE = re.compile(r"[+\d\s()\[\]/.~\-\u2010-\u2015\u2212,;:*#&|]+")
_E164 = re.compile(r"\+[1-9][0-9]{1,14}(?:;ext=[0-9]{1,8})?")
_INVALID = _(
    "“%(value)s” is not a phone number. Enter digits with an area code, such as +49 40 1000001, "
    "and put words into the memo."
)


def normalize_phone(text: str, *, country: str | None = None) -> str:
    """E.164 (`;ext=` kept) of a complete number, else the text as typed with its white space tidied.

    `country` (alpha-2) is where a number without country code is dialled; without it, Germany. A number typed
    without `+`, `00` or trunk `0` counts as complete only where it is in use as such: `123456` in Germany
    lacks its area code, and `+49123456` would reach somebody else. One that may have lost its `+` as well as its `0`,
    as `491701112223`, stays as typed. Blank gives "". Raises `invalid_phone`.
    """
    typed = without_decimals(without_text_mark(clean_code(text)))
    if not typed:
        return ""
    number, extension = _split(typed)
    if len(typed) > MAX_LENGTH or len(phone_digits(typed)) < MIN_DIGITS or not _PHONE_LIKE.fullmatch(number):
        raise refused("invalid_phone", _INVALID, typed)
    return _canonical(number, extension, region=_region(country)) or typed


def is_known_phone(value: str) -> bool:
    """Whether `value` is E.164, with or without extension: complete, dialled the same from everywhere."""
    return _known(value) is not None


def display_phone(value: str) -> str:
    """`+49 40 1000001` for E.164, with ` x12` for an extension; anything else unchanged."""
    known = _known(value)
    if known is None:
        return value
    shown = phonenumbers.format_number(known, PhoneNumberFormat.INTERNATIONAL)
    extension = _split(value)[1]
    return f"{shown} x{extension}" if extension else shown


def phone_digits(value: str) -> str:
    """The digits of the number as ASCII, without its extension: for searching and comparing."""
    number, _extension = _split(value)
    return "".join(str(unicodedata.decimal(char)) for char in number if char.isdecimal())


def _split(typed: str) -> tuple[str, str]:
    """The number without label ("Tel.") and extension, and the extension's digits or ""."""
    bare = _LABEL.sub("", typed, count=1) if _LABEL.match(typed) else typed
    found = _EXTENSION.search(bare)
    return (bare[: found.start()], found[1]) if found else (bare, "")


def _region(country: str | None) -> str | None:
    """None for a country without numbers of its own: there, only numbers with country code can be read."""
    region = (country or DEFAULT_REGION).upper()
    return region if region in phonenumbers.SUPPORTED_REGIONS else None


def _known(value: str) -> PhoneNumber | None:
    if not _E164.fullmatch(value):
        return None
    number = _split(value)[0]
    parsed = _parse(number, None)
    return parsed if parsed and _is_complete(number, parsed) and _e164(parsed) == number else None


def _canonical(number: str, extension: str, *, region: str | None) -> str:
    parsed = _parse(number, region)
    if parsed is None or not _is_complete(number, parsed) or _may_lack_plus(number):
        return ""
    e164 = _e164(parsed)
    # "+49 00 …" loses a zero each time it is read. What does not read back as itself is kept as typed.
    if re.sub(r"[^+0-9]", "", number) != e164 and _known(e164) is None:
        return ""
    return f"{e164};ext={extension}" if extension else e164


def _parse(number: str, region: str | None) -> PhoneNumber | None:
    # Letters (0800 FLOWERS) and several numbers in one field would be read as one long number.
    if not _ONE_NUMBER.fullmatch(number):
        return None
    try:
        return phonenumbers.parse(number, region)
    except NumberParseException:
        return None


def _is_complete(number: str, parsed: PhoneNumber) -> bool:
    if phonenumbers.is_possible_number_with_reason(parsed) != ValidationResult.IS_POSSIBLE:
        return False
    return number.lstrip(" ([").startswith(("+", "0")) or phonenumbers.is_valid_number(parsed)


def _may_lack_plus(number: str) -> bool:
    """Whether a number without `+` and `0` begins with a country code of ours and is in use behind it."""
    digits = re.sub(r"[^0-9]", "", number)
    if number.lstrip(" ([").startswith(("+", "0")) or not digits.startswith(_CODES):
        return False
    parsed = _parse(f"+{digits}", None)
    return parsed is not None and phonenumbers.is_valid_number(parsed)


def _e164(parsed: PhoneNumber) -> str:
    return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
