"""Dates, numbers, yes and no as they stand in German and English files; two possible readings are refused."""

import re
from datetime import date, datetime, time
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.timezone import get_default_timezone
from django.utils.translation import gettext_lazy as _

from customers.formats.postal import without_text_mark
from locations.text import clean_code, refused

_ISO_DATE = re.compile(
    r"(?P<year>[1-9][0-9]{3})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})(?:[T ]00:00(?::00(?:\.0+)?)?)?"
)
_ZONED_DATE = re.compile(
    r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
    r" ?(?:Z|[+\-][0-9]{2}:?[0-9]{2})"
)
_COMPACT_DATE = re.compile(r"(?P<year>1[89][0-9]{2}|20[0-9]{2})(?P<month>[0-9]{2})(?P<day>[0-9]{2})")
_NO_DATE = re.compile(r"0{1,4}([./\-])0{1,2}\1(?:0{1,4})(?:[T ]00:00(?::00)?)?")
_ISO_DAY = re.compile(r"(?:--)?(?P<month>[0-9]{2})-(?P<day>[0-9]{2})|--(?P<month2>[0-9]{2})(?P<day2>[0-9]{2})")
_DOTTED_DAY = re.compile(r"(?P<day>[0-9]{1,2})\. ?(?P<month>[0-9]{1,2})\.?")
_SLASHED_DAY = re.compile(r"(?P<first>[0-9]{1,2})/(?P<second>[0-9]{1,2})")
_NOBODYS_YEAR = "1604"
"""What Apple writes for a birthday without a year."""
_DOTTED_DATE = re.compile(r"(?P<day>[0-9]{1,2})\. ?(?P<month>[0-9]{1,2})\. ?(?P<year>[1-9][0-9]{3})(?: 00:00(?::00)?)?")
_SLASHED_DATE = re.compile(r"(?P<first>[0-9]{1,2})[/\-](?P<second>[0-9]{1,2})[/\-](?P<year>[1-9][0-9]{3})")

_NUMBER = re.compile(r"(?P<sign>[+\-\u2212]?) ?(?P<digits>[0-9][0-9., '’]*?)(?: ?(?:€|EUR))?")
_WHOLE = re.compile(r"[0-9]+|[1-9][0-9]{0,2}([., '’])[0-9]{3}(?:\1[0-9]{3})*")
_TWO_READINGS = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
_MAX_DIGITS = 30

TRUE_WORDS = frozenset({"1", "j", "ja", "true", "t", "wahr", "w", "x", "y", "yes", "on", "an"})
FALSE_WORDS = frozenset({"0", "n", "nein", "false", "f", "falsch", "no", "off", "aus"})

_INVALID_DATE = _("“%(value)s” is not a date. Enter it as 31.12.1990 or 1990-12-31.")
_INVALID_DAY = _("“%(value)s” is not a day of the year. Enter it as 17.05.")
_INVALID_DECIMAL = _("“%(value)s” is not a number. Enter digits with at most one decimal separator, such as 1250,00.")


def parse_date(text: str, *, day_first: bool | None = None) -> date | None:
    """A day from `31.12.1990` or `1990-12-31`, with or without Excel's midnight behind it; blank is None.

    `12/31/1990` and `31-12-1990` are read only when `day_first` says how, never by guessing from one cell.
    `19901231` is read as well; a moment with a time zone is the day that it begins, there or by our clock. What
    programs write for no date at all (`0000-00-00`, `0.0.00`) is none. Years have four digits.
    Raises `ambiguous_date` or `invalid_date`.
    """
    typed = without_text_mark(clean_code(text))
    if not typed or _NO_DATE.fullmatch(typed):
        return None
    if _ZONED_DATE.fullmatch(typed):
        return _zoned(typed)
    if found := _COMPACT_DATE.fullmatch(typed):
        return _date(typed, found["year"], found["month"], found["day"])
    if found := _ISO_DATE.fullmatch(typed) or _DOTTED_DATE.fullmatch(typed):
        return _date(typed, found["year"], found["month"], found["day"])
    found = _SLASHED_DATE.fullmatch(typed)
    if not found:
        raise refused("invalid_date", _INVALID_DATE, typed)
    day, month = _in_order(typed, found, day_first)
    return _date(typed, found["year"], month, day)


def parse_day(text: str, *, day_first: bool | None = None) -> str | None:
    """A day of any year as `MM-DD`, from `17.05.`, `05-17`, `--05-17`, `05/17` or a year that nobody is born in.

    None where the text is not that but, perhaps, a whole date. Raises `ambiguous_date` or `invalid_date`.
    """
    typed = without_text_mark(clean_code(text))
    if typed.startswith(_NOBODYS_YEAR) and (whole := _ISO_DATE.fullmatch(typed)):
        return _day(typed, whole["month"], whole["day"])
    if typed.endswith(_NOBODYS_YEAR) and (whole := _DOTTED_DATE.fullmatch(typed)):
        return _day(typed, whole["month"], whole["day"])
    if found := _ISO_DAY.fullmatch(typed):
        return _day(typed, found["month"] or found["month2"], found["day"] or found["day2"])
    if found := _DOTTED_DAY.fullmatch(typed):
        return _day(typed, found["month"], found["day"])
    if found := _SLASHED_DAY.fullmatch(typed):
        day, month = _in_order(typed, found, day_first)
        return _day(typed, month, day)
    return None


def display_day(value: str) -> str:
    """`17.05.` of `05-17`."""
    return f"{value[3:]}.{value[:2]}." if value else ""


def parse_decimal(text: str, *, decimal_comma: bool | None = None) -> Decimal | None:
    """A number from `1.250,00`, `1,250.00`, `1 250,00`, `1250`, `-5,00` or `5,00 €`; blank is None.

    `decimal_comma` tells the decimal separator of the file. Without it, a number that can be read in two ways
    (`1.250`) is refused. Raises `ambiguous_decimal` or `invalid_decimal`.
    """
    typed = without_text_mark(clean_code(text))
    if not typed:
        return None
    found = _NUMBER.fullmatch(typed)
    if not found or sum(char.isdigit() for char in typed) > _MAX_DIGITS:
        raise refused("invalid_decimal", _INVALID_DECIMAL, typed)
    whole, fraction = _parts(typed, found["digits"], decimal_comma)
    sign = "-" if found["sign"] in {"-", "\u2212"} else ""
    return Decimal(f"{sign}{whole}.{fraction}")


def parse_boolean(text: str) -> bool | None:
    """Yes or no from ja/nein, yes/no, true/false, wahr/falsch, 1/0, x and their like; blank is None.

    Raises `invalid_boolean`.
    """
    typed = clean_code(text)
    word = typed.casefold()
    if word in TRUE_WORDS or word in FALSE_WORDS:
        return word in TRUE_WORDS
    if not typed:
        return None
    raise refused("invalid_boolean", _("“%(value)s” is neither yes nor no. Enter yes or no."), typed)


def _in_order(typed: str, found: re.Match[str], day_first: bool | None) -> tuple[str, str]:
    """Day and month of a date with slashes."""
    if day_first is None:
        message = _(
            "“%(value)s” can be read in two ways. Choose whether day or month comes first, or write it as 31.12.1990."
        )
        if int(found["first"]) > _MONTHS or int(found["second"]) > _MONTHS:
            message = _(
                "“%(value)s” does not say of the other dates whether day or month comes first. Choose it for the file, "
                "or write 31.12.1990."
            )
        raise refused("ambiguous_date", message, typed)
    return (found["first"], found["second"]) if day_first else (found["second"], found["first"])


def _zoned(typed: str) -> date:
    """The day that begins at this moment: where it was written, or here."""
    try:
        moment = datetime.fromisoformat(typed.replace(" ", "T", 1).replace(" ", ""))
    except ValueError as error:
        raise refused("invalid_date", _INVALID_DATE, typed) from error
    for begun in (moment, moment.astimezone(get_default_timezone())):
        if begun.time() == time():
            return begun.date()
    raise refused("invalid_date", _INVALID_DATE, typed)


def _day(typed: str, month: str, day: str) -> str:
    try:
        _date(typed, _LEAP_YEAR, month, day)
    except ValidationError as error:
        raise refused("invalid_date", _INVALID_DAY, typed) from error
    return f"{int(month):02}-{int(day):02}"


_LEAP_YEAR = "2000"
_MONTHS = 12


def _date(typed: str, year: str, month: str, day: str) -> date:
    try:
        return date(int(year), int(month), int(day))
    except ValueError as error:
        raise refused("invalid_date", _INVALID_DATE, typed) from error


def _parts(typed: str, digits: str, decimal_comma: bool | None) -> tuple[str, str]:
    """The digits before and behind the decimal separator, groups of thousands joined."""
    mark = _guessed_mark(typed, digits) if decimal_comma is None else "," if decimal_comma else "."
    whole, _mark, fraction = digits.partition(mark)
    if not _WHOLE.fullmatch(whole) or not re.fullmatch("[0-9]*", fraction):
        raise refused("invalid_decimal", _INVALID_DECIMAL, typed)
    return re.sub("[^0-9]", "", whole), fraction


def _guessed_mark(typed: str, digits: str) -> str:
    """The decimal separator, where the number leaves no choice: the last of two, or one that stands once."""
    marks = re.findall("[.,]", digits)
    if _TWO_READINGS.fullmatch(digits):
        message = _(
            "“%(value)s” can be read in two ways: thousands or decimals. "
            "Choose the decimal separator of the file, or write it with two decimals."
        )
        raise refused("ambiguous_decimal", message, typed)
    if len(marks) > 1 and len(set(marks)) == 1:
        return "." if marks[0] == "," else ","
    return marks[-1] if marks else "."
