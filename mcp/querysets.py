"""What can be asked about users, groups and grants, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.contrib.auth.base_user import BaseUserManager
from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from locations.models import Location, Organization
    from mcp.models import Restriction, User, UserGroup


class UserQuerySet(models.QuerySet["User"]):
    def of_organization(self, organization: Organization) -> Self:
        return self.filter(organization=organization)

    def at_home_in(self, location: Location) -> Self:
        """Users whose own place of work is this location."""
        return self.filter(organization=location.organization_id, location=location)

    def of_provider(self) -> Self:
        return self.filter(organization=None)

    def active(self) -> Self:
        return self.filter(is_active=True)

    def named(self, username: str) -> Self:
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
    """The manager that Django's authentication asks; people are created by mcp.central.operations."""

    use_in_migrations = False


class UserGroupQuerySet(models.QuerySet["UserGroup"]):
    def of_organization(self, organization: Organization) -> Self:
        return self.filter(organization=organization)

    def of_central(self) -> Self:
        """Groups that the central of the organization manages."""
        return self.filter(owner=None)

    def owned_by(self, location: Location) -> Self:
        """Groups that this location manages itself."""
        return self.filter(owner=location)

    def with_member(self, user: User) -> Self:
        return self.filter(memberships__user=user)


class RestrictionQuerySet(models.QuerySet["Restriction"]):
    def of_organization(self, organization: Organization) -> Self:
        return self.filter(organization=organization)

    def at(self, location: Location) -> Self:
        return self.filter(location=location)
