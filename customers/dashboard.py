"""What the front page of a location says about its customers.

Birthdays and customers by group read more the more customers there are, and are therefore loaded by the page
afterwards. docs/speed.md tells what the page takes at a million.
"""

from __future__ import annotations

from calendar import isleap
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, ExtractDay, ExtractMonth, Mod, NullIf, Substr
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.models import Customer, CustomerCount, CustomerGroup
from customers.querysets import CustomerQuerySet
from locations.models import Location
from locations.permissions import Right
from mcp import panels
from mcp.scope import Scope

DAYS_AHEAD = 7
SHOWN_BIRTHDAYS = 12
SHOWN_GROUPS = 8
_LEAP_YEAR = 2000
"""A year in which every day exists."""
_SLOTS = 12 * 31
"""A year as the calendar sheet has it: each month 31 days, so that (month, day) becomes one number."""


@dataclass(frozen=True)
class Bar:
    """One line of the chart: `share` in whole percent of the longest bar."""

    name: str
    number: int
    share: int


@dataclass(frozen=True)
class Birthday:
    """Who celebrates on which day, and how old he becomes; None where nobody knows the year."""

    customer: Customer
    on: date
    age: int | None


def figures(scope: Scope, today: date | None = None) -> dict[str, Any]:
    """How many customers there are, were registered this month and at this location. Three or four queries."""
    first = (today or timezone.localdate()).replace(day=1)
    month = timezone.make_aware(datetime.combine(first, time.min))
    active, archived = CustomerCount.objects.in_base(scope.base).totals()
    customers = Customer.objects.in_base(scope.base)
    return {
        "figures": [
            (_("Customers"), active),
            (_("New this month"), customers.filter(created_at__gte=month).count()),
            (_("Registered at this location"), customers.registered_at(scope.location).count()),
            (_("Archived"), archived),
        ],
        "left_out": left_out(scope),
    }


def left_out(scope: Scope) -> list[Location]:
    """At the central: the locations whose customers are not counted, because they have an offline base 1.0."""
    if not scope.location.is_central:
        return []
    return list(
        Location.objects.of_organization(scope.organization)
        .open()
        .exclude(base=scope.base)
        .order_by("client_number")[: SHOWN_GROUPS + 1]
    )


def groups(scope: Scope) -> dict[str, Any]:
    """The customers that are not archived by customer group, the largest first. Three queries."""
    active, _archived = CustomerCount.objects.in_base(scope.base).totals()
    counted = sorted(_count_by_group(scope), key=lambda group: (-group[1], group[0]))
    shown, rest = counted[:SHOWN_GROUPS], sum(number for _name, number in counted[SHOWN_GROUPS:])
    without = active - sum(number for _name, number in counted)
    shown += [(_("Other groups"), rest)] if rest else []
    shown += [(_("Without a group"), without)] if without > 0 else []
    return {"bars": _bars(shown), "has_groups": bool(counted)}


def _count_by_group(scope: Scope) -> list[tuple[str, int]]:
    """(name, customers not archived) of each group of the base.

    All customers minus the archived: no index knows both group and archive, and reading the customers themselves
    takes three times as long (0.4 s at a million).
    """
    customers = Customer.objects.in_base(scope.base).order_by()
    members = customers.filter(customer_group=OuterRef("pk")).values("base").annotate(number=Count("*"))
    known = CustomerGroup.objects.in_base(scope.base).annotate(every=Coalesce(Subquery(members.values("number")), 0))
    archived = dict(customers.archived().values_list("customer_group").annotate(number=Count("*")))
    return [(name, every - archived.get(pk, 0)) for pk, name, every in known.values_list("pk", "name", "every")]


def _bars(counted: list[tuple[str, int]]) -> list[Bar]:
    longest = max((number for _name, number in counted), default=0) or 1
    return [Bar(name, number, round(100 * number / longest)) for name, number in counted]


def birthdays(scope: Scope, today: date | None = None) -> dict[str, Any]:
    """Whose birthday is today or on one of the six days after it, the next first. Two queries."""
    start = today or timezone.localdate()
    found = _celebrating(Customer.objects.in_base(scope.base).active(), start)
    shown = [birthday_of(customer, start) for customer in found[:SHOWN_BIRTHDAYS]]
    more = found.count() - len(shown) if len(shown) == SHOWN_BIRTHDAYS else 0
    return {"birthdays": shown, "more": more, "today": start, "tomorrow": start + timedelta(days=1)}


def birthday_of(customer: Customer, today: date) -> Birthday:
    """The next birthday of a customer who has one: today or later."""
    born = customer.birthday or date.fromisoformat(f"{_LEAP_YEAR}-{customer.birthday_without_year}")
    on = celebrated_on(born, today.year)
    if on < today:
        on = celebrated_on(born, today.year + 1)
    return Birthday(customer, on, on.year - born.year if customer.birthday else None)


def celebrated_on(born: date, year: int) -> date:
    """The birthday in a year. Who was born on 29 February becomes older on 1 March in other years (BGB § 188)."""
    is_missing = (born.month, born.day) == (2, 29) and not isleap(year)
    return date(year, 3, 1) if is_missing else born.replace(year=year)


def birthdays_within(today: date) -> list[date]:
    """The days of birth (in a leap year, whose year means nothing) that are celebrated in the next seven days."""
    days = []
    for day in (today + timedelta(days=ahead) for ahead in range(DAYS_AHEAD)):
        if (day.month, day.day) == (3, 1) and not isleap(day.year):
            days.append(date(2000, 2, 29))
        days.append(day.replace(year=2000))
    return days


def _celebrating(customers: CustomerQuerySet, today: date) -> QuerySet[Customer]:
    """Customers with a birthday in the next seven days, in the order of the calendar from today on."""
    days = birthdays_within(today)
    slot = Coalesce(_of_date(), _of_day()) + Value(_SLOTS - _slot(days[0]))
    due = Mod(slot, Value(_SLOTS), output_field=IntegerField())
    return customers.with_birthday_on(days).order_by(due, "sort_name", "pk")


def _of_date() -> Any:
    return ExtractMonth("birthday") * 31 + ExtractDay("birthday")


def _of_day() -> Any:
    """The same of a birthday without year."""
    parts = (NullIf(Substr("birthday_without_year", at, 2), Value("")) for at in (1, 4))
    month, day = (Cast(part, IntegerField()) for part in parts)
    return month * 31 + day


def _slot(day: date) -> int:
    return day.month * 31 + day.day


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
        order=20,
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
