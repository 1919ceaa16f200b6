"""Asking for a switch, signing it, and calling it off."""

from __future__ import annotations

from uuid import UUID

import pghistory
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from clearing.central import switching as nodes
from clearing.models import Conflict, HeldBack
from locations import operations as places
from locations.choices import EditSide, LocationKind
from locations.models import CustomerBase, Location
from locations.permissions import Right
from locations.violations import told_as_refusals
from mcp.central import operations as central
from mcp.choices import ProviderRole
from mcp.isolation.scope import Scope, facts_of
from mcp.models import User
from transitions.choices import StartsWith, SwitchDirection, SwitchState
from transitions.models import BaseSwitch, Transition
from transitions.querysets import BaseSwitchQuerySet
from transitions.switching.stepping import (
    both_bases,
    demand_support,
    locked_switch,
    offline_base,
    record_step,
    take_step,
)


class CannotSwitch(ValidationError):
    """This location cannot be switched; the sentence says why."""


def visible_switches(actor: Scope) -> BaseSwitchQuerySet:
    """What the actor may see here: at the central the switches of all locations, elsewhere those by which this one is
    switched.
    """
    if not actor.allows(Right.MANAGE_LOCATION):
        return BaseSwitch.objects.none()
    found = BaseSwitch.objects.of_organization(actor.organization).select_related("location__base", "organization")
    return found if actor.location.is_central else found.concerning(actor.location)


@transaction.atomic
def request_switch(
    *, location: Location, direction: str, starts_with: str = "", reason: str, actor: Scope
) -> BaseSwitch:
    """Ask that a location comes to the other kind of customer base. The provider's support does (R11).

    To 2.0 all locations of the base 1.0 go together, and from now on nothing is written in it where a node works with
    it. Raises PermissionDenied, CannotSwitch with the reason, or ValidationError.
    """
    support = demand_support(actor)
    if location.organization_id != actor.organization.pk or not central.may_open_offline(actor):
        raise PermissionDenied
    with both_bases("ask for a switch of the customer base", actor.actor_name), told_as_refusals():
        found = Location.objects.select_for_update(of=("self",), no_key=True).select_related("organization", "base")
        place = found.get(pk=location.pk)
        _demand_may_switch(place, direction)
        source = place.base
        target = _target(place, direction)
        if direction == SwitchDirection.TO_OFFLINE:
            _demand_takes_customers(target, starts_with)
        asked = BaseSwitch(
            organization=place.organization, location=place, direction=direction, starts_with=starts_with,
            source=source, target=target, reason=reason, requested_by=actor.actor_name, requested_user=support.pk,
            edit_side=offline(source, target).edit_side,
        )  # fmt: skip
        asked.full_clean()
        asked.save(force_insert=True)
        record_step(asked, by=support, name=actor.actor_name, note=asked.reason)
        if direction == SwitchDirection.TO_SHARED:
            _stop(source)
    return asked


def why_not(location: Location, direction: str) -> str:
    """Why the location cannot be switched; empty where it can."""
    try:
        _demand_may_switch(location, direction)
    except CannotSwitch as refusal:
        return refusal.messages[0]
    return ""


def is_in_the_way(location: Location) -> bool:
    """Whether the location cannot leave its group before it has been switched to 2.0, or the switch is over."""
    return location.base.is_discontinued or BaseSwitch.objects.under_way().concerning(location).exists()


def offline(*bases: CustomerBase) -> CustomerBase:
    """The one that is 1.0."""
    return next(base for base in bases if base.is_discontinued)


def to_be_signed(*, developer: User) -> list[BaseSwitch]:
    """What waits for the signature of a developer, the oldest first. Raises PermissionDenied for everybody else."""
    _demand_developer(developer)
    with both_bases("look which switches wait for a signature", str(developer)):
        found = BaseSwitch.objects.to_be_signed().exclude(requested_user=developer.pk)
        return list(found.select_related("organization", "location__organization", "target").order_by("state_since"))


def has_signed(*, switch: UUID, developer: User) -> bool:
    """Whether this developer has signed this switch. Raises PermissionDenied for everybody else."""
    _demand_developer(developer)
    with both_bases("look whether a switch was signed", str(developer)):
        return BaseSwitch.objects.filter(pk=switch, signed_user=developer.pk).exists()


def _demand_developer(developer: User) -> None:
    if developer.provider_role != ProviderRole.DEVELOPER or not developer.is_active:
        raise PermissionDenied


@transaction.atomic
def sign(*, switch: UUID, developer: User) -> BaseSwitch:
    """A developer of the provider agrees to a switch to 1.0, which somebody else has asked for.

    Raises PermissionDenied for everybody else, also where there is no such switch, or NotThisSwitchStep.
    """
    _demand_developer(developer)
    with both_bases("sign a switch of the customer base", str(developer)):
        signed = locked_switch(BaseSwitch(pk=switch), before=[SwitchState.REQUESTED], organization=None)
        if not signed.is_to_offline or signed.requested_user == developer.pk:
            raise PermissionDenied
        with pghistory.context(**{**facts_of(developer), "organization": signed.organization_id}):
            take_step(
                signed, SwitchState.SIGNED, by=developer, name=str(developer), signed_by=str(developer)[:200],
                signed_user=developer.pk, signed_at=timezone.now(),
            )  # fmt: skip
    return signed


@transaction.atomic
def cancel(*, switch: BaseSwitch, note: str = "", actor: Scope) -> BaseSwitch:
    """Call it off, as long as it is not executed. Raises PermissionDenied or NotThisSwitchStep."""
    support = demand_support(actor)
    with both_bases("call off a switch of the customer base", actor.actor_name):
        off = locked_switch(
            switch, before=[SwitchState.REQUESTED, SwitchState.SIGNED], organization=actor.organization.pk
        )
        take_step(off, SwitchState.CANCELLED, by=support, name=actor.actor_name, note=note.strip())
        base = CustomerBase.objects.select_for_update(of=("self",), no_key=True).get(pk=offline_base(off).pk)
        if base.edit_side == EditSide.NEITHER and not off.is_to_offline:
            nodes.go_on(base, off.edit_side)
    return off


def _demand_may_switch(place: Location, direction: str) -> None:
    if place.kind != LocationKind.BRANCH:
        raise CannotSwitch(
            gettext_lazy("%(location)s is no branch. Only a branch works with a customer base 1.0."),
            code="no_branch", params={"location": place},
        )  # fmt: skip
    if place.closed_at is not None:
        raise CannotSwitch(gettext_lazy("%(location)s is closed."), code="closed", params={"location": place})
    if place.base.is_discontinued == (direction == SwitchDirection.TO_OFFLINE):
        raise CannotSwitch(
            gettext_lazy("%(location)s works with the %(base)s already."),
            code="there_already", params={"location": place, "base": place.base},
        )  # fmt: skip
    if Transition.objects.filter(location=place).open().exists():
        raise CannotSwitch(
            gettext_lazy("%(location)s is about to leave the group. Finish or cancel that first."),
            code="leaving", params={"location": place},
        )  # fmt: skip
    if BaseSwitch.objects.under_way().concerning(place).exists():
        raise CannotSwitch(
            gettext_lazy("A switch of %(location)s is under way already. Finish or cancel that first."),
            code="under_way", params={"location": place},
        )  # fmt: skip
    if direction == SwitchDirection.TO_SHARED:
        _demand_nothing_open(place.base)


def still_open(base: CustomerBase) -> tuple[int, int]:
    """How many changes are held back and wait, and how many conflicts are open."""
    return HeldBack.objects.in_base(base).waiting().count(), Conflict.objects.in_base(base).open().count()


def _demand_nothing_open(base: CustomerBase) -> None:
    """What has to be decided before the nodes are stopped: afterwards a branch could not mend it any more."""
    held, conflicts = still_open(base)
    if held or conflicts:
        raise CannotSwitch(
            gettext_lazy(
                "In this customer base conflicts are open (%(conflicts)s) or changes held back (%(held)s). Whoever "
                "decides conflicts at the location decides, mends or dismisses those first: afterwards nothing is "
                "changed in it."
            ),
            code="something_open", params={"conflicts": conflicts, "held": held},
        )  # fmt: skip


def _target(place: Location, direction: str) -> CustomerBase:
    if direction == SwitchDirection.TO_SHARED:
        return CustomerBase.objects.of_organization(place.organization).shared().get()
    return places.offline_base(place.organization, place.branch_number)


def _demand_takes_customers(base: CustomerBase, starts_with: str) -> None:
    if BaseSwitch.objects.under_way().filter(source=base).exists():
        raise CannotSwitch(
            gettext_lazy("The customer base 1.0 of branch number %(number)s is being switched to 2.0 itself."),
            code="base_is_switched", params={"number": base.branch_number},
        )  # fmt: skip
    if starts_with == StartsWith.HOME and base.has_node and base.edit_side == EditSide.BRANCH:
        raise CannotSwitch(
            gettext_lazy(
                "The customer base 1.0 of branch number %(number)s is in use, and its customers are edited at the "
                "branch. Begin with no customers, or let them be edited at both sides first."
            ),
            code="edited_at_branch", params={"number": base.branch_number},
        )  # fmt: skip


def _stop(base: CustomerBase) -> None:
    """Nothing is written any more in a base that has a node; whoever is writing now is waited for."""
    row = CustomerBase.objects.select_for_update(of=("self",), no_key=True).get(pk=base.pk)
    if row.has_node:
        nodes.stop(row)
