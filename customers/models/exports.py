"""Files of customers that were made in the background, and who has fetched them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from customers.choices import ExportState
from customers.models.files import Chunk, OwnFile, own_file_constraints
from customers.models.narrowing import NarrowingField
from locations.constraints import CompositeForeignKey
from locations.models import CustomerBase
from locations.row_policies import RowSecurity


class CustomerExport(OwnFile):
    """A file of customers for one user. The bytes are deleted after a day; that it was made stays on record."""

    choices = models.JSONField(default=dict, help_text="Format, columns, and which customers.")
    narrowed_by = NarrowingField()
    state = models.CharField(max_length=10, choices=ExportState, default=ExportState.WAITING)
    total = models.PositiveIntegerField(_("customers"), default=0)
    done = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        default_permissions = ()
        indexes = [models.Index(fields=["created_at"], name="customerexport_by_created")]
        constraints = [
            RowSecurity(name="customerexport_rows", base="base"),
            models.CheckConstraint(condition=Q(state__in=ExportState.values), name="customerexport_state_known"),
            *own_file_constraints("customerexport"),
        ]


def _of_export(name: str) -> CompositeForeignKey:
    return CompositeForeignKey(
        fields=["base", "file"], to="customers.CustomerExport", to_fields=["base", "id"], name=f"{name}_file_in_base"
    )


class ExportChunk(Chunk):
    file = models.ForeignKey(CustomerExport, models.CASCADE, db_constraint=False, db_index=False, related_name="chunks")

    class Meta:
        verbose_name = _("piece of an export")
        verbose_name_plural = _("pieces of exports")
        default_permissions = ()
        constraints = [
            RowSecurity(name="exportchunk_rows", base="base"),
            models.UniqueConstraint(fields=["base", "file", "position"], name="exportchunk_unique"),
            _of_export("exportchunk"),
        ]


class ExportDownload(models.Model):
    """Somebody has fetched an export."""

    base = models.ForeignKey(CustomerBase, models.CASCADE, db_index=False, related_name="+")
    file = models.ForeignKey(CustomerExport, models.CASCADE, db_constraint=False, related_name="downloads")
    user_id = models.BigIntegerField(help_text="Of " + settings.AUTH_USER_MODEL)
    user_name = models.CharField(_("user"), max_length=200)
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("download of an export")
        verbose_name_plural = _("downloads of exports")
        default_permissions = ()
        constraints = [RowSecurity(name="exportdownload_rows", base="base"), _of_export("exportdownload")]

    def __str__(self) -> str:
        return f"{self.file_id}: {self.user_name}"
