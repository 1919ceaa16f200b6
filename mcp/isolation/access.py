"""The only module that reads grants: who may do what where, and why.

`rights_at` and the page "Why?" use the same rows and function, so an explanation cannot differ from what is enforced.
guardian's own functions are not used: they know no restrictions and take a right over the model for one everywhere.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404

from locations.models import Location, Organization
from locations.permissions import OF_DEVICES, Right
from mcp.choices import DeviceState, ProviderRole
from mcp.isolation import row_scope
from mcp.isolation.facts import Answer, Fact, Source, by_right, decide, facts_of_group, facts_of_person
from mcp.isolation.scope import DeviceGone, MissingRight, Scope
from mcp.models import Device, LocationGrant, Membership, OrganizationGrant, Restriction, User, UserGroup
from mcp.querysets import GroupWithCounts

PROVIDER_RIGHTS: dict[str, frozenset[Right]] = {
    ProviderRole.SUPPORT: frozenset({Right.MANAGE_LOCATION, Right.MANAGE_USERS}),
    ProviderRole.DEVELOPER: frozenset(),
}
"""The rights of the provider's own people at every location. No right over customers is among them."""


def scope_at(user: User, *, account_number: int, client_number: int) -> Scope:
    """The scope of a user at an address. Two queries.

    Raises Http404 for an address that does not exist or belongs to another business; the two cannot be told apart.
    Somebody of the business without any right there gets a scope without rights, and each page then names the one it
    needs.
    """
    location = (
        Location.objects.at_address(account_number=account_number, client_number=client_number)
        .select_related("organization", "base")
        .first()
    )
    if location is None or _obstacle(user, location):
        raise Http404
    location.base.organization = location.organization  # a key of the table says so: it is not asked for once more
    return Scope(user=user, location=location, rights=rights_at(user, location))


def enter_location(user: User, account_number: int, client_number: int) -> Scope:
    """As `scope_at`, in a transaction that sees only the rows needed for it. Raises Http404."""
    with _looking_for_location(user):
        return scope_at(user, account_number=account_number, client_number=client_number)


def enter_as(user: int, *, account_number: int, client_number: int) -> Scope:
    """The scope of the user for whom a task works, with the rights that he holds now. `user` is his key.

    Raises Http404 where he is no longer active, or can no longer enter this location.
    """
    with row_scope.rows_of_person(user):
        person = User.objects.active().filter(pk=user).first()
    if person is None:
        raise Http404
    return enter_location(person, account_number, client_number)


def _looking_for_location(user: User) -> AbstractContextManager[None]:
    if user.organization_id is None and PROVIDER_RIGHTS[user.provider_role]:
        return row_scope.without_scope(reason="look up a location", actor=str(user))
    return row_scope.rows_of_business(user)


def rows_for(user: User, scope: Scope | None) -> AbstractContextManager[None]:
    """A transaction with the rows of the scope or, without one, with those of the user's own business.

    Without a scope the provider's support sees the rows of all businesses: it opens businesses, and chooses among all
    locations.
    """
    return row_scope.rows_of(scope) if scope else _looking_for_location(user)


def demand_still(scope: Scope) -> None:
    """Raise MissingRight if a right was taken meanwhile by which something was allowed in this scope. Three queries.

    Called at the end of the transaction that made the change, which is then rolled back. Raises DeviceGone where a
    device was revoked meanwhile or has become another machine, or its location was closed or switched, whatever it was
    asked for.
    """
    if scope.device is not None:
        _demand_device_still(scope, scope.device)
        return
    if scope.user is None or scope.asked.is_answered_for or not scope.asked:
        return
    user = _still_active(scope.user)
    location = Location.objects.filter(pk=scope.location.pk).only("organization", "closed_at").first()
    held = rights_at(user, location) if user and location else frozenset()
    for right in sorted(scope.asked - held):
        raise MissingRight(right, scope.location)


def _demand_device_still(scope: Scope, device: Device) -> None:
    now = Device.objects.filter(pk=device.pk).select_related("location").first()
    if now is None or now.location.base_id != scope.base.pk or _obstacle_of_device(now, now.location):
        raise DeviceGone
    if now.enrolled_at != device.enrolled_at:
        raise DeviceGone
    for right in sorted(scope.asked - rights_of_device(now, now.location)):
        raise MissingRight(right, scope.location)


def _still_active(user: User) -> User | None:
    """The user as he is now, or None. Rows of the provider's people exist in no scope."""
    with nullcontext() if user.organization_id else row_scope.rows_of_person(user.pk):
        return User.objects.active().filter(pk=user.pk).only("organization", "provider_role", "is_active").first()


def rights_at(user: User, location: Location) -> frozenset[Right]:
    """The rights that the user holds at the location at this moment. One query."""
    return frozenset(answer.right for answer in explain(user, location) if answer.is_held)


def explain(user: User, location: Location) -> list[Answer]:
    """For each right of the catalogue: held or not, and by which grants and restrictions. One query."""
    if obstacle := _obstacle(user, location):
        return [Answer(right, is_held=False, obstacle=obstacle) for right in Right]
    facts = _provider_facts(user) if user.organization_id is None else facts_of_person(user.pk, location)
    return [decide(right, facts[right]) for right in Right]


def rights_of_device(device: Device, location: Location) -> frozenset[Right]:
    """The rights that the device holds at the location at this moment. One query."""
    return frozenset(answer.right for answer in explain_device(device, location) if answer.is_held)


def explain_device(device: Device, location: Location) -> list[Answer]:
    """As `explain`, of a device: by the grants and restrictions of its one user group. One query."""
    if obstacle := _obstacle_of_device(device, location):
        return [Answer(right, is_held=False, obstacle=obstacle) for right in Right]
    return explain_group(device.group_id or 0, location)


def explain_group(group: int, location: Location) -> list[Answer]:
    """What a device in this user group, named by its key, may do at the location, and why. One query."""
    facts = facts_of_group(group, location)
    return [_decide_of_device(right, facts[right]) for right in Right]


def accessible_locations(user: User) -> QuerySet[Location]:
    """The open locations at which the user holds at least one right. One query, before the result is read.

    The rights that he holds everywhere are read first: a condition that looks for them at each of ten thousand
    locations took 0.2 s.
    """
    locations = Location.objects.open().select_related("organization", "base")
    if not user.is_active:
        return locations.none()
    if user.organization_id is None:
        return locations if PROVIDER_RIGHTS[user.provider_role] else locations.none()
    single = LocationGrant.objects.filter(
        ~_restriction(OuterRef("content_object_id")), group__memberships__user=user
    ).values("content_object")
    reachable = Q(pk__in=single)
    restricted = Restriction.objects.filter(group=OuterRef("group_id"), right=OuterRef("permission__codename"))
    everywhere = OrganizationGrant.objects.filter(group__memberships__user=user).annotate(
        closed=ArraySubquery(restricted.values("location_id"))
    )
    if closed := [set(places) for places in everywhere.values_list("closed", flat=True)]:
        reachable |= ~Q(pk__in=set.intersection(*closed))
    return locations.filter(reachable, organization=user.organization_id)


@dataclass(frozen=True)
class Holdings:
    """All rights that a user holds in a business. Nobody can grant what he does not hold."""

    everywhere: frozenset[Right]
    by_location: dict[int, frozenset[Right]] = field(default_factory=dict)
    restricted: frozenset[tuple[int, Right]] = frozenset()

    def holds(self, right: Right, location_id: int | None) -> bool:
        """Whether the right is held at the location; None asks for all locations, later ones included."""
        if location_id is None:
            return right in self.everywhere
        if right in self.by_location.get(location_id, frozenset()):
            return True
        return right in self.everywhere and (location_id, right) not in self.restricted

    def restricted_at(self, right: Right) -> frozenset[int]:
        """The locations at which the right is restricted and not held, although it is held everywhere."""
        places = {pk for pk, restricted_right in self.restricted if restricted_right == right}
        return frozenset(pk for pk in places if not self.holds(right, pk))


def holdings(user: User, organization: Organization) -> Holdings:
    """What the user holds at each location of the organization and at all of them. Three queries."""
    if not user.is_active or user.organization_id != organization.pk:
        return Holdings(PROVIDER_RIGHTS.get(user.provider_role, frozenset()) if user.is_active else frozenset())
    denied = _denied(user)
    at_location: dict[int, set[Right]] = defaultdict(set)
    for location_id, group_id, codename in LocationGrant.objects.filter(group__memberships__user=user).values_list(
        "content_object_id", "group_id", "permission__codename"
    ):
        if (location_id, Right(codename)) not in denied[group_id]:
            at_location[location_id].add(Right(codename))
    everywhere: dict[Right, set[int]] = defaultdict(set)
    for group_id, codename in OrganizationGrant.objects.filter(group__memberships__user=user).values_list(
        "group_id", "permission__codename"
    ):
        everywhere[Right(codename)].add(group_id)
    return Holdings(
        everywhere=frozenset(everywhere),
        by_location={pk: frozenset(rights) for pk, rights in at_location.items()},
        restricted=frozenset(_restricted_everywhere(everywhere, denied)),
    )


def grants_of(group: UserGroup) -> frozenset[tuple[Right, int | None]]:
    """The rights of a user group as (right, location id); None instead of a location means all of them."""
    single = LocationGrant.objects.filter(group=group).values_list("permission__codename", "content_object_id")
    general = OrganizationGrant.objects.filter(group=group).values_list("permission__codename", flat=True)
    places = {(Right(codename), location_id) for codename, location_id in single}
    return frozenset(places | {(Right(codename), None) for codename in general})


def granted_at(location: Location) -> frozenset[tuple[Right, int]]:
    """What user groups hold at a location, restrictions left aside, as (right, group id)."""
    columns = ("permission__codename", "group_id")
    general = OrganizationGrant.objects.filter(content_object=location.organization_id).values_list(*columns)
    rows = LocationGrant.objects.filter(content_object=location).values_list(*columns).union(general)
    return frozenset((Right(codename), group_id) for codename, group_id in rows)


def restricted_in(location: Location) -> frozenset[tuple[Right, int]]:
    """What a franchisee takes from user groups at a location, as (right, group id)."""
    taken = Restriction.objects.filter(location=location).values_list("right", "group_id")
    return frozenset((Right(right), group) for right, group in taken)


def with_counts(groups: QuerySet[UserGroup]) -> QuerySet[GroupWithCounts]:
    """The groups with their `GroupCounts`."""
    return groups.annotate(
        member_count=_count(Membership.objects.filter(group=OuterRef("pk")), "user"),
        general_count=_count(OrganizationGrant.objects.filter(group=OuterRef("pk")), "permission"),
        single_count=_count(LocationGrant.objects.filter(group=OuterRef("pk")), "permission"),
        place_count=_count(LocationGrant.objects.filter(group=OuterRef("pk")), "content_object"),
    )


def restrictions_of(group: UserGroup) -> frozenset[tuple[Right, int]]:
    """What franchisees take from the group, as (right, location id)."""
    taken = Restriction.objects.filter(group=group).values_list("right", "location_id")
    return frozenset((Right(right), place) for right, place in taken)


def right_beyond(held: Holdings, group: UserGroup) -> tuple[Right, int | None] | None:
    """A right (with its location, None for all) that a holder of `held` would gain by joining the group; else None."""
    silenced = restrictions_of(group)
    for right, place in sorted(grants_of(group), key=lambda grant: (grant[1] or 0, grant[0])):
        if (right, place) not in silenced and not held.holds(right, place):
            return right, place
        withheld = held.restricted_at(right) if place is None else frozenset()
        for location_id in sorted(withheld):
            if (right, location_id) not in silenced:
                return right, location_id
    return None


def granters_at(location: Location) -> QuerySet[User]:
    """The active people who can grant a right at the location."""
    return holders_at(Right.MANAGE_USERS, location)


def holders_at(right: Right, location: Location) -> QuerySet[User]:
    """The active people of the business who hold the right at the location."""
    managing = {"permission__codename": right, "group__memberships__user": OuterRef("pk")}
    at_location = LocationGrant.objects.filter(content_object=location, **managing)
    everywhere = OrganizationGrant.objects.filter(content_object=location.organization_id, **managing)
    return (
        User.objects.active()
        .filter(organization=location.organization_id)
        .filter(
            Exists(at_location.filter(~_restriction(location.pk)))
            | Exists(everywhere.filter(~_restriction(location.pk)))
        )
    )


def has_user_manager(organization: Organization) -> bool:
    """Whether an active person may manage users at all locations. Without one nobody could grant that right again."""
    return OrganizationGrant.objects.filter(
        content_object=organization,
        permission__codename=Right.MANAGE_USERS,
        group__memberships__user__is_active=True,
    ).exists()


def own_locations_of(user: User) -> QuerySet[Location]:
    """The locations at which the user manages users through a group of that location itself."""
    own = LocationGrant.objects.filter(
        content_object=OuterRef("pk"),
        permission__codename=Right.MANAGE_USERS,
        group__owner=OuterRef("pk"),
        group__memberships__user=user,
    )
    return Location.objects.filter(Exists(own))


def manages_own_house(user: User, location: Location) -> bool:
    """Whether the user manages users through a group of the location itself: he is one of its own people."""
    return own_locations_of(user).filter(pk=location.pk).exists()


def houses_kept_from(user: User) -> QuerySet[Location]:
    """The franchises with restrictions, without those of which the user is one of the own people.

    He cannot manage their groups, nor take over the logins of their people: he could lift a restriction that binds him.
    """
    restricting = Restriction.objects.filter(location=OuterRef("pk"))
    return Location.objects.filter(Exists(restricting)).exclude(pk__in=own_locations_of(user).values("pk"))


def _count[Row: Model](rows: QuerySet[Row], column: str) -> Coalesce:
    counted = rows.order_by().values("group").annotate(n=Count(column, distinct=True)).values("n")
    return Coalesce(Subquery(counted), 0)


def _obstacle(user: User, location: Location) -> str:
    if not user.is_active:
        return "inactive"
    if user.organization_id not in (None, location.organization_id):
        return "stranger"
    if user.organization_id is None and not PROVIDER_RIGHTS[user.provider_role]:
        return "stranger"
    return "closed" if location.closed_at else ""


def _obstacle_of_device(device: Device, location: Location) -> str:
    if device.state != DeviceState.ACTIVE:
        return "revoked" if device.state == DeviceState.REVOKED else "waiting"
    if (device.organization_id, device.location_id) != (location.organization_id, location.pk):
        return "stranger"
    return "closed" if location.closed_at else ""


def _decide_of_device(right: Right, facts: list[Fact]) -> Answer:
    """As `decide`; a right that is none of devices is not held, whoever grants it."""
    answer = decide(right, facts)
    return answer if right in OF_DEVICES else replace(answer, is_held=False, obstacle="person")


def _provider_facts(user: User) -> dict[Right, list[Fact]]:
    role = ProviderRole(user.provider_role)
    facts = [Fact(Source.PROVIDER, None, str(role.label), right) for right in PROVIDER_RIGHTS[role]]
    return by_right(facts)


def _restriction(location: OuterRef | int) -> Exists:
    """Whether a restriction takes the right of a grant away at the location. For a query of grants."""
    return Exists(
        Restriction.objects.filter(
            location=location, group=OuterRef("group_id"), right=OuterRef("permission__codename")
        )
    )


def _denied(user: User) -> dict[int, set[tuple[int, Right]]]:
    """For each of the user's groups the places and rights in which it is restricted."""
    denied: dict[int, set[tuple[int, Right]]] = defaultdict(set)
    for group_id, location_id, right in Restriction.objects.filter(group__memberships__user=user).values_list(
        "group_id", "location_id", "right"
    ):
        denied[group_id].add((location_id, Right(right)))
    return denied


def _restricted_everywhere(
    everywhere: dict[Right, set[int]], denied: dict[int, set[tuple[int, Right]]]
) -> set[tuple[int, Right]]:
    """Places where a right held everywhere does not hold, because every group that grants it is restricted."""
    places = set()
    for right, groups in everywhere.items():
        for location_id in {pk for group in groups for pk, denied_right in denied[group] if denied_right == right}:
            if all((location_id, right) in denied[group] for group in groups):
                places.add((location_id, right))
    return places
