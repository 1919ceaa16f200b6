r"""Tables as a database writes them in bulk, made into cells and into CSV a whole block of lines at a time.

The format is the text format of PostgreSQL's COPY, with nothing between two tabs for "no value": a tab between cells,
a line feed behind each row, and in a cell `\\`, `\t`, `\n`, `\r`, `\b`, `\f`, `\v` for what would be in the way. So a
tab or a line feed always is the border of a cell, and most of a block needs no more than another delimiter.

`CopiedCsv.convert` gives byte for byte what `CsvWriter` writes for the same texts.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from spreadsheets.rows import Cell

type Kind = Literal["text", "whole", "decimal", "day", "moment", "flag"]
"""What a cell holds: a text; a number; a date or time in ISO 8601; `t` or `f`."""

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}

# The patterns of spreadsheets/formulas.py for the bytes of this format: a blank, what no spreadsheet evaluates, what
# one might. The tests compare both versions for every character and for random texts.
_BLANK = (
    rb"(?: |\\[tnvfr]|\xc2[\x85\xa0]|\xe1(?:\x9a\x80|\xa0\x8e)|\xe2\x80[\x80-\x8f\xa8\xa9\xaf]|\xe2\x81[\x9f\xa0]"
    rb"|\xe3\x80\x80|\xef\xbb\xbf)"
)
_SPACE = rb"(?: |\xc2\xa0)"
_SIGNED_NUMBER = rb"[+\-][0-9]+(?:[.,][0-9]+)*" + _SPACE + rb"?(?:%|\xe2\x82\xac)?"
_PHONE_NUMBER = (
    rb"\+[0-9]{1,4}(?:" + _SPACE + rb"\([0-9]{1,5}\))?" + _SPACE + rb"[0-9]+(?:(?:[/\-]|" + _SPACE + rb")[0-9]+)*"
)
_HARMLESS = rb"(?:" + _PHONE_NUMBER + rb"|" + _SIGNED_NUMBER + rb"|-+)"
_TO_GUARD = re.compile(
    rb"[\t\n](?=['=+\-@ \\\xc2\xe1\xe2\xe3\xef])"  # the cheap question first
    rb"(?='*(?!" + _HARMLESS + rb"[\t\n])(?:" + _BLANK + rb"*(?:[=+\-@]|\xef\xbc[\x9d\x8b\x8d\xa0])|\\[trn]))"
)
# Whether a block holds such a cell at all is told four times as fast: does a border stand before one of the bytes with
# which these cells begin, or before a plus that is not that of a phone number?
_BORDER, _BEGIN, _OTHER = 0, 1, 2
_CLASSES = bytes(
    _BORDER if byte in b"\t\n" else _BEGIN if byte in b"'=-@ \\\xc2\xe1\xe2\xe3\xef" else _OTHER for byte in range(256)
)
_BEGIN_OF_CELL = bytes((_BORDER, _BEGIN))
_PLUS = re.compile(rb"\t\+(?!" + _PHONE_NUMBER + rb"[\t\n])")


def text_of(cell: str) -> str:
    """The text of a cell, without its escapes."""
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), cell) if "\\" in cell else cell


def rows_of(block: bytes, kinds: Sequence[Kind]) -> Iterator[list[Cell]]:
    """The rows of complete lines, with cells as a writer takes them; an empty cell is "" whatever its kind."""
    converters = [(at, _CONVERTERS[kind]) for at, kind in enumerate(kinds) if kind != "text"]
    for line in block.decode().split("\n")[:-1]:
        cells: list[Cell] = line.split("\t")  # type: ignore[assignment]  # a list of texts becomes one of cells
        if "\\" in line:
            cells = [text_of(cell) for cell in line.split("\t")]
        for at, convert in converters:
            if cells[at]:
                cells[at] = convert(cells[at])
        yield cells


_CONVERTERS: Mapping[Kind, Callable[..., Cell]] = {
    "whole": int,
    "decimal": Decimal,
    "day": date.fromisoformat,
    "moment": datetime.fromisoformat,
    "flag": "t".__eq__,
}


class CopiedCsv:
    """Converts lines of at least two cells to CSV: guarded against formulas, and quoted where needed."""

    def __init__(self, *, delimiter: str, line_end: str) -> None:
        self._delimiter, self._end = delimiter.encode(), line_end.encode()
        self._special = (self._delimiter, b'"', b"\\")
        special = re.escape(b"".join(self._special))
        self._to_quote = re.compile(rb"([\t\n])([^\t\n" + special + rb"]*+[" + special + rb"][^\t\n]*+)")

    def convert(self, block: bytes) -> bytes:
        """Convert complete lines.

        Most of a block is copied as a whole; only cells with special characters are converted one by one.
        """
        lines = b"\n" + block
        if _BEGIN_OF_CELL in lines.translate(_CLASSES) or b"\n+" in lines or _PLUS.search(lines):
            lines = _TO_GUARD.sub(rb"\g<0>'", lines)
        if not any(mark in lines for mark in self._special):
            return self._plain(lines[1:])
        parts, done = [], 1
        for found in self._to_quote.finditer(lines):
            start = found.start(2)
            parts += [self._plain(lines[done:start]), self._quoted(found[2])]
            done = found.end()
        return b"".join([*parts, self._plain(lines[done:])])

    def _plain(self, lines: bytes) -> bytes:
        return lines.replace(b"\t", self._delimiter).replace(b"\n", self._end)

    def _quoted(self, cell: bytes) -> bytes:
        text = text_of(cell.decode()).encode() if b"\\" in cell else cell
        if any(mark in text for mark in (self._delimiter, b'"', b"\n", b"\r")):
            return b'"' + text.replace(b'"', b'""') + b'"'
        return text
