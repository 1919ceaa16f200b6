"""What the front page of a location says about its customers.

All numbers are kept by the database and read from a few rows. Birthdays read more the more customers there are; they,
the new customers and the groups are loaded by the page afterwards. docs/speed.md tells what each takes at a million.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers import waiting as waiting  # registers what waits for whoever imports and exports
from customers.birthdays import BY_CALENDAR, WEEK, birthday_of, birthdays_within
from customers.choices import BIRTHDAY_VAR, REGISTERED_VAR, WINDOWS
from customers.figures.offline import OfflineBase, left_out_of_lists, offline_bases
from customers.figures.trends import Months, counted_months, trends
from customers.models import Customer, CustomerCount, CustomerGroup, CustomerGroupCount
from customers.querysets import CustomerQuerySet
from locations.models import Location
from locations.permissions import Right
from mcp.console import panels
from mcp.isolation.scope import Scope

SHOWN_BIRTHDAYS = 8
SORTED_BIRTHDAYS = 1_000
SHOWN_NEWCOMERS = 8
SHOWN_GROUPS = 8


@dataclass(frozen=True)
class Bar:
    """One line of the chart: `share` in whole percent of the longest bar."""

    name: str
    number: int
    share: int


@dataclass(frozen=True)
class Figure:
    """A number, and the query that narrows the list of customers to those that it counts."""

    name: str
    number: int
    query: str


@dataclass(frozen=True)
class Counted:
    """What is counted in one base: its customers, those registered at one location, and its months."""

    active: int
    archived: int
    here: int
    months: Months

    def new_in(self, month: date) -> int:
        """How many were registered in the month with this first day."""
        return self.months.get(month, {}).get("registered", 0)


@dataclass(frozen=True)
class BaseRow:
    """One line of the figures by base. `locations` are those of a base 1.0; of the base of the group there are none."""

    locations: Sequence[Location]
    numbers: tuple[int, int, int]


def figures(scope: Scope, today: date | None = None) -> dict[str, Any]:
    """How many customers there are and were registered here, and what happened in each of the last twelve months.

    Two queries, at the central one more; and some for each base 1.0, where those are counted as well.
    """
    day = today or timezone.localdate()
    offline, own = offline_bases(scope), _counted(scope, day)
    others = [(base, base.read(lambda there: _counted(there, day))) for base in offline.counted]
    every = [own, *(counted for _base, counted in others)]
    found = trends([counted.months for counted in every], day)
    return {
        "figures": [
            Figure(_("Customers"), sum(counted.active for counted in every), ""),
            Figure(
                _("New this month"),
                found[0].running.number,
                _narrowed(**{REGISTERED_VAR: "this_month", "archived": "all"}),
            ),
            Figure(_("Registered at this location"), own.here, _narrowed(home=str(scope.location.pk), archived="all")),
            Figure(_("Archived"), sum(counted.archived for counted in every), _narrowed(archived="yes")),
        ],
        "bases": _by_base(own, others, day.replace(day=1)) if others else [],
        "may_see": Right.VIEW_CUSTOMERS in scope.rights,
        "trends": found,
        "rows": [*zip(*(trend.bars for trend in found), strict=True)][::-1],
        "offline": offline,
        "may_see_locations": Right.MANAGE_LOCATION in scope.rights,
    }


def _counted(scope: Scope, today: date) -> Counted:
    """Two queries, of a few rows."""
    active, archived, here = CustomerCount.objects.in_base(scope.base).with_registered_at(scope.location)
    return Counted(active, archived, here, counted_months(scope.base, today))


def _by_base(own: Counted, others: Sequence[tuple[OfflineBase, Counted]], month: date) -> list[BaseRow]:
    lines: list[tuple[Sequence[Location], Counted]] = [((), own)]
    lines += [(base.locations, counted) for base, counted in others]
    return [BaseRow(places, (one.active, one.new_in(month), one.archived)) for places, one in lines]


def _narrowed(**filters: str) -> str:
    """The query of the list of customers for a figure."""
    return f"?{urlencode(filters)}"


def groups(scope: Scope) -> dict[str, Any]:
    """The customers that are not archived by customer group, the largest first. Two queries.

    At the central one more; where bases 1.0 are counted as well, two for each, and groups of one name are one.
    """
    offline = offline_bases(scope)
    counted: Counter[str] = Counter()
    without = 0
    for numbers, of_nobody in [_counted_groups(scope), *(base.read(_counted_groups) for base in offline.counted)]:
        counted.update(numbers)
        without += of_nobody
    ordered = sorted(counted.items(), key=lambda group: (-group[1], group[0]))
    shown, rest = ordered[:SHOWN_GROUPS], sum(number for _name, number in ordered[SHOWN_GROUPS:])
    shown += [(_("Other groups"), rest)] if rest else []
    shown += [(_("Without a group"), without)] if without > 0 else []
    return {
        "bars": _bars(shown), "has_groups": bool(counted), "offline": offline,
        "may_see_locations": Right.MANAGE_LOCATION in scope.rights,
    }  # fmt: skip


def _counted_groups(scope: Scope) -> tuple[dict[str, int], int]:
    """The customers of a base by the name of their group, and how many are in none. Two queries."""
    numbers = CustomerGroupCount.objects.in_base(scope.base).active()
    names = CustomerGroup.objects.in_base(scope.base).values_list("pk", "name")
    return {name: numbers.get(pk, 0) for pk, name in names}, numbers.get(None, 0)


def _bars(counted: list[tuple[str, int]]) -> list[Bar]:
    longest = max((number for _name, number in counted), default=0) or 1
    return [Bar(name, number, round(100 * number / longest)) for name, number in counted]


def birthdays(scope: Scope, today: date | None = None) -> dict[str, Any]:
    """Whose birthday is today or on one of the six days after it, the next first.

    One or two queries. Where there are very many customers one for each day, until enough are found.
    """
    start = today or timezone.localdate()
    active = Customer.objects.in_base(scope.base).active()
    number = active.with_birthday_within(start, WEEK).count()
    some = _next_birthdays(active, start, number)
    shown = [birthday_of(customer, start) for customer in some]
    more = max(number - len(shown), 0)
    lists = [(name, _narrowed(**{BIRTHDAY_VAR: value})) for value, (name, _days) in WINDOWS.items()]
    this_month = (_("this month"), _narrowed(**{BIRTHDAY_VAR: str(start.month)}))
    return {
        "birthdays": shown, "more": more, "today": start, "tomorrow": start + timedelta(days=1),
        "lists": [*lists, this_month], **_not_listed(scope),
    }  # fmt: skip


def _next_birthdays(customers: CustomerQuerySet, today: date, number: int) -> list[Customer]:
    """The customers among `number` who celebrate next.

    Where there are very many they are asked for day by day: sorting twenty thousand by the calendar takes longer.
    """
    if not number:
        return []
    if number <= SORTED_BIRTHDAYS:
        found = customers.with_birthday_within(today, WEEK).order_by(BY_CALENDAR, "sort_name", "pk")
        return list(found[:SHOWN_BIRTHDAYS])
    some: list[Customer] = []
    for day in birthdays_within(today):
        some += customers.with_birthday_on([day]).order_by("sort_name", "pk")[: SHOWN_BIRTHDAYS - len(some)]
        if len(some) == SHOWN_BIRTHDAYS:
            break
    return some


def newcomers(scope: Scope, today: date | None = None) -> dict[str, Any]:
    """Who was registered this month, the latest first. One query."""
    this_month = (today or timezone.localdate()).replace(day=1)
    found = Customer.objects.in_base(scope.base).active().registered_since(this_month).order_by("-created_at", "-pk")
    some = list(found.select_related("home_location")[: SHOWN_NEWCOMERS + 1])
    return {"newcomers": some[:SHOWN_NEWCOMERS], "is_more": len(some) > SHOWN_NEWCOMERS, **_not_listed(scope)}


def _not_listed(scope: Scope) -> dict[str, object]:
    """Context of a panel that names people: at the central the locations of whom nobody is named. One query there."""
    return {"not_listed": left_out_of_lists(scope), "may_see_locations": Right.MANAGE_LOCATION in scope.rights}


panels.register(
    panels.Panel(
        name="figures",
        title=gettext_lazy("Customers in figures"),
        right=Right.RUN_REPORTS,
        template="customers/dashboard/figures.html",
        facts=figures,
        order=10,
        is_wide=True,
    )
)
panels.register(
    panels.Panel(
        name="groups",
        title=gettext_lazy("Customers by group"),
        right=Right.RUN_REPORTS,
        template="customers/dashboard/groups.html",
        facts=groups,
        order=40,
        is_wide=True,
        is_deferred=True,
    )
)
panels.register(
    panels.Panel(
        name="birthdays",
        title=gettext_lazy("Birthdays of the next seven days"),
        right=Right.VIEW_CUSTOMERS,
        template="customers/dashboard/birthdays.html",
        facts=birthdays,
        order=30,
        is_deferred=True,
    )
)
panels.register(
    panels.Panel(
        name="newcomers",
        title=gettext_lazy("New this month"),
        right=Right.VIEW_CUSTOMERS,
        template="customers/dashboard/newcomers.html",
        facts=newcomers,
        order=35,
        is_deferred=True,
    )
)
