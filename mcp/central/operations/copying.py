"""Copying the rights of a user group to another one, or to a new one."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet

from mcp.central.operations.grants import GrantChange, change_grants, preview_grants
from mcp.central.operations.groups import create_user_group, visible_groups
from mcp.isolation import access
from mcp.isolation.grants import Grant
from mcp.isolation.holdings import lock_rights
from mcp.isolation.scope import Scope
from mcp.models import Restriction, UserGroup


def templates_for(actor: Scope) -> QuerySet[UserGroup]:
    """The user groups whose rights the actor may copy: those that he sees here."""
    return visible_groups(actor).order_by("name", "pk")


def preview_copy(*, source: UserGroup, group: UserGroup, is_exact: bool, actor: Scope) -> GrantChange:
    """What `copy_rights` would change, with the same checks, without writing anything."""
    _demand_template(source, actor)
    return preview_grants(group=group, wanted=_wanted(source, group, is_exact=is_exact), actor=actor)


@transaction.atomic
def copy_rights(*, source: UserGroup, group: UserGroup, is_exact: bool, seen: str = "", actor: Scope) -> GrantChange:
    """Let the group hold what `source` holds, at single locations and at all, later ones included.

    With `is_exact` it loses what `source` does not hold. Restrictions of `source` are copied for the rights that the
    group gains. `seen` is the fingerprint of the preview. Raises as `change_grants` does, for example CannotGrant for a
    right that the actor does not hold himself; then nothing is copied.
    """
    _demand_template(source, actor)
    lock_rights(actor)
    before, wanted = access.grants_of(group), _wanted(source, group, is_exact=is_exact)
    change = change_grants(group=group, wanted=wanted, seen=seen, actor=actor)
    _copy_restrictions(source, group, before, change, actor)
    return change


def _copy_restrictions(
    source: UserGroup, group: UserGroup, before: frozenset[Grant], change: GrantChange, actor: Scope
) -> None:
    """Without those about rights that the group has held before: this operation takes nothing from it."""
    gained = {right for right, _place in change.added}
    Restriction.objects.bulk_create(
        [
            Restriction(organization=actor.organization, location_id=place, group=group, right=right.value)
            for right, place in sorted(access.restrictions_of(source))
            if right in gained and group.owner_id is None and not before & {(right, place), (right, None)}
        ],
        ignore_conflicts=True,
    )


@transaction.atomic
def create_group_like(*, source: UserGroup, name: str, description: str = "", actor: Scope) -> UserGroup:
    """Create a user group with the rights of another one; it belongs to the same location, if that one does.

    Raises as `create_user_group` and `copy_rights` do; then no group is created.
    """
    _demand_template(source, actor)
    group = create_user_group(name=name, description=description, owner=source.owner, actor=actor)
    copy_rights(source=source, group=group, is_exact=True, actor=actor)
    return group


def _wanted(source: UserGroup, group: UserGroup, *, is_exact: bool) -> frozenset[Grant]:
    copied = access.grants_of(source)
    return copied if is_exact else copied | access.grants_of(group)


def _demand_template(source: UserGroup, actor: Scope) -> None:
    """Raise PermissionDenied for a group that the actor does not see here, such as one of another business."""
    if not templates_for(actor).filter(pk=source.pk).exists():
        raise PermissionDenied
