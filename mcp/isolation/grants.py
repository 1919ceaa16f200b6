"""The only module that writes grants."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType

from locations.models import Location, Organization
from locations.permissions import Right
from mcp.models import LocationGrant, OrganizationGrant

if TYPE_CHECKING:
    from mcp.models import UserGroup

type Grant = tuple[Right, int | None]
"""A right and the id of a location; None instead of a location means all of them, later ones included."""


def add_grants(group: UserGroup, grants: Iterable[Grant]) -> None:
    """Let the group hold these rights; those that it already holds stay."""
    single, general = _permissions(Location), _permissions(Organization)
    wanted = list(grants)
    LocationGrant.objects.bulk_create(
        [
            LocationGrant(
                organization_id=group.organization_id,
                group=group,
                content_object_id=location_id,
                permission=single[right],
            )
            for right, location_id in wanted
            if location_id is not None
        ],
        ignore_conflicts=True,
    )
    OrganizationGrant.objects.bulk_create(
        [
            OrganizationGrant(
                organization_id=group.organization_id,
                group=group,
                content_object_id=group.organization_id,
                permission=general[right],
            )
            for right, location_id in wanted
            if location_id is None
        ],
        ignore_conflicts=True,
    )


def remove_grants(group: UserGroup, grants: Iterable[Grant]) -> None:
    """Take these rights from the group."""
    places: dict[Right, list[int]] = {}
    for right, location_id in grants:
        if location_id is None:
            OrganizationGrant.objects.filter(group=group, permission__codename=right).delete()
        else:
            places.setdefault(right, []).append(location_id)
    for right, location_ids in places.items():
        LocationGrant.objects.filter(group=group, permission__codename=right, content_object__in=location_ids).delete()


def _permissions(model: type[Location] | type[Organization]) -> dict[Right, Permission]:
    content_type = ContentType.objects.get_for_model(model)
    found = Permission.objects.filter(content_type=content_type, codename__in=list(Right))
    return {Right(permission.codename): permission for permission in found}
