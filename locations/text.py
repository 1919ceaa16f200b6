"""Cleaning of text that people type: names, streets, memos.

Spelling stays as it is; only invisible characters are removed.
"""

import re
import unicodedata
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:  # a name of the stubs only
    from django.utils.functional import _StrPromise

type LazyText = str | _StrPromise
"""A text, or one that `gettext_lazy` translates when it is shown."""

SHOWN_LENGTH = 60

# C0 and C1 control characters but for white space, and lone surrogates, which PostgreSQL cannot store.
# C1 also gives away a cp1252 file that was read as Latin-1.
_REFUSED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")

# Invisible passengers of copy and paste: soft hyphen, zero width space, word joiner, byte order mark, and the
# embeddings, overrides and isolates of text direction, with which one name can be made to look like another.
# Joiners (emoji, Persian, Indic) and plain direction marks (Hebrew, Arabic) belong to names and stay.
_DROPPED = re.compile("[\u00ad\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069]")

_BREAK = re.compile("\r\n|[\r\n\v\f\u2028\u2029]")


def refused(code: str, message: LazyText, value: str, **params: object) -> ValidationError:
    """The ValidationError for a value; `message` names it as %(value)s, shortened to SHOWN_LENGTH characters.

    Other values that the message names go into `params`, so that the message stays the same for the translation.
    """
    shown = value if len(value) <= SHOWN_LENGTH else value[: SHOWN_LENGTH - 1] + "…"
    return ValidationError(message, code=code, params={"value": shown, **params})


def clean_text(text: str) -> str:
    """One line of text: NFC, each run of white space one space, none at the ends, nothing invisible.

    Raises `invalid_character` for NUL, other control characters and lone surrogates.
    """
    return unicodedata.normalize("NFC", " ".join(_visible(text).split()))


def clean_lines(text: str) -> str:
    """Text of several lines (a memo): as `clean_text`, but line breaks (as LF) and inner white space stay."""
    lines = (line.rstrip() for line in _BREAK.split(_visible(text)))
    return unicodedata.normalize("NFC", "\n".join(lines).strip())


def clean_code(text: str) -> str:
    """One line without any format character: for numbers and codes, which need no joiners or marks."""
    return without_format_characters(clean_text(text)).strip()


def without_invisible(text: str) -> str:
    """The text without the characters that `clean_text` removes; it raises nothing. For a text to search for."""
    return _DROPPED.sub("", text)


def without_format_characters(text: str) -> str:
    """The text without any format character (Unicode category Cf), joiners and direction marks included."""
    return "".join(char for char in text if unicodedata.category(char) != "Cf")


def _visible(text: str) -> str:
    if found := _REFUSED.search(text):
        message = _(
            "“%(value)s” contains the control character %(character)s. "
            "Remove it; in a file, check that it was saved and read in the same encoding."
        )
        raise refused("invalid_character", message, _REFUSED.sub("�", text), character=f"U+{ord(found[0]):04X}")
    return _DROPPED.sub("", text)
