"""Birthdays: on which day somebody celebrates in a year, and who does so in the next days.

The year is not always known, and 29 February is not in every year.
"""

from __future__ import annotations

from calendar import isleap
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.db.models import Func, IntegerField, SmallIntegerField, Value
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Cast, Coalesce, ExtractDay, ExtractMonth, Mod, NullIf, Substr

if TYPE_CHECKING:
    from customers.models import Customer

WEEK = 7
BY_CALENDAR = "due"
"""By what customers are sorted who celebrate in the next days (see `with_birthday_within`)."""
_LEAP_YEAR = 2000
"""A year in which every day exists."""
_SLOTS = 12 * 31
"""A year as the calendar sheet has it: each month 31 days, so that (month, day) becomes one number."""


class MonthAndDay(Func):
    """SQL expression: month and day of a date as one number, such as 517 for 17 May. There are 366 of them."""

    template = "((EXTRACT(MONTH FROM %(expressions)s) * 100 + EXTRACT(DAY FROM %(expressions)s))::smallint)"
    output_field = SmallIntegerField()
    arity = 1


@dataclass(frozen=True)
class Birthday:
    """The next birthday of a customer: its day, and the age reached then; None where the year of birth is unknown."""

    customer: Customer
    on: date
    age: int | None


def birthday_of(customer: Customer, today: date) -> Birthday:
    """The next birthday of a customer who has one, today included."""
    born = customer.birthday or date.fromisoformat(f"{_LEAP_YEAR}-{customer.birthday_without_year}")
    on = celebrated_on(born, today.year)
    if on < today:
        on = celebrated_on(born, today.year + 1)
    return Birthday(customer, on, on.year - born.year if customer.birthday else None)


def celebrated_on(born: date, year: int) -> date:
    """The birthday in a year. For 29 February it is 1 March in years that have no such day (BGB § 188)."""
    is_missing = (born.month, born.day) == (2, 29) and not isleap(year)
    return date(year, 3, 1) if is_missing else born.replace(year=year)


def birthdays_within(today: date, days: int = WEEK) -> list[date]:
    """The days of birth that are celebrated in so many days from `today` on, as dates of a leap year."""
    found = []
    for day in (today + timedelta(days=ahead) for ahead in range(days)):
        if (day.month, day.day) == (3, 1) and not isleap(day.year):
            found.append(date(_LEAP_YEAR, 2, 29))
        found.append(day.replace(year=_LEAP_YEAR))
    return found


def days_until(first: date) -> Mod:
    """SQL expression to sort customers by their next birthday, those on `first` first.

    It counts in slots of 31 for each month, so it orders days and is not the number of days between them.
    """
    slot = Coalesce(_of_date(), _of_day()) + Value(_SLOTS - _slot(first))
    return Mod(slot, Value(_SLOTS), output_field=IntegerField())


def _of_date() -> CombinedExpression:
    return ExtractMonth("birthday") * 31 + ExtractDay("birthday")


def _of_day() -> CombinedExpression:
    """The same for a birthday that is stored without its year."""
    parts = (NullIf(Substr("birthday_without_year", at, 2), Value("")) for at in (1, 4))
    month, day = (Cast(part, IntegerField()) for part in parts)
    return month * 31 + day


def _slot(day: date) -> int:
    return day.month * 31 + day.day
