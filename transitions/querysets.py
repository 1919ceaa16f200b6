"""What can be asked about transitions, in sentences."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Self

from django.db import models

from transitions.choices import OPEN, TransitionState

if TYPE_CHECKING:
    from locations.models import Organization
    from transitions.models import Transition


class TransitionQuerySet(models.QuerySet["Transition"]):
    def of_organization(self, organization: Organization) -> Self:
        return self.filter(organization=organization)

    def open(self) -> Self:
        return self.filter(state__in=OPEN)

    def due(self, today: date) -> Self:
        """Confirmed ones whose day has come."""
        return self.filter(state=TransitionState.CONFIRMED, planned_for__lte=today)
