"""Operations on user groups, and which of them an actor sees and manages."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy, ngettext_lazy

from locations.models import Location
from locations.permissions import Right
from mcp.central.operations.changing import merged
from mcp.isolation import access
from mcp.isolation.branch import demand_made_here
from mcp.isolation.holdings import acts_for_all, holdings_of, need_of_own_house
from mcp.isolation.scope import MissingRight, Scope
from mcp.models import UserGroup

MOST_NAMES = 5


def visible_groups(actor: Scope) -> QuerySet[UserGroup]:
    """The groups that the actor sees here: all of the business where he `acts_for_all`, else those of the location."""
    if not actor.allows(Right.MANAGE_USERS):
        return UserGroup.objects.none()
    if acts_for_all(actor):
        return UserGroup.objects.of_organization(actor.organization)
    return UserGroup.objects.owned_by(actor.location)


def manageable_groups(actor: Scope) -> QuerySet[UserGroup]:
    """The visible groups that the actor may change: those for which `may_manage_group` is True."""
    groups = visible_groups(actor)
    if actor.user is not None:
        groups = groups.exclude(owner__in=access.houses_kept_from(actor.user))
    if not acts_for_all(actor):
        return groups
    held = holdings_of(actor)
    closed = [
        pk
        for pk, right in held.restricted
        if right is Right.MANAGE_USERS and pk != actor.location.pk and not held.holds(right, pk)
    ]
    return groups.exclude(owner__in=closed)


def may_manage_group(group: UserGroup, actor: Scope) -> bool:
    """Whether the actor may change the group.

    He needs the right to manage users: at the owner for a group of the location at which he is, at all locations for a
    group of the central, and at the owner too for a group of another location. Groups of a franchisee with restrictions
    are managed by its own people only: others could make somebody a member who lifts the restrictions.
    """
    if group.organization_id != actor.organization.pk or not actor.allows(Right.MANAGE_USERS):
        return False
    if _is_kept_by_franchisee(group, actor):
        return False
    if group.owner_id is not None and group.owner_id == actor.location.pk:
        return True
    return acts_for_all(actor) and holdings_of(actor).holds(Right.MANAGE_USERS, group.owner_id)


def _is_kept_by_franchisee(group: UserGroup, actor: Scope) -> bool:
    if group.owner_id is None or actor.user is None:
        return False
    return access.houses_kept_from(actor.user).filter(pk=group.owner_id).exists()


def demand_group(group: UserGroup, actor: Scope) -> None:
    """Raise MissingRight unless the actor may manage the group, and PermissionDenied for one of another business."""
    if not may_manage_group(group, actor):
        if group.organization_id != actor.organization.pk:
            raise PermissionDenied
        need = need_of_own_house(group.owner) if group.owner and _is_kept_by_franchisee(group, actor) else ""
        raise MissingRight(Right.MANAGE_USERS, group.owner or actor.location, need=need)


@transaction.atomic
def create_user_group(*, name: str, description: str = "", owner: Location | None = None, actor: Scope) -> UserGroup:
    """Create a user group. Where the actor does not `acts_for_all`, it belongs to his location, else to `owner`, if
    any.

    Raises MissingRight or ValidationError.
    """
    group = UserGroup(
        organization=actor.organization,
        name=name,
        description=description,
        owner=owner if acts_for_all(actor) else actor.location,
    )
    demand_group(group, actor)
    demand_made_here()
    group.full_clean()
    group.save(force_insert=True)
    return group


@transaction.atomic
def rename_user_group(
    *, group: UserGroup, name: str | None = None, description: str | None = None, actor: Scope
) -> UserGroup:
    """Change name or description; what is None stays as it is stored. Raises MissingRight or ValidationError."""
    demand_group(group, actor)
    demand_made_here()
    stored = UserGroup.objects.select_for_update(of=("self",)).get(pk=group.pk)
    said = {"name": name, "description": description}
    changed = [field for field, text in said.items() if text is not None]
    for field in changed:
        setattr(group, field, said[field])
    merged(stored, group, changed)
    stored.full_clean()
    stored.save(update_fields=changed)
    return group


@transaction.atomic
def delete_user_group(*, group: UserGroup, actor: Scope) -> None:
    """Delete a group without members; its rights and restrictions go with it.

    Raises MissingRight, or ValidationError naming how many members or which devices it still has.
    """
    demand_group(group, actor)
    demand_made_here()
    members = group.memberships.count()
    if members:
        raise ValidationError(
            ngettext_lazy(
                "%(group)s still has %(count)s member. Take this person out of the group first.",
                "%(group)s still has %(count)s members. Take them out of the group first.",
                members,
            ),
            code="group_has_members",
            params={"group": group, "count": members},
        )
    if devices := devices_of(group):
        raise ValidationError(
            gettext_lazy("%(devices)s work with the rights of %(group)s. Give them another user group first."),
            code="group_has_devices",
            params={"group": group, "devices": devices},
        )
    group.delete()


def devices_of(group: UserGroup) -> str:
    """The devices with the rights of this group, as a sentence names them; empty where there is none."""
    devices = list(group.devices.standing().select_related("location")[: MOST_NAMES + 1])
    names = [f"{device.location.name}: {device.name}" for device in devices[:MOST_NAMES]]
    return ", ".join([*names, *(["…"] if len(devices) > MOST_NAMES else [])])
