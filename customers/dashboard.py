"""What the front page of a location says about its customers.

Birthdays and customers by group read more the more customers there are, and are therefore loaded by the page
afterwards. docs/speed.md tells what the page takes at a million.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers import waiting as waiting  # registers what waits for whoever imports and exports
from customers.birthdays import BY_CALENDAR, WEEK, birthday_of
from customers.choices import BIRTHDAY_VAR, REGISTERED_VAR, WINDOWS
from customers.figures.trends import trends
from customers.models import Customer, CustomerCount, CustomerGroup
from locations.models import Location
from locations.permissions import Right
from mcp.console import panels
from mcp.isolation.scope import Scope

SHOWN_BIRTHDAYS = 8
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
    """A number, and by what the list of customers is narrowed to those that it counts."""

    name: str
    number: int
    query: str


def figures(scope: Scope, today: date | None = None) -> dict[str, Any]:
    """How many customers there are and were registered at this location, and what happened in each of the last twelve
    months. Three or four queries.
    """
    active, archived = CustomerCount.objects.in_base(scope.base).totals()
    here = Customer.objects.in_base(scope.base).registered_at(scope.location).count()
    found = trends(scope.base, today or timezone.localdate())
    new = found[0].running.number
    return {
        "figures": [
            Figure(_("Customers"), active, ""),
            Figure(_("New this month"), new, _narrowed(**{REGISTERED_VAR: "this_month", "archived": "all"})),
            Figure(_("Registered at this location"), here, _narrowed(home=str(scope.location.pk), archived="all")),
            Figure(_("Archived"), archived, _narrowed(archived="yes")),
        ],
        "may_see": Right.VIEW_CUSTOMERS in scope.rights,
        "trends": found,
        "rows": [*zip(*(trend.bars for trend in found), strict=True)][::-1],
        "left_out": left_out(scope),
        "may_see_locations": Right.MANAGE_LOCATION in scope.rights,
    }


def _narrowed(**filters: str) -> str:
    """What stands behind the address of the list of customers."""
    return f"?{urlencode(filters)}"


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
    """Whose birthday is today or on one of the six days after it, the next first. One or two queries."""
    start = today or timezone.localdate()
    found = Customer.objects.in_base(scope.base).active().with_birthday_within(start, WEEK)
    some = found.order_by(BY_CALENDAR, "sort_name", "pk")[:SHOWN_BIRTHDAYS]
    shown = [birthday_of(customer, start) for customer in some]
    more = found.count() - len(shown) if len(shown) == SHOWN_BIRTHDAYS else 0
    lists = [(name, _narrowed(**{BIRTHDAY_VAR: value})) for value, (name, _days) in WINDOWS.items()]
    this_month = (_("this month"), _narrowed(**{BIRTHDAY_VAR: str(start.month)}))
    return {
        "birthdays": shown, "more": more, "today": start, "tomorrow": start + timedelta(days=1),
        "lists": [*lists, this_month],
    }  # fmt: skip


def newcomers(scope: Scope, today: date | None = None) -> dict[str, Any]:
    """Who was registered this month, the latest first. One query."""
    this_month = (today or timezone.localdate()).replace(day=1)
    found = Customer.objects.in_base(scope.base).active().registered_since(this_month).order_by("-created_at", "-pk")
    some = list(found.select_related("home_location")[: SHOWN_NEWCOMERS + 1])
    return {"newcomers": some[:SHOWN_NEWCOMERS], "is_more": len(some) > SHOWN_NEWCOMERS}


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
