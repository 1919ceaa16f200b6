"""Several words in one cell or field: commas between them, and one that holds a comma in quotation marks."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable

from locations.text import clean_text


def split_list(text: str, clean: Callable[[str], str] = clean_text) -> list[str]:
    """The words, each once, in order. Raises ValidationError for what no text may hold."""
    words = next(csv.reader([clean_text(text)], skipinitialspace=True), [])
    return sorted({clean(word) for word in words} - {""})


def join_list(words: Iterable[str]) -> str:
    """The words as `split_list` reads them."""
    return ", ".join(_quoted(word) if set(word) & {",", '"'} else word for word in sorted(words))


def _quoted(word: str) -> str:
    return '"{}"'.format(word.replace('"', '""'))
