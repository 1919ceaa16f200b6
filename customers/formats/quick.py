"""Whole columns of cells at once, where each cell is its stored value already.

Each function takes the cells and the same cells joined by line breaks (no cell holds one). It returns what COPY is to
write, or None where a cell has to be converted by itself. What it returns equals the conversion of each cell; tests
compare the two.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from typing import Any

import phonenumbers

NOTHING = r"\N"

# What clean_text would change or refuse, and what COPY would have to escape.
_UNCLEAN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\\\\\u00a0\u00ad\u1680\u2000-\u200b\u2028-\u202f\u205f-\u2060\u2066-\u2069\u3000\ufeff"
    "\ud800-\udfff]|  |^ | $",
    re.MULTILINE,
)
_NUMBERS = re.compile(r"(?:[1-9][0-9]{0,6}+\n)*+[1-9][0-9]{0,6}+")
_LOCAL = r"[a-z0-9_+\-]++(?:\.[a-z0-9_+\-]++)*+"
_DOMAIN = r"(?:[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?\.)+[a-z]{2,20}"
_EMAILS = re.compile(rf"(?:(?:{_LOCAL}@{_DOMAIN})?\n)*+(?:{_LOCAL}@{_DOMAIN})?")
_YEAR = "(?:1[789]|20)[0-9]{2}"
_DOTTED = rf"(?:[0-9]{{2}}\.[0-9]{{2}}\.{_YEAR})?"
_DOTTED_DAYS = re.compile(rf"(?:{_DOTTED}\n)*+{_DOTTED}")
_ISO = f"(?:{_YEAR}-[0-9]{{2}}-[0-9]{{2}})?"
_ISO_DAYS = re.compile(rf"(?:{_ISO}\n)*+{_ISO}")
_PHONES = re.compile(r"(?:(?:\+49 [1-9][0-9]*+(?: [0-9]++)*+)?\n)*+(?:\+49 [1-9][0-9]*+(?: [0-9]++)*+)?")


def texts(cells: Sequence[str], joined: str) -> Sequence[str] | None:
    """Lines of text as clean_text leaves them; a memo of one line as clean_lines does."""
    if joined.isascii():
        return None if _UNCLEAN.search(joined) else cells
    return cells if unicodedata.is_normalized("NFC", joined) and not _UNCLEAN.search(joined) else None


def postal_codes(cells: Sequence[str], joined: str) -> Sequence[str] | None:
    """Texts, unless one may have lost its zero, or carries an apostrophe or decimals."""
    return None if _MAY_BE_SHORT.search(joined) else texts(cells, joined)


_MAY_BE_SHORT = re.compile(r"^(?:[0-9]{4}$|'|[0-9]+\.0$)", re.MULTILINE)


def number_lists(cells: Sequence[str], joined: str) -> Sequence[str] | None:
    """Texts, each of which is a list of itself, unless one begins with an apostrophe or holds several."""
    if _SEVERAL.search(joined) or texts(cells, joined) is None:
        return None
    return [f'{{"{cell}"}}' if cell else "{}" for cell in cells]


_SEVERAL = re.compile("[,;\"]|^'", re.MULTILINE)


def numbers(cells: Sequence[str], joined: str) -> Sequence[str] | None:
    """Whole numbers from 1 with at most seven digits."""
    return cells if _NUMBERS.fullmatch(joined) else None


def emails(cells: Sequence[str], joined: str) -> Sequence[str] | None:
    """Addresses in small letters without anything unusual, or blank."""
    if not _EMAILS.fullmatch(joined) or "--" in joined:
        return None
    return cells if all(len(cell.partition("@")[0]) <= _LONGEST_LOCAL for cell in cells) else None


_LONGEST_LOCAL = 64


def days(cells: Sequence[str], joined: str) -> Sequence[str] | None:
    """Days with a year, all as `31.12.1990` or all as `1990-12-31`, or blank."""
    if _DOTTED_DAYS.fullmatch(joined):
        found = [f"{cell[6:]}-{cell[3:5]}-{cell[:2]}" if cell else "" for cell in cells]
    elif _ISO_DAYS.fullmatch(joined):
        found = list(cells)
    else:
        return None
    try:
        for day in found:
            if day:
                date.fromisoformat(day)
    except ValueError:
        return None
    return [day or NOTHING for day in found]


def phones(cells: Sequence[str], joined: str) -> Sequence[str] | None:
    """German numbers with their country code and blanks, of a length that is possible there, or blank."""
    if not _PHONES.fullmatch(joined):
        return None
    compact = joined.replace(" ", "").split("\n")
    return compact if all(not number or len(number) in _LENGTHS for number in compact) else None


def _lengths(country_code: int) -> frozenset[int]:
    """How long a number of the country can be, with + and code."""
    region = phonenumbers.region_code_for_country_code(country_code)
    metadata: Any = phonenumbers.PhoneMetadata.metadata_for_region(region)
    prefix = len(f"+{country_code}")
    return frozenset(prefix + length for length in metadata.general_desc.possible_length)


_LENGTHS = _lengths(49)
