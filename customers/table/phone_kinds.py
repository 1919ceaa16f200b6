"""Rows with more phone numbers than kinds: each number goes to the field of its kind, or to one that is still free."""

from __future__ import annotations

import re

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

PHONES = ("phone_private", "phone_business", "mobile")
NUMBERS = (*PHONES, "fax")
SEVERAL_VALUES = ":::"
"""What stands between several values in one cell (Google Contacts)."""
_MOBILE_KIND, _BUSINESS_KIND, _FAX_KIND, _PRIVATE_KIND = (
    re.compile(words, re.IGNORECASE)
    for words in ("mobil|cell|handy|iphone", "work|business|office|arbeit|gesch|dienst|firma", "fax", "home|privat")
)

type Row = dict[str, str]
"""The numbers that a row has so far, by field."""


def placed(row: Row, text: str, kind: str) -> ValidationError | None:
    """Put the numbers of a cell into fields of the row. Returns the refusal of the first that finds no field."""
    refusal = None
    for number in filter(None, map(str.strip, text.split(SEVERAL_VALUES))):
        if not _has_place(row, number, kind):
            refusal = refusal or _too_many_phones(number)
    return refusal


def _has_place(row: Row, number: str, kind: str) -> bool:
    """Put a number into the field of its kind, or into a free one. False where none is free."""
    if any(_digits(number) == _digits(known) for known in row.values()):
        return True
    wanted = _wanted(number, kind)
    for name in (wanted, *(name for name in PHONES if name != wanted)):
        if name not in row:
            row[name] = number
            return True
    return False


def _digits(number: str) -> str:
    return re.sub(r"[^0-9]", "", number)


def _wanted(number: str, kind: str) -> str:
    if _FAX_KIND.search(kind):
        return "fax"
    if _MOBILE_KIND.search(kind):
        return "mobile"
    if _BUSINESS_KIND.search(kind):
        return "phone_business"
    if _PRIVATE_KIND.search(kind):
        return "phone_private"
    return "mobile" if _is_mobile(number) else "phone_private"


def _is_mobile(number: str) -> bool:
    try:
        parsed = phonenumbers.parse(number, "DE")
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.MOBILE


def _too_many_phones(number: str) -> ValidationError:
    message = _("There is no place left for the phone number “%(number)s”. Put it into the memo.")
    return ValidationError(message, code="too_many_phones", params={"number": number})
