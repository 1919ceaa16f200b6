"""Files on their way into a base."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from customers.choices import UploadState
from locations.constraints import CompositeForeignKey
from locations.models import CustomerBase, Location, Organization
from locations.row_security import RowSecurity


class ImportUpload(models.Model):
    """A file on its way into the base. It belongs to one user at one location and is deleted after a day."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    base = models.ForeignKey(CustomerBase, models.CASCADE, related_name="+")
    location = models.ForeignKey(Location, models.CASCADE, related_name="+")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        db_constraint=False,  # importupload_user_of_organization refers to the same row and says more
        related_name="+",
    )
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    name = models.CharField(_("file"), max_length=255)
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    rows = models.PositiveIntegerField(_("rows"))
    choices = models.JSONField(default=dict)
    preview = models.JSONField(null=True)
    result = models.JSONField(null=True)
    state = models.CharField(max_length=10, choices=UploadState, default=UploadState.UPLOADED)
    state_since = models.DateTimeField(db_default=Now())
    failure = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        default_permissions = ()
        indexes = [models.Index(fields=["created_at"], name="importupload_by_created")]
        constraints = [
            RowSecurity(name="importupload_rows", base="base"),
            models.CheckConstraint(condition=Q(state__in=UploadState.values), name="importupload_state_known"),
            CompositeForeignKey(
                fields=["organization", "base"],
                to="locations.CustomerBase",
                to_fields=["organization", "id"],
                name="importupload_base_of_organization",
            ),
            CompositeForeignKey(
                fields=["organization", "location"],
                to="locations.Location",
                to_fields=["organization", "id"],
                name="importupload_location_of_organization",
            ),
            CompositeForeignKey(
                fields=["organization", "user"],
                to="mcp.User",
                to_fields=["organization", "id"],
                name="importupload_user_of_organization",
            ),
        ]

    def __str__(self) -> str:
        return self.name
