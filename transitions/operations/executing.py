"""Executing a transition: in one transaction it is fixed who is carried over, and the location has left or joined."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy

from customers.consents import StillOpen, quiet_moment, released
from customers.models import Customer
from customers.numbers import begin_behind
from files.reading_lock import reading
from locations import operations as places
from locations.models import CENTRAL_CLIENT_NUMBER, Location
from locations.operations import Place
from mcp.central import operations
from mcp.isolation import row_scope
from mcp.isolation.holdings import lock_rights
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Day, Sentences, sentences_of
from transitions import deciding
from transitions.choices import TransitionKind, TransitionState
from transitions.disclosing import record_carried_over
from transitions.models import Transition, TransitionCustomer
from transitions.operations import admitting
from transitions.operations.settling import settled_money
from transitions.operations.stepping import demand_reviewer, locked, record_step, take_step
from transitions.package.lifecycle import request_package

PATIENCE = 20
"""Seconds for which whoever executes by hand waits for others who are recording in the base."""


@transaction.atomic
def execute(*, transition: Transition, at: datetime, patience: float = PATIENCE, actor: Scope) -> Transition:
    """Execute a transition. No customer is changed. `at` is now, by which the day is checked.

    It waits up to `patience` seconds for statements that are being recorded in the base. What was recorded up to a
    moment at which none was open decides (customers/triggers/open_statements.py); that is the moment of the execution.

    An exit closes the location, revokes the rights of its people and opens the new business. A joining opens the branch
    on the base of the group; the old business can only be read from then on. Then the package is ordered.

    Raises MissingRight, NotThisStep, or ValidationError where the day has not come, somebody is still recording, money
    is open that no written assignment covers, or a condition does not hold any more.
    """
    demand_reviewer(actor)
    moving = locked(transition, before=[TransitionState.CONFIRMED], after=TransitionState.EXECUTED, actor=actor)
    check_day(moving, at)
    reading(moving.location.base_id)
    with connection.cursor() as cursor, released(cursor, moving.location.base_id):
        at = _quiet_moment(moving, patience)
        lock_rights(actor)
        money = settled_money(moving)
        result = deciding.freeze(transition=moving, at=at)
        record_carried_over(cursor, moving, at, carried=result["carried"], actor=actor)
    if moving.kind == TransitionKind.EXIT:
        _leave(moving, at, actor)
    else:
        _join(moving, result["carried"], actor)
    kept = {**result, "money": money.stored() if money else None}
    take_step(moving, TransitionState.EXECUTED, actor=actor, executed_at=at, result=kept)
    request_package(transition=moving, actor=actor)
    return moving


@transaction.atomic
def close(*, transition: Transition, note: str = "", actor: Scope) -> Transition:
    """End a transition. A business that has joined a group stays readable, since it answers for those who stay.

    Raises MissingRight, NotThisStep, or ValidationError where nothing was imported and `note` gives no reason.
    """
    demand_reviewer(actor)
    done = locked(
        transition,
        before=[TransitionState.EXECUTED, TransitionState.CARRIED_OVER],
        after=TransitionState.CLOSED,
        actor=actor,
    )
    note = note.strip()
    if (done.state == TransitionState.EXECUTED or done.is_taken_back) and not note:
        raise ValidationError(
            {
                "note": ValidationError(
                    gettext_lazy("The receiver has imported nothing yet. Say why it is closed all the same."),
                    code="nothing_imported",
                )
            }
        )
    take_step(done, TransitionState.CLOSED, actor=actor, note=note)
    return done


@transaction.atomic
def note_failure(*, transition: Transition, reason: Sentences, actor: Scope) -> None:
    """Record why it could not be reviewed or executed; once, however often it is tried. Raises NotThisStep.

    `transition` is as it was when that was tried.
    """
    stuck = locked(transition, before=[TransitionState(transition.state)], after=TransitionState.EXECUTED, actor=actor)
    last = stuck.steps.last()
    if last is None or last.told != reason:
        record_step(stuck, actor=actor, told=reason)


class _NoPlace(ValidationError):
    """The group has no place for the location any more, which it had when the place was entered."""

    def __init__(self, moving: Transition, reason: ValidationError) -> None:
        super().__init__(
            gettext_lazy(
                "%(group)s cannot take the location in as planned. %(reason)s Support can enter another place."
            ),
            code="no_place",
            params={"group": moving.receiver_name, "reason": sentences_of(reason)},
        )


def check_day(moving: Transition, at: datetime) -> None:
    """Raise ValidationError before the day that it is planned for."""
    if timezone.localdate(at) < moving.planned_for:
        raise ValidationError(
            gettext_lazy("This is planned for %(day)s and cannot be done before. Move the day if it shall be earlier."),
            code="too_early",
            params={"day": Day.of(moving.planned_for)},
        )


def _quiet_moment(moving: Transition, patience: float) -> datetime:
    try:
        return quiet_moment(moving.location.base_id, seconds=patience)
    except StillOpen as error:
        raise ValidationError(
            gettext_lazy(
                "Something is being recorded in this customer base that may decide who is carried over, perhaps by an "
                "import. Wait until it is done and execute then."
            ),
            code="still_recording",
        ) from error


def _leave(moving: Transition, at: datetime, actor: Scope) -> None:
    """Close the location in the group, and open its own business with an empty base (R6)."""
    places.close_location(location=moving.location, at=at, has_left=True)
    operations.let_people_go(location=moving.location, actor=actor)
    with row_scope.without_scope(reason="a location that has left begins to work", actor=actor.actor_name):
        if Customer.objects.filter(organization=moving.receiver_id).exists():
            raise ValidationError(
                gettext_lazy("The business %(number)s has customers already. Tell support."),
                code="receiver_not_empty",
                params={"number": moving.receiver_account},
            )
        place = places.reopen_location(location=Location.objects.get(organization=moving.receiver_id))
        # Whoever is registered there before the package arrives shall take no number of those who come with it.
        if highest := _carried(moving).aggregate(highest=Max("customer_number"))["highest"]:
            begin_behind(highest, place)


def _carried(moving: Transition) -> QuerySet[TransitionCustomer]:
    return TransitionCustomer.objects.filter(base=moving.location.base_id, transition=moving, reason="")


def _join(moving: Transition, carried: int, actor: Scope) -> None:
    """Open the branch on the base of the group (R2), with a number range for all who come."""
    old = moving.location
    place = Place(
        name=old.name,
        client_number=moving.receiver_client_number,
        street=old.street,
        postal_code=old.postal_code,
        city=old.city,
        numbers=places.NEXT_BLOCK + carried,
    )
    with row_scope.without_scope(reason="a business joins a group", actor=actor.actor_name):
        central = Location.objects.select_related("organization", "base").get(
            organization=moving.receiver_id, client_number=CENTRAL_CLIENT_NUMBER
        )
        admitting.demand_agreed(moving)
        number: Any = moving.receiver_client_number  # never null once support has entered a place
        if central.organization.locations.filter(client_number=number).exists():
            taken = gettext_lazy("It has given the client number %(number)s to another location.")
            raise _NoPlace(moving, ValidationError(taken, code="number_taken", params={"number": number}))
        try:
            branch = operations.open_branch(place=place, actor=Scope.of_system(central, name=actor.actor_name))
        except ValidationError as refusal:
            raise _NoPlace(moving, refusal) from refusal
        operations.let_people_in(business=old.organization, branch=branch)
        admitting.is_over(moving, actor)
    operations.leave_only_looking(actor=actor)
