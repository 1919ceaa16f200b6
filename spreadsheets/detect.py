"""Recognises encoding, delimiter and quotation marks of a text file by scoring candidates on its beginning."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Sequence
from math import log2
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from spreadsheets.dialects import DELIMITERS, Dialect, Overrules
from spreadsheets.encodings import encoding_of
from spreadsheets.heads import LONGEST_HEAD, headings_among
from spreadsheets.problems import unreadable

if TYPE_CHECKING:
    from _csv import Reader as CsvRecords  # the module has no public name for it

SAMPLE_BYTES = 256 * 1024
SAMPLE_RECORDS = 300
SEPARATOR_LINE = re.compile(r"sep=([;,|\t])\r?\n?")
_SINGLE_QUOTED = re.compile(r"(?:^|[;,|\t\r\n]) *'(?:[^'\r\n]|'')*'(?=[;,|\t\r\n]|$)")
_FIRST_FIELD_OF_DATEV = re.compile(r'"?(?:EXTF|DTVF)"?[;,]')


class Score(NamedTuple):
    """Compared from left to right."""

    fit: float
    priority: int


def detect(file: BinaryIO, *, overrules: Overrules | None = None) -> Dialect:
    """Recognise a CSV file; what `overrules` states is not questioned. The position of the file changes."""
    stated = overrules or Overrules()
    encoding = _stated(stated.encoding, file) if stated.encoding else encoding_of(file)
    text = _sample(file, encoding=encoding)
    separator = SEPARATOR_LINE.match(text)
    if separator:
        text = text[separator.end() :]
    quote = stated.quote if stated.quote is not None else _quote(text)
    found = separator[1] if separator else _delimiter(text, quote=quote)
    delimiter = stated.delimiter or found
    return Dialect(
        "csv", encoding, delimiter, quote, has_separator_line=separator is not None,
        above=_above(text, delimiter=delimiter, quote=quote) if stated.above is None else stated.above,
        skips_blanks=_skips_blanks(text, delimiter=delimiter, quote=quote),
    )  # fmt: skip


def _above(text: str, *, delimiter: str, quote: str) -> int:
    """The number of lines above the headings, such as a title, or what a program writes about its file."""
    if _FIRST_FIELD_OF_DATEV.match(text):
        return 1
    head = [row for row in records(text, delimiter=delimiter, quote=quote)[:LONGEST_HEAD] if any(map(str.strip, row))]
    at = headings_among(head) if head else 0
    return _lines_before(text, at, delimiter=delimiter, quote=quote) if at else 0


def _lines_before(text: str, at: int, *, delimiter: str, quote: str) -> int:
    """Physical lines before the record at an index, blank ones counted."""
    lines = io.StringIO(text, newline="")
    reader = csv_reader(lines, delimiter=delimiter, quote=quote)
    before = count = 0
    for record in reader:
        if any(map(str.strip, record)):
            if count == at:
                return before
            count += 1
        before = reader.line_num
    return 0


def _skips_blanks(text: str, *, delimiter: str, quote: str) -> bool:
    """Whether there are blanks between delimiters and quotation marks, which then belong to no cell."""
    if not quote or not re.search(
        rf"{re.escape(delimiter)} +{quote}[^{quote}\r\n]*{quote} *(?:{re.escape(delimiter)}|[\r\n]|$)", text
    ):
        return False
    shares = [
        _share_as_wide(records(text, delimiter=delimiter, quote=quote, skips_blanks=skips)) for skips in (False, True)
    ]
    return shares[1] >= shares[0]


def records(
    text: str, *, delimiter: str, quote: str, strict: bool = False, skips_blanks: bool = False
) -> list[list[str]]:
    """Parse a sample; blank lines are left out. An error ends the list."""
    found: list[list[str]] = []
    lines = io.StringIO(text, newline="")
    reader = csv_reader(lines, delimiter=delimiter, quote=quote, strict=strict, skips_blanks=skips_blanks)
    try:
        for record in reader:
            if record:
                found.append(record)
            if len(found) >= SAMPLE_RECORDS:
                break
    except csv.Error:
        pass  # the sample ends in the middle of a record, or the candidate is wrong: the score shows it
    return found


def csv_reader(
    lines: Iterable[str], *, delimiter: str, quote: str, strict: bool = False, skips_blanks: bool = False
) -> "CsvRecords":
    """A reader of the csv module for a delimiter and a quotation mark, '' meaning none."""
    if quote:
        return csv.reader(lines, delimiter=delimiter, quotechar=quote, strict=strict, skipinitialspace=skips_blanks)
    return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)


def _known(encoding: str) -> str:
    try:
        info = codecs.lookup(encoding)
    except (LookupError, ValueError):
        raise unreadable("unknown_encoding", encoding=encoding) from None
    if not info._is_text_encoding:
        raise unreadable("unknown_encoding", encoding=encoding)
    return encoding


def _stated(encoding: str, file: BinaryIO) -> str:
    """The encoding that the user has chosen; for UTF-16 without a mark the byte order is found out."""
    if codecs.lookup(_known(encoding)).name != "utf-16":
        return encoding
    found = encoding_of(file)
    return found if found.startswith("utf-16") else "utf-16-le"


def _sample(file: BinaryIO, *, encoding: str) -> str:
    file.seek(0)
    content = file.read(SAMPLE_BYTES)
    try:
        text = codecs.getincrementaldecoder(encoding)("replace").decode(content)
    except UnicodeError:  # "replace" does not help a decoder that misses the mark at the beginning
        raise unreadable("unsupported_encoding", encoding=encoding) from None
    if len(content) < SAMPLE_BYTES:
        return text
    end = max(text.rfind("\n"), text.rfind("\r")) + 1
    return text[:end] if end else text


def _quote(text: str) -> str:
    """Double quotation marks, unless single ones wrap most cells and no double one begins a cell."""
    if re.search(r'(?:^|[;,|\t\r\n]) *"', text):
        return '"'
    wrapped = len(_SINGLE_QUOTED.findall(text))
    lines = text.splitlines()
    return "'" if lines and wrapped >= max(2, len(lines) // 2) and _SINGLE_QUOTED.match(lines[0]) else '"'


def _delimiter(text: str, *, quote: str) -> str:
    scores = {delimiter: _score(text, delimiter=delimiter, quote=quote) for delimiter in DELIMITERS}
    if not any(score.fit for score in scores.values()):  # perhaps a title stands above the headings
        for delimiter in DELIMITERS:
            if above := _above(text, delimiter=delimiter, quote=quote):
                below = "".join(text.splitlines(keepends=True)[above:])
                scores[delimiter] = _score(below, delimiter=delimiter, quote=quote)
    return max(DELIMITERS, key=lambda delimiter: scores[delimiter])


def _score(text: str, *, delimiter: str, quote: str) -> Score:
    """The score of a delimiter: a good one divides the headings, and the rows into as many cells as the headings.

    The headings are parsed strictly: between two quoted headings there can only be the right delimiter.
    """
    priority = -DELIMITERS.index(delimiter)
    rows = records(text, delimiter=delimiter, quote=quote)
    if not rows or len(rows[0]) < 2 or not records(text, delimiter=delimiter, quote=quote, strict=True):
        return Score(0.0, priority)
    return Score(log2(len(rows[0])) * (0.1 + _share_as_wide(rows)), priority)


def _share_as_wide(rows: Sequence[Sequence[str]]) -> float:
    if not rows:
        return 0.0
    width = len(rows[0])
    body = rows[1:]
    return sum(len(row) == width for row in body) / len(body) if body else 1.0
