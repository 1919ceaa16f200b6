"""Finds numbers of invoices, orders and customers in what people write into the purpose of a transfer.

An invoice RE-2026-000123 is found in `RE-2026-000123`, `re 2026 123`, `RENR.2026-000123`, `RE202600 0123` and in
`Rechnungen 2026/122 und 2026/123`. It is not found in `RE-2026-0001234`, of which it is only a part. In
`RE-2026-000122 und 123` the second one is found as one that goes on from the first.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from typing import NamedTuple

LONGEST = 8
"""So many words a number may be divided into, by hyphens or by the bank's line breaks."""
FEWEST_DIGITS = 5
"""A number with fewer digits, and without letters before it, counts only behind a word that announces a number."""
ANNOUNCING = frozenset(
    [
        "RE", "RG", "RENR", "RGNR", "RNR", "RECHNUNG", "RECHNUNGEN", "RECHNUNGSNR", "RECHNUNGSNUMMER", "RECHN", "NR",
        "NUMMER", "BELEG", "BELEGNR", "INVOICE", "INV", "NO", "BESTELLUNG", "AUFTRAG", "ORDER",
    ]
)  # fmt: skip
CUSTOMER = frozenset({"KD", "KDNR", "KUNDE", "KUNDENNR", "KUNDENNUMMER", "KUNDEN", "CUSTOMER"})
JOINING = frozenset({"UND", "U", "SOWIE", "PLUS", "AND"})
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_WORDS = re.compile(r"[A-ZÄÖÜ]+|[0-9]+")

type Key = str


class Number(NamedTuple):
    """A number that stands in a text.

    `may_be_a_month` where it reads `2026-12`, and nothing says that it is a number. `goes_on` where only its end stands
    there, behind another number.
    """

    key: Key
    may_be_a_month: bool = False
    goes_on: bool = False


def words_of(text: str) -> list[str]:
    """Runs of letters and runs of digits, in capital letters."""
    return _WORDS.findall(text.upper())


def keys_of_number(number: str) -> frozenset[Key]:
    """All by which a number is found: as it is and without leading zeros, with and without the letters before it."""
    words = words_of(number)
    digits = words[1:] if len(words) > 1 and words[0].isalpha() else words
    keys = {key for part in (words, digits) if part for key in (_compact(part), _without_zeros(part))}
    return frozenset(key for key in keys if any(char.isdigit() for char in key))


def numbers_in(text: str, known: Container[Key]) -> Iterator[Number]:
    """The numbers whose keys are in `known` that stand in the text, the longer one where two overlap.

    Each word counts for one number only. `known` is anything with a quick `in`.
    """
    words = words_of(text)
    at = 0
    while at < len(words):
        length, key = _longest(words, at, known)
        if key:
            yield Number(key, may_be_a_month=_may_be_a_month(words, at, length))
            yield from _going_on(words[at : at + length - 1], words[at + length :], known)
        at += length


def _may_be_a_month(words: list[str], at: int, length: int) -> bool:
    part = words[at : at + length]
    if length != 2 or not _YEAR.fullmatch(part[0]) or len(part[1]) > 2 or not 1 <= int(part[1]) <= 12:
        return False
    return at == 0 or words[at - 1] not in ANNOUNCING


def _going_on(stem: Sequence[str], behind: Sequence[str], known: Container[Key]) -> Iterator[Number]:
    """Numbers of which only the last part stands behind another one that begins with the same parts."""
    for word in behind if stem else ():
        if word in JOINING:
            continue
        key = _known([*stem, word], known) if word.isdigit() else ""
        if not key:
            return
        yield Number(key, goes_on=True)


def _known(part: list[str], known: Container[Key]) -> Key:
    return next((key for key in (_compact(part), _without_zeros(part)) if key in known), "")


def _longest(words: list[str], at: int, known: Container[Key]) -> tuple[int, Key]:
    """The longest known number that begins at a word, and how many words it has; (1, "") where none begins there."""
    for length in range(min(LONGEST, len(words) - at), 0, -1):
        part = words[at : at + length]
        if not part[-1].isdigit() or not _is_telling(words, at, part):
            continue
        if key := _known(part, known):
            return length, key
    return 1, ""


def _is_telling(words: list[str], at: int, part: list[str]) -> bool:
    """Whether it can be a number of ours, and not an amount or a day: see FEWEST_DIGITS."""
    if sum(len(word) for word in part if word.isdigit()) >= FEWEST_DIGITS or (len(part) > 1 and part[0].isalpha()):
        return True
    return at > 0 and words[at - 1] in ANNOUNCING


def customers_in(text: str, known: Container[int | None]) -> Iterator[tuple[int, bool]]:
    """Customer numbers in the text that are known, and whether a word before announces it as one."""
    words = words_of(text)
    for at, word in enumerate(words):
        if not word.isdigit() or len(word) > 12:
            continue
        is_announced = CUSTOMER.intersection(words[max(0, at - 2) : at]) != set()
        if (is_announced or len(word) >= FEWEST_DIGITS) and int(word) in known:
            yield int(word), is_announced


def _compact(words: list[str]) -> Key:
    return "".join(words)


def _without_zeros(words: list[str]) -> Key:
    """With hyphens, so that 1-23 and 12-3 stay two."""
    return "-".join(word.lstrip("0") or "0" if word.isdigit() else word for word in words)
