"""What the central tells a branch of its business, as it is now: see clearing.protocol.site."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q

from clearing.protocol.keys import central_keys
from clearing.protocol.site import Person, Place, Purpose, RightsGroup, Site
from customers.models import ConsentPurpose, CustomerCount
from locations.models import Location
from locations.permissions import Right
from mcp.isolation import access
from mcp.models import Membership, UserGroup


def site_of(location: Location, *, node: UUID | None = None) -> Site:
    """What this node, a branch at the location, is told. Runs in a transaction that sees the rows of its business."""
    rights = _rights_at(location)
    groups = list(UserGroup.objects.of_organization(location.organization).filter(pk__in=rights).order_by("name"))
    return Site(
        business=location.organization.name,
        client_number=location.client_number,
        edit_side=location.base.edit_side,
        places=tuple(_places(location)),
        purposes=tuple(_purposes(location)),
        groups=tuple(RightsGroup(group.name, group.description, tuple(sorted(rights[group.pk]))) for group in groups),
        people=tuple(_people(groups)),
        central_key=central_keys(node)[0].public.text if node else "",
        has_accounts=location.has_legacy_accounts,
    )


def _rights_at(location: Location) -> dict[int, set[Right]]:
    """What each user group holds there, without what is restricted."""
    found: defaultdict[int, set[Right]] = defaultdict(set)
    for right, group in access.granted_at(location) - access.restricted_in(location):
        found[group].add(right)
    return dict(found)


def _places(location: Location) -> Iterable[Place]:
    registered = CustomerCount.objects.in_base(location.base).values("home_location")
    wanted = Location.objects.of_organization(location.organization).filter(
        Q(base=location.base) | Q(pk__in=registered)
    )
    for place in wanted.order_by("client_number"):
        numbers = place.number_range if place.base_id == location.base_id else None
        yield Place(
            place.client_number, place.branch_number, place.name, place.street, place.postal_code, place.city,
            numbers.lower if numbers else None, numbers.upper - 1 if numbers else None,
        )  # fmt: skip


def _purposes(location: Location) -> Iterable[Purpose]:
    for one in ConsentPurpose.objects.filter(organization=location.organization).order_by("code"):
        yield Purpose(one.code, one.name, one.wording, one.wording_version, one.is_active, one.holds_for_receiver)


def _people(groups: list[UserGroup]) -> Iterable[Person]:
    names = {group.pk: group.name for group in groups}
    members: defaultdict[int, list[str]] = defaultdict(list)
    memberships = Membership.objects.filter(group__in=names, user__is_active=True).select_related("user")
    people = {}
    for membership in memberships.order_by("user__username", "group__name"):
        people[membership.user_id] = membership.user
        members[membership.user_id].append(names[membership.group_id])
    for pk, user in people.items():
        yield Person(
            user.username, user.first_name, user.last_name, user.email, user.language, user.password,
            tuple(members[pk]),
        )  # fmt: skip
