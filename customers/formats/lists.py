"""Several words in one cell or field: commas or semicolons between them, and one that holds such in quotation marks."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable

from locations.text import clean_text

_SEMICOLON = re.compile(r'(^|[,;])( *"(?:[^"]|"")*(?:"|$))|;')
"""A word in quotation marks with what stands before it, which is left as it is; or a semicolon between words."""


def split_list(text: str, clean: Callable[[str], str] = clean_text) -> list[str]:
    """The words, each once, in order. Raises ValidationError for what no text may hold."""
    with_commas = _SEMICOLON.sub(_comma, clean_text(text))
    words = next(csv.reader([with_commas], skipinitialspace=True), [])
    return sorted({clean(word) for word in words} - {""})


def join_list(words: Iterable[str]) -> str:
    """The words as `split_list` reads them."""
    return ", ".join(_quoted(word) if set(word) & {",", ";", '"'} else word for word in sorted(words))


def _comma(found: re.Match[str]) -> str:
    return "," if found[2] is None else found[1].replace(";", ",") + found[2]


def _quoted(word: str) -> str:
    return '"{}"'.format(word.replace('"', '""'))
