"""A package at its receiver, on its way into his base by an import."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from customers.models import ImportUpload
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.models import CustomerBase, Organization
from locations.personal import personal
from locations.row_policies import RowSecurity


@personal(technical="sender_account sender_name sha256 manifest received_at", keys="transition")
class Arrival(models.Model):
    """A package at its receiver: where it comes from, and the import by which it enters the base."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, db_index=False, related_name="+")
    base = models.ForeignKey(CustomerBase, models.PROTECT, db_index=False, related_name="+")
    upload = models.ForeignKey(ImportUpload, models.CASCADE, db_constraint=False, db_index=False, related_name="+")
    transition = models.UUIDField(help_text="As the package says; the row itself is of another business.")
    sender_account = models.PositiveIntegerField()
    sender_name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    manifest = models.JSONField()
    received_at = models.DateTimeField(db_default=Now(), editable=False)
    received_by = models.CharField(max_length=200)

    class Meta:
        verbose_name = _("received package")
        verbose_name_plural = _("received packages")
        default_permissions = ()
        indexes = [models.Index(fields=["transition"], name="arrival_by_transition")]
        constraints = [
            RowSecurity(name="arrival_rows", base="base"),
            KeyWithBase(name="arrival_key"),
            models.UniqueConstraint(fields=["base", "upload"], name="arrival_upload_once"),
            CompositeForeignKey(
                fields=["organization", "base"],
                to="locations.CustomerBase",
                to_fields=["organization", "id"],
                name="arrival_base_of_organization",
            ),
            CompositeForeignKey(
                fields=["base", "upload"],
                to="customers.ImportUpload",
                to_fields=["base", "id"],
                name="arrival_upload_in_base",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sender_account}: {self.sha256[:8]}"
