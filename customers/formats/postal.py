"""Postal codes, and the zero that a spreadsheet takes away from their beginning.

A stored code can begin with an apostrophe itself. Our own files write such a code with one apostrophe more, so that the
reader, who takes the mark of a spreadsheet off, gives every code back: `unmarked(marked(code)) == code`.
"""

import re

from locations.text import clean_text

DIGITS = 5
MARKED = r"'+[+0-9][^']*'?"
"""What a reader would take for a text with the mark of a spreadsheet; also a pattern of PostgreSQL."""
_WITH_ZEROS = frozenset({"DE", "EE", "ES", "FI", "FR", "IT", "LT", "MX", "TR", "UA", "US"})
"""Countries whose codes have five digits, of which the first can be a zero."""


def normalize_postal_code(text: str, *, country: str | None = None) -> str:
    """The code as typed, with the zero that it has lost where its country says so. Blank gives "".

    Only where the country is given: without it, four digits may as well be a code of Austria or Switzerland.
    """
    typed = without_decimals(without_text_mark(clean_text(text)))
    is_short = len(typed) == DIGITS - 1 and typed.isascii() and typed.isdigit()
    return f"0{typed}" if is_short and country in _WITH_ZEROS else typed


def without_decimals(text: str) -> str:
    """Without the `.0` that programs which calculate put behind digits."""
    found = re.fullmatch(r"([0-9]{3,})\.0", text)
    return found[1] if found else text


def without_text_mark(text: str) -> str:
    """Without the apostrophe by which a spreadsheet is told that a number is text, before it or around it."""
    found = re.fullmatch(r"'([+0-9][^']*)'?", text)
    return found[1].strip() if found else text


def marked(text: str) -> str:
    """A stored code as our files write it."""
    return f"'{text}" if re.fullmatch(MARKED, text) else text


def unmarked(text: str) -> str | None:
    """The code that `marked` has written with an apostrophe more; None for any other text."""
    return text[1:] if text.startswith("''") and re.fullmatch(MARKED, text) else None
