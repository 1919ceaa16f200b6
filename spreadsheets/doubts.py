"""Values that were probably damaged before the file came here."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from types import MappingProxyType

from spreadsheets.problems import Problem, shortened
from spreadsheets.rows import Cell

_MONTH = r"(?:Jan|Feb|Mrz|Mär|Mar|Apr|Mai|May|Jun|Jul|Aug|Sep|Okt|Oct|Nov|Dez|Dec)"
_MANGLED_DATE = re.compile(rf"\d{{1,2}}(?:\.? |[-.]){_MONTH}\.?(?:[-. ]\d{{2}})?|{_MONTH}\.?[-. ]\d{{2}}")
_MANGLED_NUMBER = re.compile(r"\d(?:[.,]\d+)?E\+\d{2}")
_NARROW = re.compile(r"#{3,}")
_DATE = re.compile(r"\d{1,2}[./]\d{1,2}[./]\d{4}|\d{4}-\d{2}-\d{2}(?:[T ].*)?")
_SHORT_YEAR = re.compile(r"\d{1,2}[./]\d{1,2}[./]\d{2}")
_SERIAL = re.compile(r"[1-7]\d{4}(?:[.,]\d+)?")
_DATE_HEADING = re.compile(r"geburts(?:tag|datum)|birth ?_?(?:day|date)|datum|date of birth|date", re.IGNORECASE)
_DOUBLE = re.compile(r"[ÂÃÄÅÎÏÐÑ][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â[€‚„][\u0080-\u00bf™œž“”¦¢˜]")

_CELL_HINT = re.compile(r"\x1f(?:['=]|###|\d{1,2}[-. ]{1,2}[A-Z]|[A-Z][a-zä][a-z]\.?[-. ]\d|\d[\d.,]*E\+)")


def is_suspicious(row: str) -> bool:
    """False if no cell of a row needs a closer look; `row` is its texts in one string, \x1f before each.

    This is asked of every row, so it is made of searches that cost next to nothing.
    """
    if "\0" in row or _CELL_HINT.search(row):
        return True
    if row.isascii():
        return False
    if _has_double_lead(row) and _DOUBLE.search(row):
        return True
    try:
        row.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def _has_double_lead(row: str) -> bool:
    """Written out, because a loop over the nine takes ten times as long."""
    return (
        "Ã" in row
        or "Ä" in row
        or "â" in row
        or "Â" in row
        or "Å" in row
        or "Î" in row
        or "Ï" in row
        or "Ð" in row
        or "Ñ" in row
    )


def date_columns(headings: Sequence[str], rows: Sequence[Sequence[Cell]]) -> frozenset[int]:
    """The columns (from 0) that hold dates, by their heading or by three of five values in a sample of rows."""
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
    """Text of both sorts in one cell: only the pairs that German and French texts show count."""
    return re.search(r"Ã[¤¶¼Ÿ„–œ©¨ª«§¡³±´®¯]", value) is not None


def date_doubts(cells: Sequence[Cell], columns: frozenset[int], *, line: int, row: int) -> Iterator[Problem]:
    """Two-digit years and serial numbers in the columns of dates."""
    for at in columns:
        value = cells[at] if at < len(cells) else ""
        if not value or isinstance(value, date):
            continue
        text = str(value)
        code = "short_year" if _SHORT_YEAR.fullmatch(text) else "date_serial" if _SERIAL.fullmatch(text) else None
        if code:
            yield Problem(code, line, at + 1, MappingProxyType({"value": text}), row)
