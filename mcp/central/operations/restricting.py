"""Changing several restrictions of a franchisee at once, after a preview."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from locations.permissions import Right
from locations.violations import told_as_refusals
from mcp.central.operations.restrictions import demand_own_house
from mcp.isolation.holdings import lock_rights
from mcp.isolation.scope import Scope
from mcp.models import Membership, Restriction, UserGroup

type Taken = tuple[Right, int]
"""A right and the id of the user group of the central that may not use it here."""


class RestrictionsChanged(ValidationError):
    """Somebody else has changed restrictions here between preview and saving."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy(
                "Meanwhile somebody else changed what is restricted here. Nothing was saved; look at the new preview "
                "and confirm once more."
            ),
            code="restrictions_changed",
        )


@dataclass(frozen=True, kw_only=True)
class RestrictionChange:
    """What becomes restricted, what is lifted, and how many people that concerns."""

    added: frozenset[Taken]
    lifted: frozenset[Taken]
    people: int
    fingerprint: str = ""
    """A hash of what is restricted here before and after the change."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is changed."""
        return not self.added and not self.lifted

    @property
    def groups(self) -> frozenset[int]:
        """The keys of the groups that are concerned."""
        return frozenset(group for _right, group in self.added | self.lifted)


def groups_of_central(actor: Scope) -> QuerySet[UserGroup]:
    """The user groups that can be restricted: those of the central."""
    return UserGroup.objects.of_organization(actor.organization).of_central().order_by("name", "pk")


def restricted_here(actor: Scope) -> frozenset[Taken]:
    """The restrictions of the actor's location."""
    rows = Restriction.objects.at(actor.location).values_list("right", "group_id")
    return frozenset((Right(right), group) for right, group in rows)


def preview_restrictions(*, wanted: Iterable[Taken], actor: Scope) -> RestrictionChange:
    """What `change_restrictions` would change, with the same checks, without writing anything."""
    demand_own_house(actor)
    now, then = restricted_here(actor), frozenset(wanted)
    change = RestrictionChange(
        added=then - now,
        lifted=now - then,
        people=Membership.objects.filter(group__in={group for _right, group in now ^ then})
        .values("user")
        .distinct()
        .count(),
        fingerprint=_fingerprint(now, then),
    )
    _demand_of_central(change, actor)
    return change


@transaction.atomic
def change_restrictions(*, wanted: Iterable[Taken], seen: str = "", actor: Scope) -> RestrictionChange:
    """Let exactly `wanted` be restricted at the actor's location, from the next request on.

    `seen` is the fingerprint of the preview that was confirmed. Raises RestrictionsChanged where it is not the same any
    more, MissingRight, or ValidationError for a group that is not the central's.
    """
    demand_own_house(actor)
    lock_rights(actor)
    change = preview_restrictions(wanted=wanted, actor=actor)
    if seen and seen != change.fingerprint:
        raise RestrictionsChanged
    for right, group in change.lifted:
        Restriction.objects.at(actor.location).filter(right=right.value, group=group).delete()
    with told_as_refusals():
        Restriction.objects.bulk_create(
            Restriction(organization=actor.organization, location=actor.location, group_id=group, right=right.value)
            for right, group in sorted(change.added)
        )
    return change


def _demand_of_central(change: RestrictionChange, actor: Scope) -> None:
    known = groups_of_central(actor).filter(pk__in={group for _right, group in change.added})
    if known.count() != len({group for _right, group in change.added}):
        raise ValidationError(
            gettext_lazy(
                "A user group in this form is not one of the central, or not there any more. Load the page again."
            ),
            code="not_of_the_central",
        )


def _fingerprint(now: frozenset[Taken], then: frozenset[Taken]) -> str:
    lines = [",".join(sorted(f"{right}@{group}" for right, group in pairs)) for pairs in (now, then)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
