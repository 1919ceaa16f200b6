"""Abstract models of files, their pieces and downloads. Each kind has tables of its own."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any, ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from files.choices import FILE_STEPS, FileState
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.models import CustomerBase, Location, Organization
from locations.personal import personal
from locations.row_policies import RowSecurity
from locations.triggers import immutable, settled, steps_between
from mcp.stored_sentences import SentencesField


@personal(technical="created_at name size sha256 state_since failure")
class OwnFile(models.Model):
    """A file that a user sends in, or has made, at one location."""

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
    failure = SentencesField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


@personal(technical="state total done")
class WorkedFile(OwnFile):
    """A file that the worker makes or takes in. `done` of `total` is counted in customers."""

    state = models.CharField(max_length=10, choices=FileState, default=FileState.WAITING)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)

    is_kept: bool
    """Whether its bytes are still there; only of rows of `files.lifecycle.with_kept`."""

    class Meta:
        abstract = True


def own_file_constraints(prefix: str) -> list[models.BaseConstraint]:
    """Base, location and user of a file belong to its business. `prefix` begins the names of the constraints."""
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


def file_triggers(*columns: str, begins: Collection[FileState] = (FileState.WAITING,)) -> list[pgtrigger.Trigger]:
    """A `WorkedFile` begins in one of the states `begins`, stays whose it is, and once done what it is.

    `columns` are those of its kind that say what it is.
    """
    return [
        steps_between(FILE_STEPS, begins=begins),
        immutable("id", "organization_id", "base_id", "location_id", "user_id", "user_name", "name"),
        settled([FileState.DONE], "created_at", "size", "sha256", "total", "done", *columns),
    ]


@personal(technical="position")
class Chunk(models.Model):
    """A piece of a file. Pieces instead of one value, so that nothing ever holds a whole file in memory.

    Each kind declares `file`, a foreign key to its own table.
    """

    base = models.ForeignKey(CustomerBase, models.CASCADE, db_index=False, related_name="+")
    file: Any
    position = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.pk}: {self.position}"


@personal(is_of_staff=True, behaviour="at")
class Download(models.Model):
    """A record that somebody has fetched a file; rows are added and never changed. Each kind declares `file`."""

    web_privileges: ClassVar[str] = "SELECT, INSERT"

    base = models.ForeignKey(CustomerBase, models.PROTECT, db_index=False, related_name="+")
    file: Any
    user_id = models.BigIntegerField(help_text="Of " + settings.AUTH_USER_MODEL)
    user_name = models.CharField(_("user"), max_length=200)
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.at}: {self.user_name}"


def piece_constraints(name: str, to: str, *, owner: str | None = None) -> list[models.BaseConstraint]:
    """Each piece is there once, and of a file of its base. `to` is the model of the file.

    `owner` names the field of both by which a file belongs to one location alone (see RowSecurity).
    """
    return [
        RowSecurity(name=f"{name}_rows", base="base", owner=owner),
        KeyWithBase(name=f"{name}_key"),
        models.UniqueConstraint(fields=["base", "file", "position"], name=f"{name}_unique"),
        _file_reference(name, to, owner),
    ]


def download_constraints(name: str, to: str) -> list[models.BaseConstraint]:
    """Each download is of a file of its base. `to` is the model of the file."""
    return [
        RowSecurity(name=f"{name}_rows", base="base"),
        KeyWithBase(name=f"{name}_key"),
        _file_reference(name, to),
    ]


def _file_reference(name: str, to: str, owner: str | None = None) -> CompositeForeignKey:
    more = [owner] if owner else []
    return CompositeForeignKey(
        fields=["base", "file", *more], to=to, to_fields=["base", "id", *more], name=f"{name}_file_in_base"
    )
