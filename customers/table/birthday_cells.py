"""A birthday in a file: with its year, or without, where nobody knows it.

The customer has a column for each, and one of them at most is filled. What is known of the year is never lost: a day
without year says nothing against the whole date of the same day.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from customers.choices import OnKnown

BIRTHDAY, DAY = "birthday", "birthday_without_year"
NOTHING = r"\N"
_LENGTH_OF_DAY = len("MM-DD")
_SAME_DAY = "to_char({one}.birthday, 'MM-DD') = {other}.birthday_without_year"

type Texts = Sequence[str]


def with_and_without_year(texts: Texts) -> tuple[Texts, Texts]:
    """The texts for both columns, out of those of one in which both stand."""
    days = [text if len(text) == _LENGTH_OF_DAY else "" for text in texts]
    return [NOTHING if day else text for text, day in zip(texts, days, strict=True)], days


def one_day(one: Texts, other: Texts, refusals: dict[int, ValidationError]) -> Texts:
    """The days that two columns say; where they say different ones, the row goes to `refusals`."""
    for at, (first, second) in enumerate(zip(one, other, strict=True)):
        if first and second and first != second and NOTHING not in (first, second):
            message = _("Two columns say different birthdays. Keep one of them.")
            refusals[at] = ValidationError(message, code="two_values")
    return [first if first and first != NOTHING else second for first, second in zip(one, other, strict=True)]


def of_known(name: str, *, known: OnKnown, is_birthday_given: bool, is_day_given: bool) -> str:
    """As SQL what a known customer (k) has after the import of a row (r): in `birthday`, or in the day without year."""
    if not is_birthday_given:
        return _day_alone(known)
    filled = _filled(is_day_given=is_day_given) if known == OnKnown.FILL else _overwritten(is_day_given=is_day_given)
    return filled[name]


def _day_alone(known: OnKnown) -> str:
    """A file without whole birthdays leaves them where they are."""
    stays = (
        "k.birthday IS NOT NULL"
        if known == OnKnown.OVERWRITE
        else "k.birthday IS NOT NULL OR k.birthday_without_year <> ''"
    )
    return f"CASE WHEN {stays} THEN k.birthday_without_year ELSE r.birthday_without_year END"


def _overwritten(*, is_day_given: bool) -> dict[str, str]:
    if not is_day_given:
        return {BIRTHDAY: "r.birthday", DAY: "CASE WHEN r.birthday IS NULL THEN k.birthday_without_year ELSE '' END"}
    is_known_better = f"coalesce({_SAME_DAY.format(one='k', other='r')}, false)"
    return {
        BIRTHDAY: f"CASE WHEN {is_known_better} THEN k.birthday ELSE r.birthday END",
        DAY: f"CASE WHEN {is_known_better} THEN '' ELSE r.birthday_without_year END",
    }


def _filled(*, is_day_given: bool) -> dict[str, str]:
    is_empty = "k.birthday IS NULL AND k.birthday_without_year = ''"
    is_completed = f"k.birthday IS NULL AND coalesce({_SAME_DAY.format(one='r', other='k')}, false)"
    day = "r.birthday_without_year" if is_day_given else "''"
    return {
        BIRTHDAY: f"CASE WHEN {is_empty} OR {is_completed} THEN r.birthday ELSE k.birthday END",
        DAY: f"CASE WHEN {is_completed} THEN '' WHEN {is_empty} THEN {day} ELSE k.birthday_without_year END",
    }
