"""How a file is written: what was recognised, and what the user states instead."""

from dataclasses import dataclass
from typing import Literal

type FileKind = Literal["csv", "xlsx", "jsonl", "vcard"]

TYPED: frozenset[FileKind] = frozenset({"xlsx", "jsonl"})
"""Kinds of files whose cells can be numbers, dates and the like; in the others all are texts."""
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "iso8859-15", "mac-roman")
DELIMITERS = (";", ",", "\t", "|")
MOST_ABOVE = 20
"""The largest number of lines above the headings that can be skipped."""
QUOTE_CHARACTERS = ('"', "'", "")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file is written.

    `quote` is '' where quotation marks have no meaning; `sheet` is the name of the sheet that is read.

    `encoding` is a Python codec; utf-8-sig and utf-16 mean that the file begins with a byte order mark. `above` is the
    number of lines (rows of a workbook) above the headings. `skips_blanks` says that a blank after a delimiter belongs
    to no cell. For a workbook only `kind`, `above`, `sheet` and `sheets` are used.
    """

    kind: FileKind
    encoding: str = "utf-8"
    delimiter: str = ""
    quote: str = '"'
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    has_separator_line: bool = False
    above: int = 0
    skips_blanks: bool = False


@dataclass(frozen=True, slots=True)
class Overrules:
    """What the user states about a file.

    None leaves a part to the detection. Raises ValueError for values that csv cannot use.
    """

    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    sheet: str | None = None
    above: int | None = None

    def __post_init__(self) -> None:
        if self.above is not None and not 0 <= self.above <= MOST_ABOVE:
            raise ValueError(f"above is not between 0 and {MOST_ABOVE}")
        if self.quote not in (None, *QUOTE_CHARACTERS):
            raise ValueError("quote is none of QUOTE_CHARACTERS")
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in "\r\n\"' "):
            raise ValueError("delimiter is not one character that can divide cells")
