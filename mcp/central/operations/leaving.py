"""People and rights when a location leaves its business, or a business has handed itself over to another."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q

from locations.models import Location
from locations.permissions import Right
from mcp.central.operations.grants import keep_a_manager
from mcp.isolation import access, grants
from mcp.isolation.holdings import lock_rights
from mcp.isolation.scope import Scope
from mcp.models import Membership, User, UserGroup

ONLY_LOOKING = frozenset(
    {
        Right.VIEW_CUSTOMERS,
        Right.SEE_CONTACT_DATA,
        Right.SEE_BANK_DATA,
        Right.SEE_MEMOS,
        Right.SEE_HISTORY,
        Right.EXPORT_CUSTOMERS,
        Right.CARRY_OVER,
        Right.MANAGE_LOCATION,
        Right.MANAGE_USERS,
    }
)
"""The rights that stay in a business that was handed over: it is still responsible for the customers who stay there."""


@transaction.atomic
def let_people_go(*, location: Location, actor: Scope) -> int:
    """Take every right in the business from the people of a location that leaves it; returns how many they are.

    People whose own location it is are taken out of all user groups and deactivated. People of other locations leave
    the user groups of this one.

    Raises MissingRight, PermissionDenied for a location of another business, or LastUserManager.
    """
    actor.demand(Right.CARRY_OVER)
    if location.organization_id != actor.organization.pk:
        raise PermissionDenied
    lock_rights(actor)
    had_manager = access.has_user_manager(actor.organization)
    people = User.objects.at_home_in(location)
    Membership.objects.filter(Q(user__in=people) | Q(group__owner=location)).delete()
    count = people.active().update(is_active=False)
    keep_a_manager(had_manager, actor)
    return count


@transaction.atomic
def leave_only_looking(*, actor: Scope) -> None:
    """Take all rights but ONLY_LOOKING from all user groups of the actor's business. Raises MissingRight."""
    actor.demand(Right.CARRY_OVER)
    lock_rights(actor)
    for group in UserGroup.objects.of_organization(actor.organization):
        grants.remove_grants(group, {grant for grant in access.grants_of(group) if grant[0] not in ONLY_LOOKING})
