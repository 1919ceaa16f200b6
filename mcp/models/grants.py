"""Which user group holds which right where, and what a franchisee takes away."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from guardian.models import GroupObjectPermissionBase

from locations.constraints import CompositeForeignKey
from locations.history import keep_history
from locations.models import Location, Organization
from locations.permissions import Right
from locations.personal import personal
from locations.row_checks import CheckedRow
from locations.row_policies import RowSecurity
from mcp.models.people import UserGroup
from mcp.querysets import RestrictionQuerySet
from mcp.triggers import (
    GRANT_ORGANIZATION,
    OWNED_GROUP_NOT_EVERYWHERE,
    OWNED_GROUP_STAYS_HOME,
    RESTRICTION_RULES,
    permission_of,
)


@personal()
@keep_history()
class LocationGrant(GroupObjectPermissionBase):
    """A user group holds a right at one location."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    group: Any = models.ForeignKey(UserGroup, models.CASCADE, db_constraint=False, related_name="location_grants")
    content_object = models.ForeignKey(Location, models.CASCADE, db_constraint=False, related_name="grants")

    class Meta:
        verbose_name = _("right at a location")
        verbose_name_plural = _("rights at locations")
        default_permissions = ()
        constraints = [
            RowSecurity(name="locationgrant_rows", organization="organization"),
            models.UniqueConstraint(
                fields=["group", "content_object", "permission"],
                name="locationgrant_unique",
                violation_error_code="locationgrant_unique",
                violation_error_message=_("The user group holds this right there already."),
            ),
            CompositeForeignKey(
                fields=["organization", "group"],
                to="mcp.UserGroup",
                to_fields=["organization", "id"],
                name="locationgrant_group_of_organization",
                violation_error_message=_("This user group belongs to another business."),
            ),
            CompositeForeignKey(
                fields=["organization", "content_object"],
                to="locations.Location",
                to_fields=["organization", "id"],
                name="locationgrant_location_of_organization",
                violation_error_message=_("The location belongs to another business."),
            ),
        ]
        triggers = [GRANT_ORGANIZATION, OWNED_GROUP_STAYS_HOME, permission_of("location")]


@personal()
@keep_history()
class OrganizationGrant(GroupObjectPermissionBase):
    """A user group holds a right at all locations of its business, later ones included."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    group: Any = models.ForeignKey(UserGroup, models.CASCADE, db_constraint=False, related_name="organization_grants")
    content_object = models.ForeignKey(Organization, models.CASCADE, related_name="grants")

    class Meta:
        verbose_name = _("right at all locations")
        verbose_name_plural = _("rights at all locations")
        default_permissions = ()
        constraints = [
            RowSecurity(name="organizationgrant_rows", organization="organization"),
            models.UniqueConstraint(
                fields=["group", "content_object", "permission"],
                name="organizationgrant_unique",
                violation_error_code="organizationgrant_unique",
                violation_error_message=_("The user group holds this right there already."),
            ),
            models.CheckConstraint(
                condition=Q(content_object=models.F("organization")),
                name="organizationgrant_own_organization",
                violation_error_code="organizationgrant_own_organization",
                violation_error_message=_("A right at all locations holds in the user group's own business."),
            ),
            CompositeForeignKey(
                fields=["organization", "group"],
                to="mcp.UserGroup",
                to_fields=["organization", "id"],
                name="organizationgrant_group_of_organization",
                violation_error_message=_("This user group belongs to another business."),
            ),
        ]
        triggers = [GRANT_ORGANIZATION, OWNED_GROUP_NOT_EVERYWHERE, permission_of("organization")]


@personal(technical="right created_at")
@keep_history()
class Restriction(CheckedRow):
    """An independent franchisee takes a right from a user group at its own location."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", editable=False)
    location = models.ForeignKey(
        Location,
        models.CASCADE,
        db_constraint=False,
        related_name="restrictions",
        editable=False,
        verbose_name=_("location"),
    )
    group = models.ForeignKey(
        UserGroup,
        models.CASCADE,
        db_constraint=False,
        related_name="restrictions",
        verbose_name=_("user group"),
    )
    right = models.CharField(_("right"), max_length=40, choices=[(right.value, right.label) for right in Right])
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    objects = RestrictionQuerySet.as_manager()

    class Meta:
        verbose_name = _("restriction")
        verbose_name_plural = _("restrictions")
        ordering = ["group", "right"]
        default_permissions = ()
        constraints = [
            RowSecurity(name="restriction_rows", organization="organization"),
            models.UniqueConstraint(
                fields=["location", "group", "right"],
                name="restriction_unique",
                violation_error_code="restriction_unique",
                violation_error_message=_("This right is already restricted for this user group."),
            ),
            models.CheckConstraint(
                condition=Q(right__in=[right.value for right in Right]),
                name="restriction_right_known",
                violation_error_code="restriction_right_known",
                violation_error_message=_("This right is not in the catalogue of rights."),
            ),
            CompositeForeignKey(
                fields=["organization", "location"],
                to="locations.Location",
                to_fields=["organization", "id"],
                name="restriction_location_of_organization",
                violation_error_message=_("The location belongs to another business."),
            ),
            CompositeForeignKey(
                fields=["organization", "group"],
                to="mcp.UserGroup",
                to_fields=["organization", "id"],
                name="restriction_group_of_organization",
                violation_error_message=_("This user group belongs to another business."),
            ),
        ]
        triggers = [RESTRICTION_RULES]

    def __str__(self) -> str:
        return f"{self.group}: {Right(self.right).label}"

    def clean(self) -> None:
        """Say in a sentence what the triggers of this table would refuse."""
        if not Location.objects.franchises().filter(pk=self.location_id).exists():
            raise ValidationError(
                _("Only an independent franchisee can restrict what user groups may do."),
                code="restriction_only_franchise",
            )
        if UserGroup.objects.filter(pk=self.group_id, owner=self.location_id).exists():
            raise ValidationError(
                _(
                    "This user group is the location's own. Take the right from it on its own page; "
                    "a restriction is for the groups of the central."
                ),
                code="restriction_not_own_group",
            )
