"""Phone numbers written for reading by the database itself: a million of them cost what one query costs.

`+4940123` becomes `+49 40123`: a country code with a blank behind it is what a spreadsheet leaves alone. Written so
are only numbers for which `normalize_phone` takes the blank out again; all others stay as they are stored.
"""

from __future__ import annotations

from functools import cache

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata
from psycopg.sql import SQL, Composable

_WORLD = "001"
_FIRST_DIGITS = {
    "1": ("2", "9"), "7": ("1", "9"), "39": ("0", "9"), "44": ("2", "9"), "55": ("1", "8"), "57": ("1", "9"),
    "61": ("2", "9"), "81": ("1", "9"), "82": ("1", "9"), "86": ("2", "9"), "241": ("1", "9"), "298": ("2", "9"),
    "352": ("2", "9"), "370": ("1", "7"), "375": ("1", "7"), "423": ("2", "9"), "506": ("2", "9"), "591": ("1", "9"),
}  # fmt: skip
"""From where to where the digit behind the country code goes, where the prefix for calls at home is not just a zero.

Such a prefix is taken off a number when it is read, so a number that begins like one might not come back. The zero of
an Italian number is no prefix.
"""
_NEAR = ("49", "43", "41", "33", "31", "32", "39", "44", "45", "48")
"""Asked first, because most numbers have one of these."""
_ALWAYS = SQL("true")


def displayed_phone(phone: Composable) -> Composable:
    """The stored value with a blank behind its country code, or as it is.

    Whether a number has the commonest code is asked first, and that by the cheapest questions first: an export of a
    million customers asks it four million times.
    """
    # As bytes, because rtrim takes texts apart into characters, which costs more than all the rest.
    is_number = SQL("rtrim(convert_to({}, 'UTF8'), '0123456789'::bytea) = '+'").format(phone)
    (code, surely), *others = _surely_read().items()
    cases = SQL(" ").join([_case(phone, other, *ranges) for other, ranges in others])
    return SQL("CASE {} WHEN {} <> '' AND {} THEN CASE {} ELSE {} END ELSE {} END").format(
        _case(phone, code, *surely, is_number), phone, is_number, cases, phone, phone
    )


def _case(
    phone: Composable, code: str, first: str, last: str, lengths: list[int], only: Composable = _ALWAYS
) -> Composable:
    return SQL(
        'WHEN {0} COLLATE "C" >= {1} AND {0} COLLATE "C" < {2} AND octet_length({0}) = ANY({3}) AND {6} '
        "THEN {4} || substr({0}, {5})"
    ).format(phone, f"+{code}{first}", f"+{code}{chr(ord(last) + 1)}", lengths, f"+{code} ", len(code) + 2, only)


def _nearness(code: str) -> tuple[int, str]:
    return _NEAR.index(code) if code in _NEAR else len(_NEAR), code


@cache
def _surely_read() -> dict[str, tuple[str, str, list[int]]]:
    """For each country code the first and the last digit that may follow, and how long the whole may be."""
    surely = {}
    for code in sorted(map(str, COUNTRY_CODE_TO_REGION_CODE), key=_nearness):
        metadata = _metadata(code)
        if metadata and metadata.general_desc and (code in _FIRST_DIGITS or _has_plain_prefix(metadata)):
            first, last = _FIRST_DIGITS.get(code, ("1", "9"))
            surely[code] = first, last, [1 + len(code) + size for size in metadata.general_desc.possible_length]
    return surely


def _metadata(code: str) -> PhoneMetadata | None:
    region = COUNTRY_CODE_TO_REGION_CODE[int(code)][0]
    if region == _WORLD:
        return PhoneMetadata.metadata_for_nongeo_region(int(code))
    return PhoneMetadata.metadata_for_region(region)


def _has_plain_prefix(metadata: PhoneMetadata) -> bool:
    """No prefix for calls at home, or one that begins with 0."""
    return metadata.national_prefix_for_parsing in {None, "0", "06"}
