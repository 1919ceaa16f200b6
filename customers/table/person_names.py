"""Whole names of people: divided into first and last name, and laid beside the parts that a file has as well."""

from __future__ import annotations

import re
from dataclasses import dataclass

TITLE = re.compile(
    r"(?:(?:Univ\.-)?Prof|Dr|Mag|Ing|Dipl|h\.? ?c|med|rer|nat|jur|phil|habil|Dipl\.?-\w+)\.?", re.IGNORECASE
)
_SALUTATION = re.compile(r"(?:Herrn?|Frau|Familie|Mr|Mrs|Ms|Miss|Monsieur|Madame)\.?", re.IGNORECASE)
_SUFFIX = re.compile(r"(?:jr|sr|jun|sen|i{2,3}|iv|mba|phd|ph\.d|m\.?a|b\.?a|msc|bsc|ll\.?m)\.?", re.IGNORECASE)


@dataclass(frozen=True)
class Name:
    first: str = ""
    last: str = ""
    title: str = ""


def divided(whole: str) -> tuple[str, str]:
    """First and last name: at the comma between them (“Sommer, Eva”), else at the last blank before a suffix."""
    text = " ".join(whole.split())
    last, comma, first = text.partition(",")
    first = first.strip()
    if comma and first and last and "," not in first and not _SUFFIX.fullmatch(first):
        return first, last.strip()
    words = text.split(" ")
    count = 1
    while count < len(words) - 1 and _SUFFIX.fullmatch(words[-count]):
        count += 1
    return " ".join(words[:-count]), " ".join(words[-count:])


def completed(first: str, last: str, whole: str) -> Name | None:
    """Complete the parts of a name from the whole name of the same row; None where the two differ.

    Parts that are given stay as they are. A missing part, or a title, is taken from the whole name.
    """
    text = " ".join(whole.split())
    if not first and not last:
        title, rest = _without_title(text)
        return Name(*divided(rest), title) if rest else Name(*divided(text))
    words, said = _words(text), _words(f"{first} {last}")
    if not words or set(words) <= set(said):
        return Name(first, last)
    if not set(said) <= set(words):
        return None
    title, rest = _without_title(text)
    if first and last:
        return Name(first, last, title)
    for_first, for_last = divided(rest)
    if first:
        given = _words(first)
        others = [word for word in rest.replace(",", " ").split() if word.casefold() not in given]
        return Name(first, for_last if _words(for_first) == given else " ".join(others), title)
    family = _words(last)
    others = [word for word in rest.replace(",", " ").split() if word.casefold() not in family]
    return Name(for_first if _words(for_last) == family else " ".join(others), last, title)


def _without_title(text: str) -> tuple[str, str]:
    """The titles before a name, and the name. How somebody is addressed is no part of either."""
    words = text.split(" ")
    titles = []
    while words and (TITLE.fullmatch(words[0]) or _SALUTATION.fullmatch(words[0])):
        word = words.pop(0)
        titles += [word] if TITLE.fullmatch(word) else []
    return " ".join(titles), " ".join(words)


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\s,;]+", text.casefold()) if word]
