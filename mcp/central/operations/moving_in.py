"""Logins at a branch for the people of a business that joins a group."""

from __future__ import annotations

from locations.models import Location, Organization
from locations.permissions import Right
from mcp.isolation import access, grants
from mcp.models import Membership, User, UserGroup

STAYS_BEHIND = frozenset({Right.CARRY_OVER, Right.MANAGE_CUSTOMER_GROUPS})
"""Rights over the whole business: the group decides these matters from now on."""


def let_people_in(*, business: Organization, branch: Location) -> int:
    """Give each active person of the business a login at the branch, with the same password; returns how many.

    Their user groups become groups of the branch, with rights there only, without STAYS_BEHIND. The client number is
    added to the user names, which may be taken in the group. The old logins still lead to the old business. Call it
    before the rights in the old business are taken, in a transaction that sees both businesses.
    """
    groups = {
        old.pk: _group_at(branch, old.name, {right for right, _place in access.grants_of(old)} - STAYS_BEHIND)
        for old in UserGroup.objects.of_organization(business)
    }
    people = User.objects.active().filter(organization=business).order_by("pk")
    for old in people:
        fresh = User(
            organization=branch.organization, location=branch, username=f"{old.username[:50]}-{branch.client_number}",
            first_name=old.first_name, last_name=old.last_name, email=old.email, language=old.language,
            password=old.password,
        )  # fmt: skip
        fresh.full_clean()
        fresh.save(force_insert=True)
        for group in Membership.objects.filter(user=old).values_list("group", flat=True):
            Membership.objects.create(organization=branch.organization, user=fresh, group=groups[group])
    return len(people)


def _group_at(branch: Location, name: str, rights: set[Right]) -> UserGroup:
    wanted = f"{name} {branch.name}"[:80]
    names = UserGroup.objects.of_organization(branch.organization)
    if names.filter(name=wanted).exists():
        wanted = f"{wanted[:70]} {branch.client_number}"
    group = UserGroup.objects.create(organization=branch.organization, owner=branch, name=wanted)
    grants.add_grants(group, [(right, branch.pk) for right in sorted(rights)])
    return group
