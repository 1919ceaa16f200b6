"""How a customer is found: what is indexed, and how a typed word becomes a question to that index.

The database keeps one folded text for each customer (lower case, accents removed) with a trigram index over
`(base, text)`. A word of three letters or more matches any part of it; a shorter one matches the beginning of a
word, because two letters have no trigram of their own.

Of an e-mail address the text holds what stands before the @. The rest is the same for thousands, and with it each
customer costs a third more; an index of its own answers how it begins, for @example and for example.com.

Former numbers are rows of their own, with a folded form by which an index finds how one begins.
"""

import itertools
import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Any

from django.db.models import Expression, F, Func, Lookup, Q, TextField, Value
from django.db.models.functions import Cast

from locations.text import without_format_characters, without_invisible

SEARCHED_FIELDS = (
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
SHORTEST_PART = 3
"""A word of so many letters matches a part; a shorter one has no trigram of its own."""
MOST_BY_NUMBER = 10_001
"""So many customers a word finds by their former numbers: one more than a list counts (see `paginator`)."""

MOST_UMLAUTS = 3
"""In how many places of a word both spellings of an umlaut are tried: with each the questions double."""

_UMLAUT = re.compile(r"[äöü]|[aou]e", re.IGNORECASE)  # ß is ss in the folded text already
_OTHER_WAY = {"ä": "ae", "ö": "oe", "ü": "ue", "ae": "ä", "oe": "ö", "ue": "ü"}
_PHONE_LIKE = re.compile(r"^[+(]?[0-9][0-9()/.\u2010-\u2015-]*$")
_DOMAIN = re.compile(r"^(?=.*[^\W\d_])[^.@]+\.[^\W\d_]")
"""A letter behind a dot: no number, and no initial at the end of what is typed."""
_PHONE_PART = re.compile(r"^[+(]?[0-9()/.\u2010-\u2015-]+$")


class Fold(Func):
    """Lower case without accents, by a function of ours that the database may index (see the first migration)."""

    function = "customers_fold"
    output_field = TextField()
    arity = 1


class BeforeAt(Func):
    """What stands before the @ of an e-mail address, or all of it where there is none."""

    template = "split_part(%(expressions)s, '@', 1)"
    output_field = TextField()
    arity = 1


class EmailDomain(Func):
    """What stands behind the @ of an e-mail address, folded."""

    template = "customers_fold(split_part(%(expressions)s, '@', 2))"
    output_field = TextField()
    arity = 1


class Joined(Func):
    """Texts joined by `||`, which unlike concat() may stand in a generated column."""

    template = "(%(expressions)s)"
    arg_joiner = " || "
    output_field = TextField()


def search_text(*, without: Collection[str] = ()) -> Expression:
    """The folded text of a customer: each value behind a blank, so that a word's beginning can be asked for.

    The whole of it is stored. What is `without` some fields is worked out where somebody may not find by them, for
    those whom the stored text has found: what stands in it stands in the stored one as well.
    """
    parts: list[Any] = [Value(" "), Cast(F("customer_number"), TextField())]
    for name in SEARCHED_FIELDS:
        if name not in without:
            parts += [Value(" "), BeforeAt(F(name)) if name == "email" else F(name)]
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


def number_key(number: Any = None) -> Expression:
    """By what a former number is looked for: its letters and digits, folded."""
    folded = Fold(F("number") if number is None else number)
    return Func(
        folded, Value("[^[:alnum:]]"), Value(""), Value("g"), function="regexp_replace", output_field=TextField()
    )


class BeginsWith(Lookup):
    """`BeginsWith(F("number_key"), number_key(Value(typed)))`, which an index answers under row security as well."""

    lookup_name = "begins_with_key"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} ^@ {right}", [*left_params, *right_params]


class ComesBehind(Lookup):
    """`ComesBehind(text, Value(""))`: behind in the order of `text_pattern_ops`, so that such an index answers it."""

    lookup_name = "comes_behind"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} ~>~ {right}", [*left_params, *right_params]


class IsOneOf(Lookup):
    """`IsOneOf(F("id"), ArraySubquery(…))`: one of an array that is read once, so that an index finds them."""

    lookup_name = "is_one_of"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} = ANY({right})", [*left_params, *right_params]


class HasPart(Lookup):
    """`HasPart(F("search_text"), pattern)`: LIKE with a folded pattern. For what is typed there is HasText."""

    lookup_name = "has_part"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        left, left_params = self.process_lhs(compiler, connection)
        return f"{left} LIKE customers_fold(%s)", [*left_params, self.rhs]


class HasText(Lookup):
    """`HasText(F("search_text"), text)`: whether the folded text stands in it, blanks included.

    What LIKE takes for a pattern is escaped behind the folding, which makes a plain % of a full-width one.
    """

    lookup_name = "has_text"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        left, left_params = self.process_lhs(compiler, connection)
        escaped = r"regexp_replace(customers_fold(%s), '([\\%%_])', '\\\1', 'g')"
        return f"{left} LIKE '%%' || {escaped} || '%%'", [*left_params, self.rhs]


def words_of(typed: str) -> list[str]:
    """The words that are looked for, eight at most.

    What storing takes out of a text (soft hyphens, zero-width blanks, embedded directions) is taken out of them, too.
    """
    visible = without_invisible(typed.replace("\0", " "))
    words = unicodedata.normalize("NFC", visible).split()
    return [word for word in words if without_format_characters(word)][:MAX_WORDS]


def matches(words: Sequence[str], *, among: Expression | F | None = None, by_email: bool = True) -> Q:
    """The condition that every word is found in the customer's folded text, or `among` another one.

    Neighbouring groups of digits may also be one phone number, written with blanks. `by_email`: a word may also be a
    whole e-mail address or how its domain begins.
    """
    joined = _with_phones_joined(words)
    text = among or F("search_text")
    each = _all_found(words, text, by_email=by_email)
    return each if joined == words else each | _all_found(joined, text, by_email=by_email)


def spellings(word: str) -> tuple[str, ...]:
    """The ways in which what is typed may be written: Mueller and Müller, 040 and +49 40.

    Joiners and direction marks belong to some names and to no number; copied with a word they belong to nothing.
    """
    plain = without_format_characters(word)
    if plain != word:
        return tuple(dict.fromkeys((word, *spellings(plain))))
    if _PHONE_LIKE.match(word):
        local = _local_digits(word)
        # An area code of two digits is too short to be asked for anywhere in a number: it begins a German one.
        area = (f"+49{local}",) if len(local) < 3 and word.startswith("0") and not word.startswith("00") else ()
        return tuple(dict.fromkeys((word, local, *area)))
    parts: list[tuple[str, ...]] = []
    behind = 0
    for found in itertools.islice(_UMLAUT.finditer(word), MOST_UMLAUTS):
        parts += [(word[behind : found.start()],), (found[0], _OTHER_WAY[found[0].lower()])]
        behind = found.end()
    parts.append((word[behind:],))
    return tuple("".join(chosen) for chosen in itertools.product(*parts))


def _all_found(words: Sequence[str], text: Expression | F, *, by_email: bool) -> Q:
    condition = Q()
    for word in words:
        either = _by_email(word, text) if by_email else Q()
        # No text but that of an address holds an @, of which alone the index of the texts knows nothing.
        for spelling in () if either and word == "@" else spellings(word):
            either |= Q(HasText(text, _asked(spelling)))
        condition &= either
    return condition


def _by_email(word: str, text: Expression | F) -> Q:
    """meier@example.com is found by meier and then compared; @example and example.com by the domain.

    An @ alone, with which somebody begins to type a domain, finds whoever has an e-mail address.
    """
    local, at, domain = without_format_characters(word).partition("@")
    if at and not local and not domain:
        return Q(ComesBehind(EmailDomain(F("email")), Value("")))
    if local and at:
        return Q(HasText(text, _asked(f"{local} "))) & Q(HasText(Fold(F("email")), f"{local}@{domain}"))
    begun = domain if at else local if _DOMAIN.match(local) else ""
    return Q(BeginsWith(EmailDomain(F("email")), Fold(Value(begun)))) if begun else Q()


def _asked(part: str) -> str:
    """Two letters have no trigram of their own: they ask for the beginning of a word."""
    return part if len(part.strip()) >= SHORTEST_PART else f" {part}"


def _with_phones_joined(words: Sequence[str]) -> list[str]:
    joined: list[str] = []
    for is_phone, group in itertools.groupby(
        words, key=lambda word: bool(_PHONE_PART.match(without_format_characters(word)))
    ):
        run = list(group)
        joined += ["".join(run)] if is_phone else run
    return joined


def _local_digits(phone: str) -> str:
    """The digits that stand in every spelling of the number: without +, 00, (0) or a leading 0."""
    digits = re.sub(r"[^0-9]", "", phone.replace("(0)", ""))
    return digits.removeprefix("00").lstrip("0") or digits
