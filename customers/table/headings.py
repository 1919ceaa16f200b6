"""A file of customers: its columns matched to ours, and what is wrong with its rows in words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from customers.table.columns import FORMER_HEADINGS, CustomerField
from customers.table.heading_words import is_house_number, meaning
from customers.table.options import Reading
from customers.table.profiles import Profile, target_in, targets_by
from mcp.stored_sentences import Sentences, sentences_of
from spreadsheets import Problem

IGNORE = "-"
"""The target of a column that is left out on purpose."""
REASON = ("Grund der Ablehnung", "Reason of rejection")
"""Heading of the column of a file of rejected rows that says why, in both languages."""
MENDED = frozenset({"comma_in_text"})
"""Problems of a row that the reader has mended itself."""
_WORDS = ("found", "reason")
"""Values of a problem that are words of ours, mostly, and have a translation then."""

type Targets = tuple[str, ...]
"""For each column of a file the name of a field, IGNORE, or "" where nobody has decided yet."""


def folded(heading: str) -> str:
    """A heading without case, spaces, punctuation and accents; umlauts as two letters."""
    text = heading.casefold().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    plain = unicodedata.normalize("NFKD", text)
    return re.sub(r"[\W_]+", "", "".join(char for char in plain if not unicodedata.combining(char)))


def match_columns(
    headings: Sequence[str],
    fields: Mapping[str, CustomerField],
    remembered: Mapping[str, str] | None = None,
    profile: Profile | None = None,
) -> Targets:
    """The field that each heading means, or "". Of two columns for one field the first gets it.

    `remembered` is what somebody has chosen for a folded heading before; it goes first, then what the profile of the
    system says, then what the headings say by themselves. The column of reasons in a file of rejected rows is left out.
    """
    index: dict[str, str] = {folded(name): IGNORE for name in REASON}
    learned = {
        heading: target for heading, target in (remembered or {}).items() if target in fields or target == IGNORE
    }
    described = targets_by(profile)
    for names in (_main_headings, _other_headings):
        for field_name, field in fields.items():
            for name in names(field_name, field):
                index.setdefault(folded(name), field_name)
    chosen = [learned.get(folded(heading), "") for heading in headings]
    said = [target_in(described, heading) if not known else "" for heading, known in zip(headings, chosen, strict=True)]
    exact = [index.get(folded(heading), "") for heading in headings]
    if exact.count("last_name") > 1:  # “Name” beside first and last name is the whole one
        exact = [
            "contact_name" if folded(heading) == "name" else target
            for heading, target in zip(headings, exact, strict=True)
        ]
    return _each_once(headings, chosen, said, exact, index)


def _each_once(
    headings: Sequence[str], chosen: Sequence[str], said: Sequence[str], exact: Sequence[str], index: Mapping[str, str]
) -> Targets:
    """Where each column goes. Only a profile means several columns by one field."""
    taken = ({*chosen, *said} | {target for target in exact if target not in said}) - {"", IGNORE}
    firm = {*chosen, *said}
    targets: list[str] = []
    for at, heading in enumerate(headings):
        target = chosen[at] or said[at]
        is_twice = bool(chosen[at]) and target in targets
        if not target:
            target = exact[at]
            is_twice = target in firm or target in targets
        if not target:
            is_number = is_house_number(heading, targets[-1] if targets else "")
            target = "house_number" if is_number else meaning(heading, index, folded)
            is_twice = target in taken
        targets.append("" if is_twice and target != IGNORE else target)
        taken.add(target)
    return tuple(targets)


def is_our_own(headings: Sequence[str], fields: Mapping[str, CustomerField]) -> bool:
    """Whether all headings are the very ones that an export writes, or once wrote."""
    ours = {name for field in fields.values() for name in (field.german, field.english)} | FORMER_HEADINGS
    return ours.issuperset(headings)


def _main_headings(name: str, field: CustomerField) -> Sequence[str]:
    return field.german, field.english


def _other_headings(name: str, field: CustomerField) -> Sequence[str]:
    return name, *field.names


def remaining_problems(problems: Iterable[Problem], reading: Reading) -> Iterator[Problem]:
    """What is wrong with a row and neither mended by the reader nor accepted."""
    for problem in problems:
        if problem.code not in MENDED and not (problem.is_doubt and reading.accept_doubts):
            yield problem


def stored_problem(problem: Problem) -> Sentences:
    """The problem as it is stored."""
    values = problem.values
    words = {name: gettext_lazy(word) for name in _WORDS if isinstance(word := values.get(name), str) and word}
    refusal = ValidationError(gettext_lazy(problem.template), code=problem.code, params={**values, **words})
    return sentences_of(refusal)


def sentence(problem: Problem) -> str:
    """The problem in the language of the reader."""
    return " ".join(refusal_of(problem).messages)


def refusal_of(problem: Problem) -> ValidationError:
    """The same as a refusal, which can be stored."""
    values = problem.values
    words = {name: gettext_lazy(word) for name in _WORDS if isinstance(word := values.get(name), str) and word}
    return ValidationError(gettext_lazy(problem.template), code=problem.code, params={**values, **words})
