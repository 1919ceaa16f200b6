"""The branch takes over what the central tells of the business: places, purposes, user groups, people.

It is told as a whole. Whoever is not named any more can no longer log in, and what he has done stays under his name; so
ends the local administrator of a branch that is paired.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone
from psycopg.types.range import Range

from clearing.models import OwnNode
from clearing.protocol.site import Person, Place, Purpose, RightsGroup, Site
from customers.models import ConsentPurpose
from locations.choices import EditSide, LocationKind
from locations.models import CENTRAL_CLIENT_NUMBER, CustomerBase, Location, Organization
from locations.permissions import Right
from mcp.isolation import access, grants, row_scope
from mcp.isolation.history_context import recorded_as
from mcp.isolation.scope import Scope
from mcp.models import Membership, User, UserGroup


def apply_site(site: Site, *, actor: Scope) -> None:
    """Bring the branch to what the central has told. One transaction; what is the same is not written."""
    with row_scope.rows_of(actor), recorded_as(**actor.history()):
        own = OwnNode.objects.select_for_update().get(base=actor.base)
        Organization.objects.exclude(name=site.business).filter(pk=actor.organization.pk).update(name=site.business)
        _take_edit_side(site.edit_side, actor)
        _take_accounts(site.has_accounts, actor)
        _take_places(site.places, actor)
        _take_purposes(site.purposes, actor)
        groups = _take_groups(site.groups, actor)
        _take_people(site.people, groups, actor)
        own.site_hash, own.rights_as_of = site.hash, timezone.now()
        own.central_key = site.central_key or own.central_key
        own.save(update_fields=["site_hash", "rights_as_of", "central_key"])


def _take_edit_side(edit_side: str, actor: Scope) -> None:
    """Where customers are edited from now on; a side that this program does not know changes nothing."""
    if edit_side in EditSide.values:
        bases = CustomerBase.objects.filter(pk=actor.base.pk).exclude(edit_side=edit_side)
        bases.update(edit_side=edit_side)


def _take_accounts(has_accounts: bool, actor: Scope) -> None:
    """Whether the central keeps accounts of the customers of this location."""
    places = Location.objects.filter(pk=actor.location.pk).exclude(has_legacy_accounts=has_accounts)
    places.update(has_legacy_accounts=has_accounts)


def _take_places(places: Iterable[Place], actor: Scope) -> None:
    known = {place.client_number: place for place in Location.objects.of_organization(actor.organization)}
    # A range that is given away is free before another place gets it.
    for place in sorted(places, key=lambda place: place.client_number != actor.location.client_number):
        numbers, is_own_base = _numbers(place), place.first_number is not None
        values = {
            "name": place.name, "street": place.street, "postal_code": place.postal_code, "city": place.city,
            "number_range": numbers,
        }  # fmt: skip
        row = known.get(place.client_number)
        if row is None:
            Location.objects.create(
                organization=actor.organization, client_number=place.client_number, branch_number=place.branch_number,
                kind=LocationKind.CENTRAL if place.client_number == CENTRAL_CLIENT_NUMBER else LocationKind.BRANCH,
                base=actor.base if is_own_base else actor.organization.bases.get(kind="shared"),
                closed_at=timezone.now(), **values,
            )  # fmt: skip
        elif any(getattr(row, name) != value for name, value in values.items()):
            Location.objects.filter(pk=row.pk).update(**values)


def _numbers(place: Place) -> Range[int]:
    """Its number range; a place that gives no number of the base gets one that nobody else here has."""
    if place.first_number is None or place.last_number is None:
        return Range(place.client_number, place.client_number + 1)
    return Range(place.first_number, place.last_number + 1)


def _take_purposes(purposes: Iterable[Purpose], actor: Scope) -> None:
    known = {row.code: row for row in ConsentPurpose.objects.filter(organization=actor.organization)}
    for purpose in purposes:
        values = {name: value for name, value in purpose.to_json().items() if name != "code"}
        row = known.pop(purpose.code, None)
        if row is None:
            ConsentPurpose.objects.create(organization=actor.organization, code=purpose.code, **values)
        elif any(getattr(row, name) != value for name, value in values.items()):
            ConsentPurpose.objects.filter(pk=row.pk).update(**values)
    ConsentPurpose.objects.filter(pk__in=[row.pk for row in known.values()], is_active=True).update(is_active=False)


def _take_groups(wanted: Iterable[RightsGroup], actor: Scope) -> dict[str, UserGroup]:
    known = {group.name: group for group in UserGroup.objects.of_organization(actor.organization)}
    found = {}
    for group in wanted:
        row = known.pop(group.name, None)
        if row is None:
            row = UserGroup.objects.create(
                organization=actor.organization, name=group.name, description=group.description
            )
        elif row.description != group.description:
            UserGroup.objects.filter(pk=row.pk).update(description=group.description)
        rights = {(Right(right), actor.location.pk) for right in group.rights if right in set(Right)}
        there = access.grants_of(row)
        grants.remove_grants(row, there - rights)
        grants.add_grants(row, sorted(rights - there))
        found[group.name] = row
    UserGroup.objects.filter(pk__in=[row.pk for row in known.values()]).delete()
    return found


def _take_people(people: Iterable[Person], groups: dict[str, UserGroup], actor: Scope) -> None:
    known = {user.username.upper(): user for user in User.objects.of_organization(actor.organization)}
    for person in people:
        values = {
            "username": person.username, "first_name": person.first_name, "last_name": person.last_name,
            "email": person.email, "language": person.language, "password": person.password, "is_active": True,
        }  # fmt: skip
        user = known.pop(person.username.upper(), None)
        if user is None:
            user = User.objects.create(organization=actor.organization, location=actor.location, **values)
        elif any(getattr(user, name) != value for name, value in values.items()):
            User.objects.filter(pk=user.pk).update(**values)
        wanted = {groups[name].pk for name in person.groups if name in groups}
        there = set(Membership.objects.filter(user=user).values_list("group", flat=True))
        Membership.objects.filter(user=user, group__in=there - wanted).delete()
        for group in sorted(wanted - there):
            Membership.objects.create(organization=actor.organization, user=user, group_id=group)
    gone = [user.pk for user in known.values()]
    Membership.objects.filter(user__in=gone).delete()
    User.objects.filter(pk__in=gone, is_active=True).update(is_active=False)
