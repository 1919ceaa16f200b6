"""Restrictions, by which an independent franchisee takes rights from the central's user groups at its own location."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy

from locations.permissions import Right
from mcp.isolation.holdings import lock_rights, may_restrict, need_of_own_house
from mcp.isolation.scope import MissingRight, Scope
from mcp.models import Restriction, UserGroup


@transaction.atomic
def restrict(*, group: UserGroup, right: Right, actor: Scope) -> Restriction:
    """Take the right from the group at the actor's location, from the next request on.

    Raises MissingRight, PermissionDenied for a group of another business, or ValidationError where the group is not the
    central's or is restricted already.
    """
    demand_own_house(actor)
    lock_rights(actor)
    if group.organization_id != actor.organization.pk:
        raise PermissionDenied
    if group.owner_id is not None:
        raise ValidationError(
            gettext_lazy("%(group)s is not a user group of the central. Only those can be restricted."),
            code="not_of_the_central",
            params={"group": group},
        )
    restriction = Restriction(organization=actor.organization, location=actor.location, group=group, right=right.value)
    restriction.full_clean()
    restriction.save(force_insert=True)
    return restriction


@transaction.atomic
def unrestrict(*, restriction: Restriction, actor: Scope) -> None:
    """Lift a restriction of the actor's location. Raises MissingRight or PermissionDenied."""
    demand_own_house(actor)
    lock_rights(actor)
    if restriction.location_id != actor.location.pk:
        raise PermissionDenied
    restriction.delete()


def demand_own_house(actor: Scope) -> None:
    """Raise MissingRight unless the actor may restrict here: he is one of the franchisee's own people."""
    if not may_restrict(actor):
        raise MissingRight(Right.MANAGE_USERS, actor.location, need=need_of_own_house(actor.location))
