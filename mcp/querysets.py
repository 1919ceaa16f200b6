"""Queries for users, user groups and restrictions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self, TypedDict

from django.contrib.auth.base_user import BaseUserManager
from django.db import models
from django.db.models import Q

from locations.one_time_codes import LIFETIME
from mcp.choices import DeviceState

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    from locations.models import Location, Organization
    from mcp.models import Device, DeviceCode, Restriction, User, UserGroup


class UserQuerySet(models.QuerySet["User"]):
    """Queries for people."""

    def of_organization(self, organization: Organization) -> Self:
        return self.filter(organization=organization)

    def at_home_in(self, location: Location) -> Self:
        """Users whose own location this is."""
        return self.filter(organization=location.organization_id, location=location)

    def of_provider(self) -> Self:
        """The provider's own people, who belong to no business."""
        return self.filter(organization=None)

    def active(self) -> Self:
        """Users who can log in."""
        return self.filter(is_active=True)

    def named(self, username: str) -> Self:
        """Users with this user name, in whatever case."""
        return self.filter(username__iexact=username)

    def containing(self, words: str) -> Self:
        """Users whose user name, first or last name contains each of the words."""
        found = self
        for word in words.split():
            found = found.filter(
                Q(username__icontains=word) | Q(first_name__icontains=word) | Q(last_name__icontains=word)
            )
        return found


class UserManager(BaseUserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]
    """The manager of people. They are created by mcp.central.operations."""

    use_in_migrations = False


class GroupCounts(TypedDict):
    """What `mcp.isolation.access.with_counts` counts of a user group."""

    member_count: int
    general_count: int
    """How many rights it holds at all locations."""
    single_count: int
    """How many different rights it holds at single locations."""
    place_count: int
    """At how many single locations it holds any."""


type GroupWithCounts = WithAnnotations[UserGroup, GroupCounts]


class UserGroupQuerySet(models.QuerySet["UserGroup"]):
    """Queries for user groups."""

    def of_organization(self, organization: Organization) -> Self:
        return self.filter(organization=organization)

    def of_central(self) -> Self:
        """Groups that the central of the business manages."""
        return self.filter(owner=None)

    def owned_by(self, location: Location) -> Self:
        """Groups that this location manages itself."""
        return self.filter(owner=location)

    def with_member(self, user: User) -> Self:
        return self.filter(memberships__user=user)


class RestrictionQuerySet(models.QuerySet["Restriction"]):
    """Queries for restrictions."""

    def of_organization(self, organization: Organization) -> Self:
        return self.filter(organization=organization)

    def at(self, location: Location) -> Self:
        return self.filter(location=location)


class DeviceQuerySet(models.QuerySet["Device"]):
    """Queries for the machines of locations."""

    def of_organization(self, organization: Organization) -> Self:
        return self.filter(organization=organization)

    def at(self, location: Location) -> Self:
        return self.filter(organization=location.organization_id, location=location)

    def standing(self) -> Self:
        """Those that are not revoked."""
        return self.exclude(state=DeviceState.REVOKED)


class DeviceCodeQuerySet(models.QuerySet["DeviceCode"]):
    """Queries for the codes by which machines become devices."""

    def remembered(self, now: datetime) -> Self:
        """Those that are looked at when one is typed; of an older one it is as if there had been none."""
        return self.filter(made_at__gt=now - LIFETIME - timedelta(hours=1))

    def usable(self, now: datetime) -> Self:
        """Those that are open and not too old."""
        return self.open().filter(made_at__gt=now - LIFETIME)

    def open(self) -> Self:
        """Neither used nor withdrawn; it may be too old."""
        return self.filter(used_at=None, withdrawn_at=None)
