"""Finds values that can be read but are doubtful.

Either the program that wrote the file has probably damaged them (a date made from a house number, a long number cut
short, a text decoded twice), or they have more than one meaning (a year of two digits, a number that may be a date).
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date

from spreadsheets.decoding import marked_places
from spreadsheets.problems import shortened
from spreadsheets.rows import Cell

_MONTH = r"(?:Jan|Feb|Mrz|Mär|Mar|Apr|Mai|May|Jun|Jul|Aug|Sep|Okt|Oct|Nov|Dez|Dec)"
_MANGLED_DATE = re.compile(rf"\d{{1,2}}(?:\.? |[-.]){_MONTH}\.?(?:[-. ]\d{{2}})?|{_MONTH}\.?[-. ]\d{{2}}")
_MANGLED_NUMBER = re.compile(r"\d(?:[.,]\d+)?E\+\d{2}")
_NARROW = re.compile(r"#{3,}")
_DATE = re.compile(r"\d{1,2}[./]\d{1,2}[./]\d{4}|\d{4}-\d{2}-\d{2}(?:[T ].*)?")
_SHORT_YEAR = re.compile(r"\d{1,2}[./]\d{1,2}[./]\d{2}")
_SERIAL = re.compile(r"[1-7]\d{4}(?:[.,]\d+)?")
_DATE_DOUBT = re.compile(rf"\x1f(?:{_SHORT_YEAR.pattern}|{_SERIAL.pattern})(?=\x1f)")
_DATE_HEADING = re.compile(r"geburts(?:tag|datum)|birth ?_?(?:day|date)|datum|date of birth|date", re.IGNORECASE)
_DOUBLES = {
    **dict.fromkeys("ÂÃÄÅÎÏÐÑ", "[\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"),
    "â": "[€‚„][\u0080-\u00bf™œž“”¦¢˜]",
}
_DOUBLE = re.compile("|".join(lead + rest for lead, rest in _DOUBLES.items()))


def _date_hint(mark: str) -> str:
    """A cell such as 12. Mrz, 1-Mrz-90 or Mrz 90, found by the mark before the month or the year."""
    day_before = rf"[ADFJMNOS][a-zä][a-z](?<={_MONTH})\.?(?:[-. ]\d{{2}})?\x1f"
    month_before = rf"\d{{2}}\x1f(?:(?<=\x1f{_MONTH}{mark}..\x1f)|(?<=\x1f{_MONTH}\.{mark}..\x1f))"
    return rf"{mark}(?:{day_before}|{month_before})"


# Each begins with the one character by which it is found: searching for that takes a hundredth of the time that it
# takes to try a pattern at the beginning of each cell.
_HINTS = {
    "\0": re.compile("\0"),
    "'": re.compile(r"'(?<=\x1f')"),
    "=": re.compile(r"=(?<=\x1f=)"),
    "#": re.compile(r"#(?<=\x1f#)##"),
    "E": re.compile(r"E(?=\+\d{2}\x1f)"),
    " ": re.compile(_date_hint(" ")),
    "-": re.compile(_date_hint("-")),
    ".": re.compile(_date_hint(r"\.")),
    **{lead: re.compile(lead + rest) for lead, rest in _DOUBLES.items()},
}


def suspicious_places(text: str) -> Iterator[int]:
    """The places where a cell needs a closer look, in no order. `text` has many cells, with \x1f before and after each.

    In all other cells `doubt_of` finds nothing, and there is no NUL, no undecodable byte, no formula and no guard. It
    is called for every cell, so it consists of searches that are very cheap.
    """
    for first, hint in _HINTS.items():
        if first in text:
            yield from (found.start() for found in hint.finditer(text))
    yield from marked_places(text)


def date_columns(headings: Sequence[str], rows: Sequence[Sequence[Cell]]) -> frozenset[int]:
    """The columns (from 0) that hold dates: by their heading, or because three of five sampled values are dates."""
    return frozenset(at for at, heading in enumerate(headings) if _is_date_column(heading, at, rows))


def _is_date_column(heading: str, at: int, rows: Sequence[Sequence[Cell]]) -> bool:
    if _DATE_HEADING.fullmatch(heading.strip()):
        return True
    values = [row[at] for row in rows if at < len(row) and row[at] != ""]
    dates = sum(
        isinstance(value, date) or (isinstance(value, str) and bool(_DATE.fullmatch(value))) for value in values
    )
    return len(values) >= 3 and dates * 5 >= len(values) * 3


def doubt_of(value: str) -> tuple[str, dict[str, object]] | None:
    """The code and the parameters of what is doubtful in a text, in whatever column it stands."""
    if _MANGLED_DATE.fullmatch(value):
        return "mangled_date", {"value": value}
    if _MANGLED_NUMBER.fullmatch(value):
        return "mangled_number", {"value": value}
    if _NARROW.fullmatch(value):
        return "narrow_column", {"value": shortened(value)}
    meant = decoded_twice(value)
    return None if meant is None else ("double_encoded", {"value": shortened(value), "meant": shortened(meant)})


def decoded_twice(value: str) -> str | None:
    """What the text was before UTF-8 was read as cp1252, or None if that didn't happen."""
    if not _DOUBLE.search(value):
        return None
    try:
        return b"".join(_byte(char) for char in value).decode("utf-8")
    except UnicodeError:
        return _DOUBLE.sub("?", value) if _is_plainly_double(value) else None


def _byte(char: str) -> bytes:
    try:
        return char.encode("cp1252")
    except UnicodeEncodeError:
        return char.encode("latin-1")


def _is_plainly_double(value: str) -> bool:
    """For a text with both kinds of characters: whether it has the pairs that German and French texts give."""
    return re.search(r"Ã[¤¶¼Ÿ„–œ©¨ª«§¡³±´®¯]", value) is not None


def may_have_date_doubts(column: str) -> bool:
    """False if `date_doubt` has none in a column; its values are in one string, \x1f before and behind each."""
    return _DATE_DOUBT.search(column) is not None


def date_doubt(value: Cell) -> str | None:
    """The code of what is doubtful in a column of dates: a year of two digits or a serial number."""
    if not value or isinstance(value, date):
        return None
    text = str(value)
    if not text.strip("0./"):
        return None  # what programs write for no date
    return "short_year" if _SHORT_YEAR.fullmatch(text) else "date_serial" if _SERIAL.fullmatch(text) else None
