"""What can be asked about transitions, in sentences."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Q

from transitions.choices import OPEN, SwitchDirection, SwitchState, TransitionState

if TYPE_CHECKING:
    from customers.models import Customer
    from locations.models import Location, Organization
    from transitions.models import BaseSwitch, SwitchedCustomer, Transition, TransitionCustomer


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


class TransitionCustomerQuerySet(models.QuerySet["TransitionCustomer"]):
    def of_customer(self, customer: Customer) -> Self:
        """What was decided about him: by the transitions, few as they are, from each of which an index leads to him."""
        transitions: Any = self.model._meta.get_field("transition").related_model
        executed = transitions.objects.filter(organization=customer.organization_id, executed_at__isnull=False)
        known = list(executed.values_list("pk", flat=True))
        return self.filter(base=customer.base_id, transition__in=known, customer_id=customer.pk)


class SwitchedCustomerQuerySet(models.QuerySet["SwitchedCustomer"]):
    def of_customer(self, customer: Customer) -> Self:
        """In which switches of his base he has gone along: by the switches, as above."""
        switches: Any = self.model._meta.get_field("switch").related_model
        of_base = Q(source=customer.base_id) | Q(target=customer.base_id)
        known = list(
            switches.objects.filter(of_base, organization=customer.organization_id).values_list("pk", flat=True)
        )
        return self.filter(switch__in=known, customer_id=customer.pk)
