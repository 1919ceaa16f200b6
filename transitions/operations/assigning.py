"""The provider's support says where a location goes: to an account number of its own, or to a place in a group."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pghistory
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from locations import operations as places
from locations.choices import OrganizationKind
from locations.models import CENTRAL_CLIENT_NUMBER, HIGHEST_CLIENT_NUMBER, Location, Organization
from locations.operations import Place
from mcp.central import operations
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.models import User
from mcp.stored_sentences import stored_sentence
from transitions.choices import JOINED_ANEW, TransitionKind, TransitionState
from transitions.models import Transition
from transitions.operations import admitting
from transitions.operations.freeing import freed_business
from transitions.operations.reviewing import UNREVIEWED
from transitions.operations.stepping import NotThisStep, is_support, locked, take_step

_NOWHERE: dict[str, Any] = {
    "receiver": None,
    "receiver_account": None,
    "receiver_client_number": None,
    "receiver_name": "",
    "money_agreement": "",  # it names the receiver
    "money_by": "",
}


GIVEN_UP = stored_sentence(
    "transition_place_given_up", gettext_lazy("Number %(number)s in %(group)s is given up for another place.")
)


class NumberRefused(ValidationError):
    """The number cannot be that of the receiver; the sentence says why."""


@transaction.atomic
def assign_account(
    *,
    transition: Transition,
    account_number: int,
    name: str,
    administrator: User,
    password: str | None = None,
    actor: Scope,
) -> Transition:
    """Open the independent business to which the location leaves, with its first administrator.

    Its location stays closed until the exit is executed: nobody can fill its base before. The number of an exit that
    was called off can be given again (`freed_business`). Raises PermissionDenied for anybody but the provider's
    support, NumberRefused for a number that is not new (R5), NotThisStep, or ValidationError.
    """
    leaving = _to_be_numbered(transition, TransitionKind.EXIT, actor)
    with row_scope.without_scope(reason="open the business of a location that leaves", actor=actor.actor_name):
        whose: dict[str, Any] = {
            "name": name, "place": _place_of(leaving.location), "administrator": administrator, "password": password,
            "support": _support(actor),
        }  # fmt: skip
        if (freed := freed_business(account_number, leaving)) is not None:
            business = operations.take_up_business(business=freed, **whose)
        else:
            _check_unused(account_number, leaving)
            business = operations.open_business(
                account_number=account_number, kind=OrganizationKind.INDEPENDENT, **whose
            )
            places.close_location(location=business.locations.get(), at=timezone.now())
        _assign_receiver(leaving, business, business.locations.get().client_number, actor)
    return leaving


@transaction.atomic
def assign_group(*, transition: Transition, account_number: int, client_number: int, actor: Scope) -> Transition:
    """Say which group the business joins, and as which client number there (R17).

    Until it is executed another place can be entered; who is carried over is then reviewed once more. Raises
    PermissionDenied for anybody but the provider's support, NumberRefused, or NotThisStep.
    """
    joining = _to_be_numbered(transition, TransitionKind.JOIN, actor, before={TransitionState.REQUESTED, *JOINED_ANEW})
    with row_scope.without_scope(reason="look up the group that is joined", actor=actor.actor_name):
        others = Organization.objects.exclude(pk=joining.organization_id)
        group = others.select_for_update().filter(account_number=account_number).first()
        if group is None or not group.is_group:
            raise NumberRefused(
                gettext_lazy("No group has the account number %(number)s. Only a group can be joined."),
                code="no_group",
                params={"number": account_number},
            )
        _check_client_number(client_number, group)
        if joining.state != TransitionState.REQUESTED:
            admitting.is_over(joining, actor)
            _take_back(joining, actor)
        _assign_receiver(joining, group, client_number, actor)
        admitting.ask(joining, actor)
    return joining


def _support(actor: Scope) -> User:
    if actor.user is None or not is_support(actor):
        raise PermissionDenied
    return actor.user


def _to_be_numbered(
    transition: Transition,
    kind: TransitionKind,
    actor: Scope,
    *,
    before: Iterable[TransitionState] = (TransitionState.REQUESTED,),
) -> Transition:
    _support(actor)
    found = locked(transition, before=before, after=TransitionState.NUMBERED, actor=actor)
    if found.kind != kind:
        raise NotThisStep(found, TransitionState.NUMBERED)
    return found


def _check_unused(account_number: int, leaving: Transition) -> None:
    """A location leaves only to a number outside every group, unused before (R5)."""
    owner = Organization.objects.filter(account_number=account_number).first()
    if owner is None:
        return
    if owner.pk == leaving.organization_id:
        raise NumberRefused(
            gettext_lazy(
                "%(number)s is the account number of the group itself. A location leaves only to a new number outside "
                "of every group."
            ),
            code="number_is_own",
            params={"number": account_number},
        )
    if owner.is_group:
        raise NumberRefused(
            gettext_lazy(
                "%(number)s is the account number of a group. A location leaves only to a new number outside of every "
                "group."
            ),
            code="number_of_group",
            params={"number": account_number},
        )
    raise NumberRefused(
        gettext_lazy(
            "%(number)s is in use by an independent business already. A location leaves only to a number that nobody "
            "has used before."
        ),
        code="number_in_use",
        params={"number": account_number},
    )


def _check_client_number(client_number: int, group: Organization) -> None:
    if not CENTRAL_CLIENT_NUMBER < client_number <= HIGHEST_CLIENT_NUMBER:
        raise NumberRefused(
            gettext_lazy("A branch has a client number from 2 to %(highest)s."),
            code="client_number_range",
            params={"highest": HIGHEST_CLIENT_NUMBER},
        )
    if group.locations.filter(client_number=client_number).exists():
        raise NumberRefused(
            gettext_lazy("Another location of this group already has the client number %(number)s. Choose a free one."),
            code="client_number_taken",
            params={"number": client_number},
        )


def _place_of(location: Location) -> Place:
    return Place(
        name=location.name,
        client_number=CENTRAL_CLIENT_NUMBER + 1,
        street=location.street,
        postal_code=location.postal_code,
        city=location.city,
        number_range=places.WHOLE_RANGE,
    )


def _take_back(joining: Transition, actor: Scope) -> None:
    told = GIVEN_UP(number=joining.receiver_client_number, group=joining.receiver_name)
    take_step(joining, TransitionState.REQUESTED, actor=actor, told=told, **UNREVIEWED, **_NOWHERE)


def _assign_receiver(transition: Transition, receiver: Organization, client_number: int, actor: Scope) -> None:
    pghistory.context(**actor.history())  # opening a business has named another one
    take_step(
        transition,
        TransitionState.NUMBERED,
        actor=actor,
        receiver=receiver,
        receiver_account=receiver.account_number,
        receiver_client_number=client_number,
        receiver_name=receiver.name,
    )
