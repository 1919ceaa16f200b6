"""A location keeps its accounts with the central, or on its own: asked by one person and confirmed by another (R35).

Both manage the location. Of a branch of the central both act at the central; of a franchise one at the central and one
at the franchise itself. From the confirmation on what is new goes to the other ledger; what was booked stays where it
is and can still be paid there.
"""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Func
from django.utils.translation import gettext_lazy as _

from accounting.balances import owner_now
from accounting.choices import AccountingMode, SwitchState
from accounting.models import AccountingSwitch
from accounting.operations.opening import demand_base
from accounting.querysets import SwitchQuerySet
from locations.choices import LocationKind
from locations.models import Location
from locations.permissions import Right
from locations.violations import told_as_refusals
from mcp.isolation import row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope
from mcp.models import User

NOW = Func(function="clock_timestamp")


class CannotSwitchAccounts(ValidationError):
    """The accounts of this location cannot be switched; the sentence says why."""


class DecidedAlready(ValidationError):
    """Somebody has confirmed, refused or withdrawn it meanwhile."""

    def __init__(self, switch: AccountingSwitch) -> None:
        super().__init__(
            _("%(who)s has decided about this already: %(state)s."),
            code="accountingswitch_decided",
            params={"who": switch.decided_by, "state": switch.get_state_display()},
        )


def switchable(actor: Scope) -> list[Location]:
    """The locations about which the actor may ask or decide here: at the central the branches of its base, at a
    franchise itself.
    """
    found = Location.objects.on_base(actor.base).branches().open()
    if not actor.location.is_central:
        found = found.filter(pk=actor.location.pk).franchises()
    return list(found.select_related("organization", "base").order_by("client_number"))


def visible_switches(actor: Scope) -> SwitchQuerySet:
    """At the central those of all its locations, elsewhere those of this one."""
    found = AccountingSwitch.objects.in_base(actor.base).select_related("location")
    return found if actor.location.is_central else found.filter(location=actor.location)


def may_confirm(switch: AccountingSwitch, actor: Scope) -> bool:
    """Whether the actor is the second person whom an open request waits for."""
    is_other = person_of(actor) is not None and actor.user is not None and actor.user.pk != switch.asked_user
    on_other_side = not switch.location.is_franchise or actor.location.pk != switch.asked_place
    return is_other and on_other_side and _is_side_of(switch.location, actor)


@busy_told()
def ask_accounting_switch(*, location: int, mode: str, reason: str, actor: Scope) -> AccountingSwitch:
    """Ask that a location keeps its accounts with the central (`central`) or on its own (`own`).

    Raises MissingRight, Location.DoesNotExist, CannotSwitchAccounts, also for whoever is no person of the business or
    may not ask here, NotOnThisBase, ValidationError without a reason or where one is asked for already, or Busy.
    """
    actor.demand(Right.MANAGE_LOCATION)
    person = _demand_person(actor)
    demand_base(actor)
    with row_scope.within(actor):
        place = _locked_place(location, actor)
        _demand_other_mode(place, mode, actor)
        row = AccountingSwitch(
            organization=actor.organization, base=actor.base, location=place, mode=mode, reason=reason.strip(),
            asked_by=actor.actor_name[:200], asked_user=person.pk, asked_place=actor.location.pk, asked_at=NOW,
        )  # fmt: skip
        with told_as_refusals(), transaction.atomic():
            row.save(force_insert=True)
        row.refresh_from_db()
    return row


@busy_told()
def confirm_accounting_switch(*, switch: UUID, actor: Scope) -> AccountingSwitch:
    """Another person agrees, and from now on the location posts to the other ledger.

    Raises MissingRight, AccountingSwitch.DoesNotExist, CannotSwitchAccounts, also for whoever may not decide here,
    DecidedAlready, or Busy.
    """
    actor.demand(Right.MANAGE_LOCATION)
    _demand_person(actor)
    with row_scope.within(actor):
        row = _locked(switch, actor)
        _demand_second(row, actor)
        _demand_other_mode(row.location, row.mode, actor)
        return _decided(row, SwitchState.CONFIRMED, "", actor)


@busy_told()
def refuse_accounting_switch(*, switch: UUID, note: str, actor: Scope) -> AccountingSwitch:
    """Whoever may confirm it says no. Raises as `confirm_accounting_switch`, or ValidationError without a note."""
    actor.demand(Right.MANAGE_LOCATION)
    _demand_person(actor)
    if not note.strip():
        sentence = _("Say why it is refused.")
        raise ValidationError({"note": ValidationError(sentence, code="accountingswitch_refused_with_note")})
    with row_scope.within(actor):
        row = _locked(switch, actor)
        _demand_second(row, actor)
        return _decided(row, SwitchState.REFUSED, note.strip(), actor)


@busy_told()
def withdraw_accounting_switch(*, switch: UUID, actor: Scope) -> AccountingSwitch:
    """Take a request back, at the place where it was asked. Raises as `confirm_accounting_switch`."""
    actor.demand(Right.MANAGE_LOCATION)
    _demand_person(actor)
    with row_scope.within(actor):
        row = _locked(switch, actor)
        if row.asked_place != actor.location.pk:
            raise CannotSwitchAccounts(
                _("Who has asked for it takes it back. Refuse it, and say why."), code="accountingswitch_of_others"
            )
        return _decided(row, SwitchState.WITHDRAWN, "", actor)


def person_of(actor: Scope) -> User | None:
    """Whoever acts, if it is a person of this business: neither a machine nor somebody of the provider."""
    user = actor.user
    return user if user is not None and user.organization_id == actor.organization.pk else None


def _demand_person(actor: Scope) -> User:
    if (user := person_of(actor)) is None:
        raise CannotSwitchAccounts(
            _("The people of the business decide themselves how its accounts are kept."),
            code="accountingswitch_by_person",
        )
    return user


def _demand_second(row: AccountingSwitch, actor: Scope) -> None:
    if not may_confirm(row, actor):
        raise CannotSwitchAccounts(
            _(
                "Another person decides about it than %(who)s, who has asked for it: at the central, or of a franchise "
                "on the other side."
            ),
            code="accountingswitch_two_people",
            params={"who": row.asked_by},
        )


def _is_side_of(location: Location, actor: Scope) -> bool:
    return actor.location.is_central or (location.is_franchise and location.pk == actor.location.pk)


def _locked_place(pk: int, actor: Scope) -> Location:
    """The location, locked, so that it is neither closed nor switched meanwhile."""
    found = Location.objects.on_base(actor.base)
    place = found.select_for_update(of=("self",), no_key=True).get(pk=pk)
    if not _is_side_of(place, actor):
        raise CannotSwitchAccounts(
            _("That is asked for and confirmed at the central. A franchise does so itself as well."),
            code="accountingswitch_at_central",
        )
    return place


def _demand_other_mode(place: Location, mode: str, actor: Scope) -> None:
    if place.kind != LocationKind.BRANCH or place.closed_at is not None:
        raise CannotSwitchAccounts(
            _("Only an open branch keeps accounts with the central or on its own."), code="accountingswitch_of_branch"
        )
    if mode not in AccountingMode.values:
        raise CannotSwitchAccounts(_("Choose how the accounts are kept."), code="accountingswitch_mode_known")
    if (owner_now(actor.base, place) != 0) == (mode == AccountingMode.OWN):
        raise CannotSwitchAccounts(
            _("%(location)s keeps its accounts so already."),
            code="accountingswitch_is_so",
            params={"location": place.name},
        )


def _locked(pk: UUID, actor: Scope) -> AccountingSwitch:
    """The request, locked after its location. Raises AccountingSwitch.DoesNotExist, or DecidedAlready."""
    known = visible_switches(actor).get(pk=pk)
    place = _locked_place(known.location_id, actor)
    row = visible_switches(actor).select_for_update(of=("self",)).get(pk=pk)
    row.location = place
    if row.state != SwitchState.ASKED:
        raise DecidedAlready(row)
    return row


def _decided(row: AccountingSwitch, state: SwitchState, note: str, actor: Scope) -> AccountingSwitch:
    row.state, row.note, row.decided_by = state, note, actor.actor_name[:200]
    with told_as_refusals(), transaction.atomic():
        row.save(update_fields=["state", "note", "decided_by"])
    row.refresh_from_db()
    return row
