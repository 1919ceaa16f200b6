"""Guards text that a spreadsheet would evaluate as a formula, and removes the guard again.

`restore(neutralise(text)) == text` for every text. The guard is one apostrophe. A text that would be dangerous without
its own leading apostrophes gets one more, so that `restore` never removes its own.

Guarded is a text that begins with = + - @ (also full-width, also after blanks), or with a tab or line break. Not
guarded are signed numbers (-5,00), phone numbers (+49 40 1234) and lines of hyphens: no spreadsheet evaluates them, and
people want to read them as they are. `+49-40-1234` is a subtraction and gets the guard.
"""

import re

# The blanks are listed because \s differs between regular expression engines; the pattern also works in PostgreSQL.
BLANK = r"[ \u0009-\u000d\u0085\u00a0\u1680\u180e\u2000-\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]"
SIGNED_NUMBER = r"[+\-][0-9]+([.,][0-9]+)*[ \u00a0]?[%€]?"
PHONE_NUMBER = r"\+[0-9]{1,4}([ \u00a0]\([0-9]{1,5}\))?[ \u00a0][0-9]+([ \u00a0/\-][0-9]+)*"
HARMLESS = rf"({SIGNED_NUMBER}|{PHONE_NUMBER}|-+)"
DANGEROUS = rf"(?!{HARMLESS}$)({BLANK}*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])"

_DANGEROUS = re.compile(rf"'*{DANGEROUS.replace('$', r'\Z')}")
_GUARDED = re.compile(rf"'+{DANGEROUS.replace('$', r'\Z')}")


def is_dangerous(text: str) -> bool:
    """Whether a spreadsheet might evaluate the text, or the text has a guard already."""
    return not text[:1].isalnum() and _DANGEROUS.match(text) is not None


def neutralise(text: str) -> str:
    """The text with a guard, if it is dangerous; else as it is."""
    return "'" + text if is_dangerous(text) else text


def restore(text: str) -> str:
    """The text as it was before `neutralise`."""
    return text[1:] if text[:1] == "'" and _GUARDED.match(text) else text
