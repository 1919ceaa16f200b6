"""Values of workbook cells: the text that a sheet stores becomes a number, a date, a truth value or a text."""

from datetime import date, datetime, time, timedelta
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache

from spreadsheets.rows import Cell

EPOCH_1900 = datetime(1899, 12, 30)  # noqa: DTZ001  a workbook knows no time zone
EPOCH_1904 = datetime(1904, 1, 1)  # noqa: DTZ001  the same
LEAP_DAY_THAT_NEVER_WAS = 60
EXCEL_PRECISION = Context(prec=15)
MILLISECONDS_PER_DAY = 86_400_000


def column_of(reference: str) -> int:
    """The column, from 0, of a reference such as BC12. Raises ValueError if it is none."""
    try:
        return _column(reference.rstrip("0123456789"))
    except ValueError:
        raise ValueError(reference) from None


@lru_cache(maxsize=16_384)
def _column(letters: str) -> int:
    column = 0
    for char in letters:
        if not "A" <= char <= "Z" or column > 20_000:
            raise ValueError(letters)
        column = column * 26 + ord(char) - 64
    return column - 1


def number(text: str) -> int | Decimal:
    """A number with the fifteen digits that Excel shows. Raises ValueError if it is none."""
    if len(text) <= 15 and (text.isdecimal() or (text[:1] == "-" and text[1:].isdecimal())):
        return int(text)
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None
    if not value.is_finite() or abs(value.adjusted()) > 400:
        raise ValueError(text)
    if len(value.as_tuple().digits) > EXCEL_PRECISION.prec:
        value = EXCEL_PRECISION.create_decimal(value).normalize()
    exponent = value.as_tuple().exponent
    return int(value) if isinstance(exponent, int) and exponent >= 0 else value


def is_shortened(value: int | Decimal) -> bool:
    """True if the number has more digits than Excel keeps."""
    return bool(abs(value) >= 10**EXCEL_PRECISION.prec)


def moment(text: str, *, is_1904: bool) -> Cell:
    """A serial number as a date, a date with time, or (below one day) a time as text.

    Raises ValueError if it is none of them.
    """
    serial = Decimal(number(text))
    days = int(serial)
    milliseconds = round((serial - days) * MILLISECONDS_PER_DAY)
    if serial < 0 or (days == LEAP_DAY_THAT_NEVER_WAS and not is_1904):
        raise ValueError(text)
    if days == 0 and not is_1904:
        return _clock(milliseconds)
    epoch = EPOCH_1904 if is_1904 else EPOCH_1900
    if days < LEAP_DAY_THAT_NEVER_WAS and not is_1904:
        epoch += timedelta(days=1)
    try:
        found = epoch + timedelta(days=days, milliseconds=milliseconds)
    except OverflowError:
        raise ValueError(text) from None
    return found if milliseconds else found.date()


def _clock(milliseconds: int) -> str:
    found = EPOCH_1904 + timedelta(milliseconds=milliseconds)
    return time(found.hour, found.minute, found.second, found.microsecond).isoformat()


def iso_moment(text: str) -> Cell:
    """A date as strict workbooks store it. Raises ValueError if it is none."""
    return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
