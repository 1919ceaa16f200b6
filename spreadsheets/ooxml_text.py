"""Characters that XML cannot hold, in the form of Office Open XML: _xHHHH_ (ECMA-376 part 1, 22.9.2.19).

A carriage return is escaped too, because XML parsers turn it into a line feed, and so is an underscore that would begin
such an escape. Lone surrogates cannot be written or read.
"""

import re

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_TO_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)|[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_SPECIAL = re.compile(r"[&<>_\x00-\x08\x0b-\x1f\ufffe\uffff]")


def to_xml(text: str) -> str:
    """The text as the content of an element."""
    if not _SPECIAL.search(text):
        return text
    return _TO_ESCAPE.sub(lambda found: f"_x{ord(found[0]):04X}_", text).translate(_MARKUP)


def from_xml(text: str) -> str:
    """The text that a parser found, with its escapes resolved."""
    return _ESCAPED.sub(_character, text) if "_x" in text else text


def _character(found: re.Match[str]) -> str:
    code = int(found[1], 16)
    return found[0] if 0xD800 <= code <= 0xDFFF else chr(code)
