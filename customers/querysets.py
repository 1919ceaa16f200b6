"""What can be asked about customers, in sentences."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q, Sum

from customers import search

if TYPE_CHECKING:
    from customers.models import Customer, CustomerCount, CustomerGroup, Tag
    from locations.models import CustomerBase, Location


class CustomerQuerySet(models.QuerySet["Customer"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def active(self) -> Self:
        return self.filter(archived_at=None)

    def archived(self) -> Self:
        return self.filter(archived_at__isnull=False)

    def matching(self, words: str) -> Self:
        """Customers in whose number, name, company, phone, e-mail, city or tags every word is found."""
        return self.filter(search.matches(words))

    def registered_at(self, location: Location) -> Self:
        return self.filter(home_location=location)

    def with_birthday_on(self, days: list[date]) -> Self:
        """Customers whose birthday is on one of the days, in whatever year they were born."""
        on_a_day = Q()
        for day in days:
            on_a_day |= Q(birthday__month=day.month, birthday__day=day.day)
        return self.filter(on_a_day) if days else self.none()


class CustomerGroupQuerySet(models.QuerySet["CustomerGroup"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)


class TagQuerySet(models.QuerySet["Tag"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)


class CustomerCountQuerySet(models.QuerySet["CustomerCount"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def totals(self) -> tuple[int, int]:
        """(active, archived) customers, without looking at a single one of them."""
        sums = self.aggregate(active=Sum("active"), archived=Sum("archived"))
        return sums["active"] or 0, sums["archived"] or 0
