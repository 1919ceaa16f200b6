"""What a canary is: a word that stands in one cell of the database and nowhere else, and can be told in any answer.

A canary is sent by nobody, so whoever reads one has read that cell. Where somebody must send one (a filter takes the
exact name of a tag), the request's own canaries are left out of its answer: all others of the row still count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from mcp.stored_sentences import Sentences, SentencesField

PREFIX = "zqx"
"""With this every canary of letters begins, so that it is also the word that finds all of them."""
SHORT = "zqzqz"
"""Stands in columns that are too narrow for a canary of their own."""
COUNTRY = "QZ"
"""A country code that ISO gives to nobody; the database takes two letters only."""
BIRTHDAY = date(1913, 7, 13)
NUMBER_PREFIX = "7391"

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_WIDTH, _STRIDE = 5, 15_485_863  # a prime: neighbouring canaries look nothing alike
_LONGEST = len(PREFIX) + _WIDTH
_SEPARATOR = r"[ \u00a0\u202f.,/()-]?"
_WORD = re.compile(rf"{PREFIX}[0-9a-z]{{{_WIDTH}}}", re.IGNORECASE)
_NUMBER = re.compile(_SEPARATOR.join(NUMBER_PREFIX) + rf"(?:{_SEPARATOR}[0-9]){{3,6}}")
_FIXED = {
    SHORT: re.compile(SHORT, re.IGNORECASE),
    COUNTRY: re.compile(rf"(?<![A-Za-z0-9]){COUNTRY}(?![A-Za-z0-9])"),
    str(BIRTHDAY): re.compile(
        r"1913-07-13|13\.0?7\.1913|0?7/13/1913|13/0?7/1913|July 13, 1913|13\. Juli 1913|13 Jul(?:y)? 1913"
    ),
}


@dataclass(frozen=True)
class Canary:
    """One cell: whose it is, and where it stands."""

    account: int
    table: str
    column: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column} of {self.account}"


@dataclass
class Canaries:
    """All canaries that were planted, by what is read; `prefix` makes rows of the same shape that nobody looks for."""

    prefix: str = PREFIX
    planted: dict[str, list[Canary]] = field(default_factory=dict)
    _count: int = 0

    def word(self, canary: Canary) -> str:
        """A new canary of letters and digits, without a capital."""
        self._count += 1
        number, digits = self._count * _STRIDE % len(_DIGITS) ** _WIDTH, ""
        for _place in range(_WIDTH):
            number, digit = divmod(number, len(_DIGITS))
            digits += _DIGITS[digit]
        return self._known(self.prefix + digits, canary)

    def number(self, canary: Canary, *, digits: int = 7) -> int:
        """A new number of so many digits."""
        self._count += 1
        start = NUMBER_PREFIX if self.prefix == PREFIX else "6281"
        width = digits - len(start)
        return int(self._known(start + f"{self._count % 10**width:0{width}}", canary))

    def fixed(self, value: str, canary: Canary) -> str:
        """One of the values that stand for a whole column; others where nobody looks for them."""
        plain = {SHORT: "eigen", COUNTRY: "DE"}.get(value, value)
        return self._known(value, canary) if self.prefix == PREFIX else plain

    def _known(self, seen: str, canary: Canary) -> str:
        self.planted.setdefault(seen, []).append(canary)
        return seen

    def among(self, text: str) -> set[str]:
        """The canaries that can be read in the text."""
        words = {word.lower() for word in _WORD.findall(text)}
        numbers = {number for found in _NUMBER.findall(text) for number in self._numbers(found)}
        fixed = {value for value, pattern in _FIXED.items() if pattern.search(text)}
        return (words | numbers | fixed) & self.planted.keys()

    def _numbers(self, found: str) -> set[str]:
        digits = re.sub(r"\D", "", found)
        return {digits[:length] for length in range(len(NUMBER_PREFIX) + 3, len(digits) + 1)}

    def cells(self, seen: Iterable[str]) -> list[Canary]:
        return [canary for word in seen for canary in self.planted[word]]

    # --- values -------------------------------------------------------------------------------------------

    def value(self, column: Any, account: int) -> Any:
        """What a text-like column of an account's row is filled with: a canary in the column's own format."""
        canary = Canary(account, column.model._meta.label, column.name)
        if column.name == "country" and column.max_length == len(COUNTRY):
            return self.fixed(COUNTRY, canary)
        if column.max_length is not None and column.max_length < _LONGEST:
            return self.fixed(SHORT, canary)[: column.max_length]
        return _in_format(column, self.word(canary))


TEXT_LIKE = (models.CharField, models.TextField, models.BinaryField, models.JSONField, models.FileField, ArrayField)
"""The columns that can hold what somebody wrote. A CharField is also each e-mail, address of the web and slug."""


SHAPED = frozenset({"birthday_without_year"})
"""Columns of text in which the database lets nothing stand but one of a year's days."""


def is_text(column: Any) -> bool:
    """Whether somebody's words can stand in the column: not in one with a fixed vocabulary, nor in a reference."""
    if column.name in SHAPED:
        return False
    output = getattr(column, "output_field", column) if column.generated else column
    choices = getattr(column, "base_field", column).choices
    return isinstance(output, TEXT_LIKE) and not column.is_relation and not choices


def text_columns(model: type[models.Model]) -> list[Any]:
    return [column for column in model._meta.concrete_fields if is_text(column)]


def _in_format(column: Any, word: str) -> Any:
    match column:
        case models.EmailField():
            return f"{word}@example.com"
        case models.URLField():
            return f"https://{word}.example.com/"
        case ArrayField():
            return [word]
        case SentencesField():
            return Sentences([{"code": "", "text": word, "params": {}}])
        case models.JSONField():
            return {"word": word}
        case models.BinaryField():
            return word.encode()
        case _:
            return word


def amount(canaries: Canaries, account: int) -> Decimal:
    """A credit limit that nobody else has."""
    return Decimal(canaries.number(Canary(account, "customers.Customer", "credit_limit"), digits=8))
