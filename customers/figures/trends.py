"""What happened in each month of the last year: kept by the database (see CustomerMonth), drawn without a script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.models import CustomerMonth
from locations.models import CustomerBase

MONTHS = 12
_HEIGHT = 100
"""Of the drawing; the longest bar fills it."""
SERIES: dict[str, Promise] = {
    "registered": _("New customers"),
    "archived": _("Archived customers"),
    "given": _("Consents given"),
    "withdrawn": _("Consents withdrawn"),
}


@dataclass(frozen=True)
class Bar:
    """The bar of one month: its number, and its place in the drawing, counted from above."""

    month: date
    number: int
    left: int
    top: int
    height: int
    is_running: bool
    """The month is not over yet."""


@dataclass(frozen=True)
class Trend:
    """One figure over the last MONTHS months, the running one included."""

    title: str | Promise
    bars: Sequence[Bar]

    @property
    def running(self) -> Bar:
        return self.bars[-1]

    @property
    def last(self) -> Bar:
        """The last month that is over."""
        return self.bars[-2]

    @property
    def before(self) -> Bar:
        return self.bars[-3]

    @property
    def more(self) -> int:
        """The difference between the last complete month and the one before; negative if there were fewer."""
        return self.last.number - self.before.number

    @property
    def fewer(self) -> int:
        return -self.more


type Months = dict[date, dict[str, int]]
"""By the first day of a month the figures of SERIES; of a month in which nothing happened there are none."""


def counted_months(base: CustomerBase, today: date) -> Months:
    """What happened in a base up to the month of `today`. One query, over a handful of rows for each month."""
    months = months_until(today)
    return CustomerMonth.objects.in_base(base).of_months(months[0], months[-1])


def trends(counted: Sequence[Months], today: date) -> list[Trend]:
    """The trend of each figure up to the month of `today`, over all that is given together."""
    months = months_until(today)
    return [
        Trend(title, _bars(months, [sum(one.get(month, {}).get(name, 0) for one in counted) for month in months]))
        for name, title in SERIES.items()
    ]


def months_until(today: date) -> list[date]:
    """The first days of the last MONTHS months, in order, that of today last."""
    months = [today.replace(day=1)]
    while len(months) < MONTHS:
        months.append(month_before(months[-1]))
    return months[::-1]


def month_before(first: date) -> date:
    """The first day of the month before that of another first day."""
    return (first - timedelta(days=1)).replace(day=1)


def _bars(months: Sequence[date], numbers: Sequence[int]) -> list[Bar]:
    most = max(*numbers, 1)
    heights = [max(round(_HEIGHT * number / most), 1 if number else 0) for number in numbers]
    return [
        Bar(month, number, 10 * at + 1, _HEIGHT - height, height, is_running=at == MONTHS - 1)
        for at, (month, number, height) in enumerate(zip(months, numbers, heights, strict=True))
    ]
