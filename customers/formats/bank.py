"""IBAN and BIC by schwifty.

Measured after Django on Python 3.13: importing schwifty costs 19 ms and 1 MB, so it stands at the top. Its
registries of banks are the heavy part; schwifty itself reads a country's when a bank there is first asked
for, which only `bank_of_iban` does: Germany 22 ms and 4.5 MB.
"""

import re
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from schwifty import BIC, IBAN, exceptions

from locations.text import clean_code, refused

_IBAN_LIKE = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_BIC_LIKE = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
_KOSOVO = "XK"  # in use with SWIFT, unknown to ISO 3166 and so to schwifty


class Bank(NamedTuple):
    bic: str
    name: str


def normalize_iban(text: str) -> str:
    """Compact upper case, checked for country, length, form and check digits. Blank gives "".

    The check digits *inside* a national account number are not checked: banks' rules change faster than any
    library, and a good account refused is worse. Raises `invalid_iban`, saying what is wrong.
    """
    compact = re.sub(r"^IBAN:?|[\s\-.]", "", clean_code(text).upper())
    if not compact:
        return ""
    try:
        return str(IBAN(compact))
    except exceptions.SchwiftyException as error:
        raise _iban_refusal(compact, error) from error


def display_iban(value: str) -> str:
    """Groups of four, as printed on cards; anything that has not the form of an IBAN unchanged."""
    return " ".join(re.findall(".{1,4}", value)) if _IBAN_LIKE.fullmatch(value) else value


def normalize_bic(text: str) -> str:
    """Compact upper case, 8 or 11 characters. Blank gives "". Raises `invalid_bic`, saying what is wrong."""
    compact = re.sub(r"^(?:BIC|SWIFT):|\s", "", clean_code(text).upper())
    if not compact or (_BIC_LIKE.fullmatch(compact) and compact[4:6] == _KOSOVO):
        return compact
    try:
        return str(BIC(compact))
    except exceptions.SchwiftyException as error:
        raise _bic_refusal(compact, error) from error


def bank_of_iban(iban: str) -> Bank | None:
    """BIC and name of the bank of an IBAN, from schwifty's bundled registry; None if unknown or no IBAN."""
    try:
        known = IBAN(iban)
    except exceptions.SchwiftyException:
        return None
    bic, name = known.bic, known.bank_name
    return Bank(str(bic), name) if bic and name else None


def _iban_refusal(compact: str, error: exceptions.SchwiftyException) -> ValidationError:
    params: dict[str, object] = {"country": compact[:2]}
    match error:
        case exceptions.InvalidCountryCode():
            message = _("“%(value)s” is not an IBAN: no country has the letters %(country)s. Check the first two.")
        case exceptions.InvalidLength():
            params |= {"length": len(compact), "expected": IBAN(compact, allow_invalid=True).spec.iban_length}
            message = _(
                "“%(value)s” is not an IBAN: it has %(length)s characters, and one of %(country)s "
                "has %(expected)s. Add or remove what is wrong."
            )
        case exceptions.InvalidChecksumDigits():
            message = _("“%(value)s” is not an IBAN: its check digits do not match. Look for a typing error.")
        case _:
            message = _(
                "“%(value)s” is not an IBAN: it has a character where none may be. "
                "Enter two letters, two digits and the account, such as DE89 3704 0044 0532 0130 00."
            )
    return refused("invalid_iban", message, compact, **params)


def _bic_refusal(compact: str, error: exceptions.SchwiftyException) -> ValidationError:
    match error:
        case exceptions.InvalidLength():
            message = _("“%(value)s” is not a BIC: it has %(length)s characters. Enter 8 or 11.")
        case exceptions.InvalidCountryCode():
            message = _("“%(value)s” is not a BIC: no country has the letters %(country)s. Check the fifth and sixth.")
        case _:
            message = _(
                "“%(value)s” is not a BIC: it has a character where none may be. Enter it as COBADEFF or COBADEFFXXX."
            )
    return refused("invalid_bic", message, compact, length=len(compact), country=compact[4:6])
