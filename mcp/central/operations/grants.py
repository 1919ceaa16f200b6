"""Giving and taking rights of user groups."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from locations.models import Location
from locations.permissions import Right
from mcp.central.operations.groups import demand_group
from mcp.isolation import access, grants
from mcp.isolation.grants import Grant
from mcp.isolation.holdings import holdings_of, lock_rights
from mcp.isolation.scope import Scope
from mcp.login.open_links import withdraw_links_of_others
from mcp.models import Restriction, UserGroup


class CannotGrant(ValidationError):
    """The actor tried to grant a right that he does not hold himself."""

    def __init__(self, right: Right, location: Location | None) -> None:
        place = location or _("all locations")
        super().__init__(
            gettext_lazy(
                "You do not hold the right “%(right)s” for %(place)s yourself, so you cannot hand it out. "
                "Ask somebody who holds it."
            ),
            code="right_not_held",
            params={"right": right.label, "place": place},
        )


class OwnPromotion(ValidationError):
    """The actor tried to give rights to himself."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy("You would give yourself more rights. Let another person who manages users do this."),
            code="own_promotion",
        )


class NotOfBusiness(ValidationError):
    """One of the provider's people tried to grant rights of a business."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy(
                "The provider's people cannot hand out rights of a business. Ask somebody who manages users there; "
                "you can give this person a new password."
            ),
            code="not_of_business",
        )


class LastUserManager(ValidationError):
    """After the change nobody would hold the right to manage users at all locations."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy(
                "After this change nobody active would hold the right “%(right)s” at all locations, and nobody "
                "could give it back. Give it to another person first."
            ),
            code="last_user_manager",
            params={"right": Right.MANAGE_USERS.label},
        )


class GrantsChanged(ValidationError):
    """Somebody else has changed the group's rights or members between preview and saving."""

    def __init__(self, group: UserGroup) -> None:
        super().__init__(
            gettext_lazy(
                "Meanwhile somebody else changed the rights or the members of %(group)s. Nothing was saved; look at "
                "the new preview and confirm once more."
            ),
            code="grants_changed",
            params={"group": group},
        )


@dataclass(frozen=True, kw_only=True)
class GrantChange:
    """What a change of a group's rights does."""

    added: frozenset[Grant]
    removed: frozenset[Grant]
    people: int
    fingerprint: str = ""
    """A hash of the group's rights and members before the change, and of the rights after it."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is changed."""
        return not self.added and not self.removed

    @property
    def added_places(self) -> int:
        """The number of single locations at which rights are given."""
        return len({place for _right, place in self.added if place is not None})

    @property
    def added_everywhere(self) -> int:
        """The number of rights that are given at all locations at once."""
        return sum(place is None for _right, place in self.added)


def preview_grants(*, group: UserGroup, wanted: Iterable[Grant], actor: Scope) -> GrantChange:
    """What `change_grants` would change, with the same checks, without writing anything."""
    demand_group(group, actor)
    now, then = access.grants_of(group), frozenset(wanted)
    members = sorted(group.memberships.values_list("user_id", flat=True))
    change = GrantChange(
        added=then - now,
        removed=now - then,
        people=len(members),
        fingerprint=_fingerprint(now, then, members),
    )
    _check_additions(group, change.added, actor)
    return change


@transaction.atomic
def change_grants(*, group: UserGroup, wanted: Iterable[Grant], actor: Scope, seen: str = "") -> GrantChange:
    """Let the group hold exactly the rights `wanted`.

    A right that is given at all locations comes with the restrictions of the actor: where a franchisee restricts it for
    him, it is restricted for the group too.

    `seen` is the fingerprint of the preview that was confirmed. Raises GrantsChanged where it is not the same any more,
    MissingRight, NotOfBusiness for the provider's people, CannotGrant for a right that the actor does not hold there
    himself, OwnPromotion where he is a member of the group, and LastUserManager.
    """
    actor.demand(Right.MANAGE_USERS)
    lock_rights(actor)
    change = preview_grants(group=group, wanted=wanted, actor=actor)
    if seen and seen != change.fingerprint:
        raise GrantsChanged(group)
    had_manager = access.has_user_manager(actor.organization)
    grants.remove_grants(group, change.removed)
    grants.add_grants(group, change.added)
    if change.added:
        withdraw_links_of_others(group.memberships.values_list("user", flat=True), actor=actor)
    _pass_on_restrictions(group, change.added, actor)
    keep_a_manager(had_manager, actor)
    return change


def keep_a_manager(had_manager: bool, actor: Scope) -> None:
    """Raise LastUserManager if the transaction has taken away the last person who manages users at all locations."""
    if had_manager and not access.has_user_manager(actor.organization):
        raise LastUserManager


def _fingerprint(now: frozenset[Grant], then: frozenset[Grant], members: list[int]) -> str:
    lines = [",".join(sorted(f"{right}@{place}" for right, place in grants)) for grants in (now, then)]
    return hashlib.sha256("\n".join([*lines, str(members)]).encode()).hexdigest()


def demand_of_business(actor: Scope) -> None:
    """Raise NotOfBusiness for the provider's own people: they do not decide who may do what."""
    if actor.user is not None and actor.user.organization_id is None:
        raise NotOfBusiness


def _pass_on_restrictions(group: UserGroup, added: frozenset[Grant], actor: Scope) -> None:
    held = holdings_of(actor)
    general = sorted(right for right, place in added if place is None)
    passed_on = [
        Restriction(organization=actor.organization, location_id=pk, group=group, right=right.value)
        for right in general
        for pk in sorted(held.restricted_at(right))
    ]
    Restriction.objects.bulk_create(passed_on, ignore_conflicts=True)


def _demand_home(group: UserGroup, added: frozenset[Grant]) -> None:
    if group.owner_id is not None and any(place != group.owner_id for _right, place in added):
        raise ValidationError(
            gettext_lazy("“%(group)s” is a user group of %(owner)s and can hold rights at that location only."),
            code="owned_group_stays_home",
            params={"group": group, "owner": group.owner},
        )


def _check_additions(group: UserGroup, added: frozenset[Grant], actor: Scope) -> None:
    if not added:
        return
    demand_of_business(actor)
    if actor.user is not None and group.memberships.filter(user=actor.user).exists():
        raise OwnPromotion
    places = Location.objects.of_organization(actor.organization).in_bulk(
        {place for _right, place in added if place is not None}
    )
    _demand_home(group, added)
    held = holdings_of(actor)
    for right, place in sorted(added, key=lambda grant: (grant[1] or 0, grant[0])):
        if place is not None and place not in places:
            raise ValidationError(gettext_lazy("This location does not exist."), code="unknown_location")
        if not held.holds(right, place):
            raise CannotGrant(right, places[place] if place is not None else None)
