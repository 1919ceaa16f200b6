"""Queries for organizations, customer bases and locations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import F, Q

from locations.choices import BaseKind, LocationKind

if TYPE_CHECKING:
    from locations.models import CustomerBase, LegacySwitch, Location, Organization


class OrganizationQuerySet(models.QuerySet["Organization"]):
    """Queries for businesses."""

    def containing(self, words: str) -> Self:
        """Organizations whose name or account number contains each of the words."""
        found = self
        for word in words.split():
            found = found.filter(Q(name__icontains=word) | Q(account_number__startswith=word))
        return found


class CustomerBaseQuerySet(models.QuerySet["CustomerBase"]):
    """Queries for customer bases."""

    def of_organization(self, organization: Organization) -> Self:
        return self.filter(organization=organization)

    def shared(self) -> Self:
        return self.filter(kind=BaseKind.SHARED)

    def offline(self) -> Self:
        return self.filter(kind=BaseKind.OFFLINE)


class LocationQuerySet(models.QuerySet["Location"]):
    """Queries for locations."""

    def of_organization(self, organization: Organization) -> Self:
        return self.filter(organization=organization)

    def at_address(self, *, account_number: int, client_number: int) -> Self:
        """The one location at the address `/account_number/client_number/`, or none."""
        return self.filter(organization__account_number=account_number, client_number=client_number)

    def open(self) -> Self:
        """Locations that are not closed."""
        return self.filter(closed_at=None)

    def on_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def branches(self) -> Self:
        return self.filter(kind=LocationKind.BRANCH)

    def franchises(self) -> Self:
        return self.filter(is_franchise=True)

    def containing(self, words: str) -> Self:
        """Locations whose name, city, organization or one of whose numbers contains each of the words."""
        found = self
        for word in words.split():
            hit = Q(name__icontains=word) | Q(city__icontains=word) | Q(organization__name__icontains=word)
            if word.isdigit():
                hit |= Q(client_number=int(word[:9])) | Q(organization__account_number=int(word[:9]))
            found = found.filter(hit)
        return found


class LegacySwitchQuerySet(models.QuerySet["LegacySwitch"]):
    """Queries for what is decided about the rules of the base 1.0."""

    def about(self, organization: Organization | None) -> Self:
        """What was decided for the business and for all; None: for all alone. What goes before the other is first."""
        of_all = Q(organization=None)
        wanted = of_all if organization is None else of_all | Q(organization=organization)
        return self.filter(wanted).order_by(F("organization").asc(nulls_last=True))

    def deciding(self, organization: Organization | None) -> Self:
        """As `about`, without the rows that say that the business is as all others. The first of a rule decides."""
        return self.about(organization).filter(is_lifted__isnull=False)
