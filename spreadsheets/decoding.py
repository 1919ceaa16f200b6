"""Decodes a text file so that a byte that cannot be decoded neither stops reading nor disappears."""

import codecs
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

HANDLER = "spreadsheets.mark"
MARKED = re.compile("[\udc00-\udcff]")
REPLACEMENT = "\ufffd"


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(HANDLER, _mark)


def text_of(file: BinaryIO, *, encoding: str) -> io.TextIOWrapper:
    """The file from its beginning; a byte that cannot be decoded becomes a lone surrogate U+DC00 to U+DCFF.

    Line ends stay as they are. Detach the wrapper at the end; closing it would close the file.
    """
    file.seek(0)
    return io.TextIOWrapper(file, encoding=encoding, errors=HANDLER, newline="")


def marked_byte(text: str) -> str | None:
    """The first undecodable byte as '0xFC', or None."""
    found = MARKED.search(text)
    return f"0x{ord(found[0]) - 0xDC00:02X}" if found else None


def marked_places(text: str) -> Iterator[int]:
    """Where undecodable bytes are; quick if there are none."""
    for encoding in ("latin-1", "utf-8"):  # neither knows surrogates; the first is quicker and mostly enough
        with suppress(UnicodeEncodeError):
            text.encode(encoding)
            return
    yield from (found.start() for found in MARKED.finditer(text))


def without_marks(text: str) -> str:
    """The text with U+FFFD for every undecodable byte."""
    return MARKED.sub(REPLACEMENT, text)
