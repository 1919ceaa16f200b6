"""Birthdays in a file: with the year, or without where it is unknown.

The customer has a column for each, of which at most one is filled. A known year is never lost: the day without year
does not contradict a whole date of the same day.
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
    """Split the texts of one column into those with a year and those without."""
    days = [text if len(text) == _LENGTH_OF_DAY else "" for text in texts]
    return [NOTHING if day else text for text, day in zip(texts, days, strict=True)], days


def one_day(one: Texts, other: Texts, refusals: dict[int, ValidationError]) -> Texts:
    """Merge two columns of days. A row in which they differ is added to `refusals`."""
    for at, (first, second) in enumerate(zip(one, other, strict=True)):
        if first and second and first != second and NOTHING not in (first, second):
            message = _("Two columns say different birthdays. Keep one of them.")
            refusals[at] = ValidationError(message, code="two_values")
    return [first if first and first != NOTHING else second for first, second in zip(one, other, strict=True)]


def of_known(name: str, *, known: OnKnown, is_birthday_given: bool, is_day_given: bool) -> str:
    """SQL: the birthday, or day without year, that a known customer (k) has after the import of a row (r)."""
    if not is_birthday_given:
        return _day_alone(known)
    filled = _filled(is_day_given=is_day_given) if known == OnKnown.FILL else _overwritten(is_day_given=is_day_given)
    return filled[name]


def _day_alone(known: OnKnown) -> str:
    """The same for a file without whole birthdays, which are left as they are."""
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
