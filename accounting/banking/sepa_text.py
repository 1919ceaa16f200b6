"""Text for payments: SEPA allows Latin letters without accents, digits, and few signs."""

from __future__ import annotations

import re
import unicodedata

MOST_OF_NAME, MOST_OF_PURPOSE, MOST_OF_REFERENCE = 70, 140, 35
_ALLOWED = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]*")
_REFERENCE = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]{1,35}")
_WRITTEN_AS = str.maketrans(
    {
        "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ẞ": "SS",
        "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "oe", "Ø": "Oe",
        "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ı": "i",
        "&": "+", "_": "-", "–": "-", "—": "-", "‑": "-", "−": "-", "€": "EUR",
        "„": "'", "“": "'", "”": "'", '"': "'", "‘": "'", "’": "'", "‚": "'", "`": "'", "´": "'",
        "[": "(", "]": ")", "{": "(", "}": ")", ";": ",", "|": "/", "\\": "/", "~": "-",
    }
)  # fmt: skip


def sepa_text(text: str, *, most: int) -> str:
    """The text in the characters that SEPA allows, at most `most` of them; "" where nothing is left of it.

    Umlauts become two letters, other accents are dropped, & becomes +; what has no likeness becomes a full stop. Runs
    of blanks become one. A slash at either end and two in a row have a meaning of their own for banks, and are taken
    away.
    """
    plain = text if _ALLOWED.fullmatch(text) else _rewritten(text)
    single = re.sub(r"/{2,}", "/", " ".join(plain.split())).strip("/ ")
    return single[:most].rstrip("/ ")


def _rewritten(text: str) -> str:
    composed = unicodedata.normalize("NFC", text).translate(_WRITTEN_AS)
    return "".join(map(_allowed, unicodedata.normalize("NFKD", composed)))


def _allowed(char: str) -> str:
    if _ALLOWED.fullmatch(char):
        return char
    if char.isspace():
        return " "
    return "" if unicodedata.category(char) in ("Mn", "Me", "Cc", "Cf") else "."


def is_reference(text: str) -> bool:
    """Whether the text can be an identification as it is: 1 to 35 allowed characters, no stray slash, no blank ends."""
    return bool(_REFERENCE.fullmatch(text)) and text == text.strip("/ ") and "//" not in text
