"""Operations on businesses and locations: locations.operations does them, and here the rights are checked."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from copy import copy
from datetime import datetime

import pghistory
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from locations import legacy, operations
from locations.choices import EditSide, LegacyRule, LocationKind, OrganizationKind, Side
from locations.models import CustomerBase, Location, Organization
from locations.operations import Place
from locations.permissions import Right
from mcp.central.operations.changing import merged
from mcp.central.operations.groups import create_user_group
from mcp.central.operations.passwords import can_be_mailed, issue_link
from mcp.central.operations.users import create_user
from mcp.choices import ProviderRole
from mcp.isolation import grants
from mcp.isolation.branch import demand_made_here
from mcp.isolation.holdings import demand_everywhere, holdings_of, holds_everywhere, lock_rights
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import MissingRight, Scope
from mcp.models import Membership, User, UserGroup


def visible_locations(actor: Scope) -> QuerySet[Location]:
    """The locations whose data the actor sees here: all at the central, else only this one."""
    if not actor.allows(Right.MANAGE_LOCATION):
        return Location.objects.none()
    if actor.location.kind == LocationKind.CENTRAL:
        return Location.objects.of_organization(actor.organization)
    return Location.objects.filter(pk=actor.location.pk)


@transaction.atomic
def open_business(
    *,
    account_number: int,
    name: str,
    kind: str,
    place: Place,
    administrator: User,
    password: str | None = None,
    support: User,
) -> Organization:
    """The provider's support creates a business with its first location and its first administrator.

    The administrator gets a user group with every right at all locations, and (unless the demo gives a password) a
    link to choose a password, mailed if it can be (`first_link_of`). Raises PermissionDenied for anybody but
    support, or ValidationError.
    """
    if support.provider_role != ProviderRole.SUPPORT or not support.is_active:
        raise PermissionDenied
    organization = operations.open_organization(account_number=account_number, name=name, kind=kind, place=place)
    location = organization.locations.select_related("organization", "base").get()
    system = Scope.of_system(location, name=str(support))
    with pghistory.context(**system.history(), support=support.pk):
        create_user(user=administrator, password=password, actor=system)
        group = UserGroup.objects.create(organization=organization, name=_first_group_name(kind))
        grants.add_grants(group, [(right, None) for right in Right])
        Membership.objects.create(organization=organization, user=administrator, group=group)
        if password is None:
            issue_link(user=administrator, is_mailed=can_be_mailed(administrator), made_by=str(support), maker=support)
    return organization


@transaction.atomic
def create_local_administrator(
    *, administrator: User, password: str, group_name: str, rights: Iterable[Right], actor: Scope
) -> UserGroup:
    """At a branch's own installation: its first person, with these rights there, in a group that the branch manages.

    For the first start, where nobody could hold a right yet; `actor` is the system. Raises ValidationError for a user
    name or a weak password.
    """
    if not actor.is_system:
        raise PermissionDenied
    with pghistory.context(**actor.history()):
        create_user(user=administrator, password=password, actor=actor)
        group = create_user_group(name=group_name, actor=actor)
        grants.add_grants(group, [(right, actor.location.pk) for right in rights])
        Membership.objects.create(organization=actor.organization, user=administrator, group=group)
    return group


@transaction.atomic
def open_branch(*, place: Place, offline: bool = False, actor: Scope) -> Location:
    """Open a branch in the actor's group. Needs the right to manage locations at all of them.

    Whether on an offline base says `may_open_offline`. Raises MissingRight, PermissionDenied or ValidationError.
    """
    demand_all_locations(actor)
    if offline and not may_open_offline(actor):
        raise PermissionDenied
    return operations.open_location(organization=actor.organization, place=place, offline=offline)


def may_open_offline(actor: Scope) -> bool:
    """Whether the actor may open a branch on an offline base: support, and where the rule is lifted anybody who may
    open one at all.
    """
    is_support = actor.user is not None and actor.user.provider_role == ProviderRole.SUPPORT
    return actor.is_system or is_support or not legacy.is_in_force(LegacyRule.NEW_LOCATIONS, actor.organization)


@transaction.atomic
def change_location(*, location: Location, changed: Collection[str] | None = None, actor: Scope) -> Location:
    """Save the fields of a location that the user has changed. Numbers need the right at all locations.

    `changed` are the fields whose value he has changed, None means all; the others stay as they are stored. Raises
    MissingRight or ValidationError.
    """
    actor.demand(Right.MANAGE_LOCATION)
    demand_made_here()
    before = visible_locations(actor).select_for_update(of=("self",)).filter(pk=location.pk).first()
    if before is None:
        raise PermissionDenied
    _demand_there(before, actor)
    stored = copy(before)
    names = merged(stored, location, CHANGED_BY_PEOPLE, changed=changed)
    if any(getattr(before, name) != getattr(stored, name) for name in NUMBERS):
        demand_all_locations(actor)
    _check_fixed(before, stored)
    stored.full_clean()
    stored.save(update_fields=names)
    return location


@transaction.atomic
def close_location(*, location: Location, at: datetime, actor: Scope) -> Location:
    """Close a location of the actor's group, also the one at which he works. Raises MissingRight or ValidationError."""
    demand_all_locations(actor)
    lock_rights(actor)  # afterwards no right is held there any more
    return operations.close_location(location=_of_organization(location, actor), at=at)


@transaction.atomic
def reopen_location(*, location: Location, actor: Scope) -> Location:
    """Undo a closing. Raises MissingRight, or ValidationError for a location that has left."""
    demand_all_locations(actor)
    return operations.reopen_location(location=_of_organization(location, actor))


@busy_told()
def choose_edit_side(*, location: Location, side: EditSide, actor: Scope) -> CustomerBase:
    """Decide on which side customers of the location's base 1.0 are edited, for all locations that share it.

    Waits until what is being written there is done. It is decided at the central. Raises MissingRight,
    PermissionDenied, ValidationError, or Busy.
    """
    demand_all_locations(actor)
    place = _of_organization(location, actor)
    if settings.SIDE != Side.CENTRAL:
        raise ValidationError(
            gettext_lazy("It is decided at the central on which side customers are edited."), code="decided_at_central"
        )
    offline = CustomerBase.objects.offline().select_for_update(of=("self",), no_key=True)
    base = offline.filter(locations=place.pk).first()
    if base is None:
        raise ValidationError(
            gettext_lazy("%(name)s works on the customer base 2.0, which all edit together."),
            code="edit_side_of_shared_base",
            params={"name": place.name},
        )
    for other in Location.objects.on_base(base):
        _demand_there(other, actor)
    if EditSide.NEITHER in (side, base.edit_side):
        raise ValidationError(
            gettext_lazy(
                "%(name)s is being switched to the customer base 2.0, and until that is done or cancelled nobody edits "
                "its customers."
            ),
            code="edit_side_of_switched_base",
            params={"name": place.name},
        )
    if base.edit_side != side:
        base.edit_side = side
        base.full_clean()
        base.save(update_fields=["edit_side"])
    return base


NUMBERS = ("client_number", "branch_number", "number_range", "is_franchise")
"""Fields of a location that the others of its business depend on."""
CHANGED_BY_PEOPLE = ("name", "street", "postal_code", "city", *NUMBERS)


def manages_all_locations(actor: Scope) -> bool:
    """Whether the actor may open and close locations and change their numbers."""
    return holds_everywhere(actor, Right.MANAGE_LOCATION)


def demand_all_locations(actor: Scope) -> None:
    """Raise MissingRight unless the actor may open and close locations and change their numbers."""
    demand_everywhere(actor, Right.MANAGE_LOCATION)


def _check_fixed(before: Location, after: Location) -> None:
    is_other = before.base.is_discontinued and before.branch_number != after.branch_number
    if is_other and legacy.is_in_force(LegacyRule.BRANCH_NUMBER, before.organization):
        raise ValidationError(
            {
                "branch_number": ValidationError(
                    gettext_lazy(
                        "%(name)s works on the customer base 1.0 of branch number %(number)s. The number stays as long "
                        "as the location is on 1.0."
                    ),
                    code="branch_number_of_offline_base",
                    params={"name": before.name, "number": before.branch_number},
                )
            }
        )
    if before.is_franchise and not after.is_franchise and before.restrictions.exists():
        raise ValidationError(
            {
                "is_franchise": ValidationError(
                    gettext_lazy(
                        "%(name)s restricts user groups of the central. Let the franchisee lift the restrictions first."
                    ),
                    code="has_restrictions",
                    params={"name": before.name},
                )
            }
        )


def _demand_there(location: Location, actor: Scope) -> None:
    """Raise MissingRight where the right to manage is not held at this location, such as where it is restricted."""
    if not holdings_of(actor).holds(Right.MANAGE_LOCATION, location.pk):
        raise MissingRight(Right.MANAGE_LOCATION, location)


def _of_organization(location: Location, actor: Scope) -> Location:
    if location.organization_id != actor.organization.pk:
        raise PermissionDenied
    _demand_there(location, actor)
    return location


def _first_group_name(kind: str) -> str:
    return "Zentralverwaltung" if kind == OrganizationKind.CENTRAL_GROUP else "Leitung"
