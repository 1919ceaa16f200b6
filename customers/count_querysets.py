"""What can be asked of the counts that the database keeps."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import F, Q, Sum

if TYPE_CHECKING:
    from customers.models import CustomerCount, CustomerGroupCount, CustomerMonth
    from locations.models import CustomerBase, Location


class CustomerCountQuerySet(models.QuerySet["CustomerCount"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def totals(self) -> tuple[int, int]:
        """The numbers of (active, archived) customers, from the kept counts."""
        sums = self.aggregate(all_active=Sum("active", default=0), all_archived=Sum("archived", default=0))
        return sums["all_active"], sums["all_archived"]

    def with_registered_at(self, location: Location) -> tuple[int, int, int]:
        """The totals, and how many of both were registered at the location."""
        sums = self.aggregate(
            all_active=Sum("active", default=0),
            all_archived=Sum("archived", default=0),
            here=Sum(F("active") + F("archived"), filter=Q(home_location=location), default=0),
        )
        return sums["all_active"], sums["all_archived"], sums["here"]


class CustomerGroupCountQuerySet(models.QuerySet["CustomerGroupCount"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def active(self) -> dict[int | None, int]:
        """The number of customers that are not archived by the key of their group; None for those without one."""
        return dict(self.order_by().values_list("customer_group_id").annotate(number=Sum("active")))


class CustomerMonthQuerySet(models.QuerySet["CustomerMonth"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def of_months(self, first: date, last: date) -> dict[date, dict[str, int]]:
        """The figures of each month between two first days in which anything happened, from the kept counts."""
        sums = {name: Sum(name) for name in ("registered", "archived", "given", "withdrawn")}
        rows = self.filter(month__range=(first, last)).order_by().values("month").annotate(**sums)
        return {row.pop("month"): row for row in rows}
