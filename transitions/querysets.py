"""What can be asked about transitions, in sentences."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from transitions.choices import OPEN, SwitchDirection, SwitchState, TransitionState

if TYPE_CHECKING:
    from locations.models import Location, Organization
    from transitions.models import BaseSwitch, Transition


class TransitionQuerySet(models.QuerySet["Transition"]):
    def of_organization(self, organization: Organization) -> Self:
        return self.filter(organization=organization)

    def open(self) -> Self:
        return self.filter(state__in=OPEN)

    def due(self, today: date) -> Self:
        """Confirmed ones whose day has come."""
        return self.filter(state=TransitionState.CONFIRMED, planned_for__lte=today)


class BaseSwitchQuerySet(models.QuerySet["BaseSwitch"]):
    def of_organization(self, organization: Organization) -> Self:
        return self.filter(organization=organization)

    def under_way(self) -> Self:
        """Those that can still be carried out, or undone."""
        going = Q(state__in=[SwitchState.REQUESTED, SwitchState.SIGNED])
        return self.filter(going | Q(state=SwitchState.EXECUTED, direction=SwitchDirection.TO_SHARED))

    def concerning(self, place: Location) -> Self:
        """Those by which this location is switched: that were asked for it, or of the base 1.0 that it shares."""
        with_its_base = Q(source=place.base_id, direction=SwitchDirection.TO_SHARED)
        return self.filter(Q(location=place) | with_its_base | Q(places__contains=[{"location": place.pk}]))

    def to_be_signed(self) -> Self:
        """Those for which a developer has to sign."""
        return self.filter(state=SwitchState.REQUESTED, direction=SwitchDirection.TO_OFFLINE)
