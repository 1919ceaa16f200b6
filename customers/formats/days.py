"""Days as people type them in a form: the day before the month, names of months, years of two digits."""

from __future__ import annotations

import re
from datetime import date
from functools import cache

from babel.dates import get_month_names
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from customers.formats.values import parse_date
from locations.text import refused

_SHORT_YEAR = re.compile(r"(?P<day>\d{1,2})\s*[./-]\s*(?P<month>\d{1,2})\s*[./-]\s*(?P<year>\d{2})")
_SPACED = re.compile(r"(?P<day>\d{1,2})\s*[./-]?\s+(?P<month>\d{1,2})\s*[./-]?\s+(?P<year>\d{2}|\d{4})")
_DAY_FIRST = re.compile(
    r"(?:the\s+)?(?P<day>\d{1,2})(?:\.|st|nd|rd|th)?(?:\s*[/-]\s*|\s+of\s+|\s*)(?P<month>[^\W\d]+)\.?,?"
    r"(?:\s*[/-]\s*|\s*)(?P<year>\d{2}|\d{4})",
    re.IGNORECASE,
)
_MONTH_FIRST = re.compile(
    r"(?P<month>[^\W\d]+)\.?\s*(?:the\s+)?(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{2}|\d{4})", re.IGNORECASE
)
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})\s*[./-]\s*(?P<month>\d{1,2})\s*[./-]\s*(?P<day>\d{1,2})\.?")
_DIGITS = re.compile(r"(?P<day>\d{2})(?P<month>\d{2})(?P<year>(?:18|19|20)\d{2})")
_CENTURY = 100
_NOT_PAST = _("“%(value)s” is in the future.")
_NOT_A_DAY = _("“%(value)s” is not a date. Enter it as 31.12.1990 or 1990-12-31.")


def parse_typed_day(text: str, *, today: date) -> date | None:
    """A day of the past, such as a birthday; blank is None.

    All that `parse_date` reads, with slashes and dashes the day first; `7.11.47`, of which the year is the nearest past
    one; `7. November 1947`, `7th Nov 47`, `Nov 7, 1947`; `1947/11/07`; `07111947` unless that is a day of ISO 8601.
    Raises `invalid_date`, or `future_date` for a day after `today`.
    """
    typed = " ".join(text.split())
    found = _read(typed, today)
    if found is not None and found > today:
        raise refused("future_date", _NOT_PAST, typed)
    return found


def _read(typed: str, today: date) -> date | None:
    for form in (_SHORT_YEAR, _SPACED, _DAY_FIRST, _MONTH_FIRST, _YEAR_FIRST):
        if found := form.fullmatch(typed):
            return _day(typed, found, today)
    try:
        return parse_date(typed, day_first=True)
    except ValidationError:
        if found := _DIGITS.fullmatch(typed):
            return _day(typed, found, today)
        raise


def _day(typed: str, found: re.Match[str], today: date) -> date:
    named = found["month"].casefold()
    month = int(named) if named.isdigit() else _months().get(named, 0)
    try:
        return _in_the_past(int(found["year"]), month, int(found["day"]), today, is_short=len(found["year"]) == 2)
    except ValueError as error:
        raise refused("invalid_date", _NOT_A_DAY, typed) from error


def _in_the_past(year: int, month: int, day: int, today: date, *, is_short: bool) -> date:
    if not is_short:
        return date(year, month, day)
    for century in (today.year // _CENTURY, today.year // _CENTURY - 1):
        try:
            found = date(century * _CENTURY + year, month, day)
        except ValueError:  # the 29th of February of a year that has none
            continue
        if found <= today:
            return found
    raise ValueError(year)


@cache
def _months() -> dict[str, int]:
    """The number of a month by its German and English names, whole and short, and their first three letters."""
    found = {}
    for language in ("de", "en"):
        for width in ("wide", "abbreviated"):
            for number, name in get_month_names(width, locale=language).items():
                plain = name.casefold().rstrip(".")
                found[plain] = found[plain[:3]] = number
    return found | {"maerz": 3, "mär": 3, "jänner": 1, "jän": 1, "feber": 2}
