"""Asking that a location leaves its group or joins one, moving the day, and calling it off."""

from __future__ import annotations

from datetime import date

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from locations import legacy
from locations.choices import LegacyRule, LocationKind
from locations.models import Location
from locations.permissions import Right
from mcp.central.operations import demand_all_locations, holdings_of
from mcp.isolation import row_scope
from mcp.isolation.scope import MissingRight, Scope
from mcp.stored_sentences import stored_sentence
from transitions.choices import BEFORE_EXECUTION, TransitionKind, TransitionState
from transitions.models import BaseSwitch, Transition
from transitions.operations import admitting
from transitions.operations.stepping import (
    NotThisStep,
    demand_reviewer,
    locked,
    record_step,
    requested_it,
    reviews_here,
    take_step,
)

MOVED = stored_sentence("transition_moved", gettext_lazy("Moved from %(before)s to %(after)s."))


class CannotLeave(ValidationError):
    """This location can neither leave nor join; the sentence says why."""


@transaction.atomic
def request_exit(*, location: Location, planned_for: date, note: str = "", actor: Scope) -> Transition:
    """Ask that a location leaves its group on a day. Its own people may, and the central.

    Raises MissingRight, PermissionDenied for a location of another business, CannotLeave with the reason, or
    ValidationError for a day in the past or a location that is on its way already.
    """
    _demand_leaver(location, actor)
    location = _locked_location(location)
    _check_may_leave(location)
    return _request(location, TransitionKind.EXIT, planned_for, note, actor)


@transaction.atomic
def request_join(*, planned_for: date, note: str = "", actor: Scope) -> Transition:
    """Ask that the independent business of the actor joins a group on a day. Which group is entered by support.

    Raises MissingRight, CannotLeave with the reason, or ValidationError as `request_exit` does.
    """
    actor.demand(Right.MANAGE_LOCATION)
    _check_of_business(actor)
    location = _locked_location(actor.location)
    _check_may_join(location)
    return _request(location, TransitionKind.JOIN, planned_for, note, actor)


@transaction.atomic
def move_day(*, transition: Transition, planned_for: date, actor: Scope) -> Transition:
    """Set another day, as long as it is not executed. Raises MissingRight, NotThisStep or ValidationError."""
    demand_reviewer(actor)
    moved = locked(transition, before=BEFORE_EXECUTION, after=TransitionState.EXECUTED, actor=actor)
    _check_day(planned_for)
    told = MOVED(before=moved.planned_for, after=planned_for)
    moved.planned_for = planned_for
    moved.save(update_fields=["planned_for"])
    record_step(moved, actor=actor, told=told)
    return moved


def may_cancel(transition: Transition, actor: Scope) -> bool:
    """Whether the actor may call it off: he has asked for it, or decides who is carried over."""
    return requested_it(transition, actor) or reviews_here(actor)


@transaction.atomic
def cancel(*, transition: Transition, note: str = "", actor: Scope) -> Transition:
    """Call it off, as long as it is not executed. Raises MissingRight or NotThisStep.

    A business that was opened for it stays, closed and empty; its number can be given again (`freed_business`).
    """
    called_off = locked(transition, before=TransitionState, after=TransitionState.CANCELLED, actor=actor)
    if not may_cancel(called_off, actor):
        raise MissingRight(Right.CARRY_OVER, actor.location, need=_("Whoever has asked for it can cancel it as well."))
    if called_off.state not in BEFORE_EXECUTION:
        raise NotThisStep(called_off, TransitionState.CANCELLED)
    take_step(called_off, TransitionState.CANCELLED, actor=actor, note=note.strip())
    if called_off.kind == TransitionKind.JOIN:
        with row_scope.without_scope(reason="tell the group that nobody joins it", actor=actor.actor_name):
            admitting.is_over(called_off, actor)
    return called_off


def why_not(location: Location) -> str:
    """Why the location can neither leave nor join; empty where it can."""
    check = _check_may_join if location.kind == LocationKind.INDEPENDENT else _check_may_leave
    try:
        check(location)
    except CannotLeave as refusal:
        return refusal.messages[0]
    return ""


def _demand_leaver(location: Location, actor: Scope) -> None:
    """Raise unless the location is the actor's own, or he manages all locations of its business from the central.

    A franchisee can withhold that from the central (R25); then only its own people can ask.
    """
    actor.demand(Right.MANAGE_LOCATION)
    if location.organization_id != actor.organization.pk:
        raise PermissionDenied
    _check_of_business(actor)
    if location.pk == actor.location.pk:
        return
    demand_all_locations(actor)
    if not actor.location.is_central:
        raise PermissionDenied
    if not holdings_of(actor).holds(Right.MANAGE_LOCATION, location.pk):
        raise MissingRight(Right.MANAGE_LOCATION, location)


def _check_of_business(actor: Scope) -> None:
    if actor.user is not None and actor.user.organization_id is None:
        raise CannotLeave(
            gettext_lazy(
                "Whether a location leaves or joins is decided by the business itself. Its people have to ask for it."
            ),
            code="not_of_business",
        )


def _locked_location(location: Location) -> Location:
    """The location, locked to the end of the transaction, so that nobody closes it and only one asks for it."""
    found = Location.objects.select_for_update(of=("self",)).select_related("organization", "base")
    return found.get(pk=location.pk)


def _check_may_leave(location: Location) -> None:
    if location.is_central:
        raise CannotLeave(
            gettext_lazy("The central cannot leave: without it nobody could manage the group."), code="central_stays"
        )
    if location.kind == LocationKind.INDEPENDENT:
        raise CannotLeave(
            gettext_lazy("%(location)s is an independent business already and belongs to no group."),
            code="not_in_a_group",
            params={"location": location},
        )
    _check_open(location)
    if BaseSwitch.objects.under_way().concerning(location).exists():
        raise CannotLeave(
            gettext_lazy(
                "%(location)s is being switched between the customer bases 2.0 and 1.0. Have support end or cancel "
                "that first."
            ),
            code="base_switch",
            params={"location": location},
        )
    if location.base.is_discontinued and legacy.is_in_force(LegacyRule.LEAVING, location.organization):
        raise CannotLeave(
            gettext_lazy(
                "%(location)s works with a customer base 1.0 of its own, which the carry-over does not know. Have "
                "support move it to the customer base 2.0 first."
            ),
            code="offline_base",
            params={"location": location},
        )


def _check_may_join(location: Location) -> None:
    if location.kind != LocationKind.INDEPENDENT:
        raise CannotLeave(
            gettext_lazy("%(location)s belongs to a group already. Only an independent business can join one."),
            code="in_a_group",
            params={"location": location},
        )
    _check_open(location)
    if Transition.objects.filter(location=location, kind=TransitionKind.JOIN, state=TransitionState.CLOSED).exists():
        raise CannotLeave(
            gettext_lazy("%(location)s has joined a group already. What is left here can only be looked at."),
            code="has_joined",
            params={"location": location},
        )


def _check_open(location: Location) -> None:
    if location.closed_at is not None:
        raise CannotLeave(gettext_lazy("%(location)s is closed."), code="closed", params={"location": location})


def _check_day(planned_for: date) -> None:
    if planned_for < timezone.localdate():
        raise ValidationError(
            {
                "planned_for": ValidationError(
                    gettext_lazy("This day is over. Choose today or a later one."), code="day_is_over"
                )
            }
        )


def _request(location: Location, kind: TransitionKind, planned_for: date, note: str, actor: Scope) -> Transition:
    _check_day(planned_for)
    asked = Transition(
        organization=location.organization,
        location=location,
        kind=kind,
        planned_for=planned_for,
        note=note.strip(),
        requested_by=actor.actor_name,
    )
    asked.full_clean(exclude=["receiver", "receiver_account", "receiver_client_number"])
    asked.save(force_insert=True)
    record_step(asked, actor=actor, note=asked.note)
    return asked
