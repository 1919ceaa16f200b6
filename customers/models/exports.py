"""Files of customers that were made in the background, and who has fetched them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.models.narrowing import NarrowingField
from customers.triggers.erasure import forgotten_by_erasure
from files.choices import FileState
from files.models import (
    Chunk,
    Download,
    WorkedFile,
    download_constraints,
    file_triggers,
    own_file_constraints,
    piece_constraints,
)
from locations.constraints import KeyWithBase
from locations.personal import Erasure, personal
from locations.row_policies import RowSecurity

EXPORT = "customers.CustomerExport"


@personal(
    bulk="that he was in it is a hand-over",
    erased=Erasure.STAYS,
    emptied="choices narrowed_by",
    identity="choices narrowed_by",
)
class CustomerExport(WorkedFile):
    """A file of customers for one user. The bytes are deleted after a day; that it was made stays on record."""

    web_privileges: ClassVar[str] = "SELECT, INSERT, UPDATE"

    choices = models.JSONField(default=dict, help_text="Format, columns, and which customers.")
    narrowed_by = NarrowingField()
    total = models.PositiveIntegerField(_("customers"), default=0)

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        default_permissions = ()
        indexes = [models.Index(fields=["base", "-created_at"], name="customerexport_by_created")]
        constraints = [
            RowSecurity(name="customerexport_rows", base="base"),
            KeyWithBase(name="customerexport_key"),
            models.CheckConstraint(condition=Q(state__in=FileState.values), name="customerexport_state_known"),
            *own_file_constraints("customerexport"),
        ]
        # A small one is made at once.
        triggers = [
            *file_triggers(begins=[FileState.WAITING, FileState.DONE]),
            forgotten_by_erasure("choices", "narrowed_by", states=[FileState.DONE]),
        ]


@personal(bulk="that he was in it is a hand-over", erased=Erasure.ROW_GOES, identity="content")
class ExportChunk(Chunk):
    file = models.ForeignKey(CustomerExport, models.CASCADE, db_constraint=False, db_index=False, related_name="chunks")

    class Meta:
        verbose_name = _("piece of an export")
        verbose_name_plural = _("pieces of exports")
        default_permissions = ()
        constraints = piece_constraints("exportchunk", EXPORT)


@personal()
class ExportDownload(Download):
    file = models.ForeignKey(CustomerExport, models.PROTECT, db_constraint=False, related_name="downloads")

    class Meta(Download.Meta):
        verbose_name = _("download of an export")
        verbose_name_plural = _("downloads of exports")
        default_permissions = ()
        constraints = download_constraints("exportdownload", EXPORT)
