"""How a customer is found: what is indexed, and how a typed word becomes a question to that index.

The database keeps one folded text for each customer (lower case, accents removed) with a trigram index over
`(base, text)`. A word of three letters or more matches any part of it; a shorter one matches the beginning of a
word, because two letters have no trigram of their own.
"""

import re
from typing import Any

from django.db.models import Expression, F, Func, Lookup, Q, TextField, Value
from django.db.models.functions import Cast

SEARCHED_FIELDS = (
    "legacy_number",
    "first_name",
    "last_name",
    "alias",
    "company",
    "email",
    "phone_private",
    "phone_business",
    "mobile",
    "postal_code",
    "city",
)
MAX_WORDS = 8

_EXPANDED = {"ä": "ae", "ö": "oe", "ü": "ue"}  # ß is ss in the folded text already
_PHONE_LIKE = re.compile(r"^[+(]?[0-9][0-9()/.-]*$")


class Fold(Func):
    """Lower case without accents, by a function of ours that the database may index (see the first migration)."""

    function = "customers_fold"
    output_field = TextField()
    arity = 1


class Joined(Func):
    """Texts joined by `||`, which unlike concat() may stand in a generated column."""

    template = "(%(expressions)s)"
    arg_joiner = " || "
    output_field = TextField()


def search_text() -> Expression:
    """The folded text of a customer: each value behind a blank, so that a word's beginning can be asked for."""
    parts: list[Any] = [Value(" "), Cast(F("customer_number"), TextField())]
    for name in SEARCHED_FIELDS:
        parts += [Value(" "), F(name)]
    tags = Func(F("tags"), function="customers_join", output_field=TextField())
    return Fold(Joined(*parts, Value(" "), tags))


def sort_name() -> Expression:
    """What customers are sorted by: last and first name, or the company, as in a German phone book (ä = a)."""
    person = Joined(F("last_name"), Value(" "), F("first_name"))
    return Fold(
        Func(
            Joined(person, Value(" "), F("company"), Value(" "), F("alias")),
            function="btrim",
            output_field=TextField(),
        )
    )


class HasPart(Lookup):
    """`HasPart(F("search_text"), pattern)`: LIKE with a folded pattern. Escape what is typed with `escape`."""

    lookup_name = "has_part"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        left, left_params = self.process_lhs(compiler, connection)
        return f"{left} LIKE customers_fold(%s)", [*left_params, self.rhs]


def matches(words: str) -> Q:
    """The condition that every word (up to eight) is found in the customer's folded text."""
    condition = Q()
    for word in words.split()[:MAX_WORDS]:
        either = Q()
        for spelling in spellings(word):
            either |= Q(HasPart(F("search_text"), _pattern(spelling)))
        condition &= either
    return condition


def spellings(word: str) -> tuple[str, ...]:
    """The ways in which what is typed may be written: Mueller and Müller, 040 and +49 40."""
    if _PHONE_LIKE.match(word):
        digits = re.sub(r"[^0-9]", "", word)
        local = digits.removeprefix("00").lstrip("0") or digits
        return tuple(dict.fromkeys((word, local)))
    lower = word.lower()
    expanded, collapsed = lower, lower
    for umlaut, pair in _EXPANDED.items():
        expanded = expanded.replace(umlaut, pair)
        collapsed = collapsed.replace(pair, umlaut)
    return tuple(dict.fromkeys((lower, expanded, collapsed)))


def _pattern(text: str) -> str:
    escaped = re.sub(r"([\\%_])", r"\\\1", text)
    return f"%{escaped}%" if len(text) > 2 else f"% {escaped}%"
