"""Files that belong to one user at one location for a day: what they have in common, and their bytes in pieces."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from locations.constraints import CompositeForeignKey
from locations.models import CustomerBase, Location, Organization


class OwnFile(models.Model):
    """A file of one user at one location, on its way into the base or out of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    base = models.ForeignKey(CustomerBase, models.CASCADE, related_name="+")
    location = models.ForeignKey(Location, models.CASCADE, related_name="+")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        db_constraint=False,  # …_user_of_organization refers to the same row and says more
        related_name="+",
    )
    user_name = models.CharField(
        _("user"), max_length=200, default="", help_text=_("As it was then; a command names itself.")
    )
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    name = models.CharField(_("file"), max_length=255)
    size = models.PositiveBigIntegerField(_("size in bytes"), default=0)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    state_since = models.DateTimeField(db_default=Now())
    failure = models.TextField(blank=True, default="")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


def own_file_constraints(prefix: str) -> list[models.BaseConstraint]:
    """Base, location and user are of the business, and pieces can refer to `(base, id)`."""
    return [
        CompositeForeignKey(
            fields=["organization", "base"],
            to="locations.CustomerBase",
            to_fields=["organization", "id"],
            name=f"{prefix}_base_of_organization",
        ),
        CompositeForeignKey(
            fields=["organization", "location"],
            to="locations.Location",
            to_fields=["organization", "id"],
            name=f"{prefix}_location_of_organization",
        ),
        CompositeForeignKey(
            fields=["organization", "user"],
            to="mcp.User",
            to_fields=["organization", "id"],
            name=f"{prefix}_user_of_organization",
        ),
    ]


class Chunk(models.Model):
    """A piece of a file. Pieces instead of one value: nothing ever holds a whole file in memory."""

    base = models.ForeignKey(CustomerBase, models.CASCADE, db_index=False, related_name="+")
    file: Any
    position = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.pk}: {self.position}"
