"""Files of persons: everything that is stored about one customer, and who has fetched it.

PersonFile ─┬─< PersonFileChunk      the archive, in pieces, for a week
            └─< PersonFileDownload   who has fetched it
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
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
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.personal import Erasure, personal
from locations.row_policies import RowSecurity

PERSON_FILE = "privacy.PersonFile"


@personal(of="customer", erased=Erasure.STAYS, emptied="customer", technical="language")
class PersonFile(WorkedFile):
    """A file about one customer. Its bytes go after a week or with him; that it was made stays on record."""

    web_privileges: ClassVar[str] = "SELECT, INSERT, UPDATE"

    customer = models.ForeignKey(
        Customer,
        models.PROTECT,
        null=True,
        db_constraint=False,  # personfile_customer_in_base refers to the same row and says more
        db_index=False,
        related_name="+",
    )
    language = models.CharField(max_length=8, help_text="Of the readable part.")

    class Meta:
        verbose_name = _("file of a person")
        verbose_name_plural = _("files of persons")
        default_permissions = ()
        indexes = [models.Index(fields=["customer", "base"], name="personfile_of_customer")]
        constraints = [
            RowSecurity(name="personfile_rows", base="base"),
            KeyWithBase(name="personfile_key"),
            models.CheckConstraint(condition=Q(state__in=FileState.values), name="personfile_state_known"),
            *own_file_constraints("personfile"),
            CompositeForeignKey(
                fields=["base", "customer"],
                to="customers.Customer",
                to_fields=["base", "id"],
                name="personfile_customer_in_base",
            ),
        ]
        triggers = [*file_triggers("language"), forgotten_by_erasure("customer_id")]


@personal(bulk="it is a file of this kind itself", erased=Erasure.ROW_GOES, identity="content")
class PersonFileChunk(Chunk):
    file: Any = models.ForeignKey(
        PersonFile, models.CASCADE, db_constraint=False, db_index=False, related_name="chunks"
    )

    class Meta:
        verbose_name = _("piece of a file of a person")
        verbose_name_plural = _("pieces of files of persons")
        default_permissions = ()
        constraints = piece_constraints("personfilechunk", PERSON_FILE)


class PersonFileDownload(Download):
    file = models.ForeignKey(PersonFile, models.PROTECT, db_constraint=False, related_name="downloads")

    class Meta(Download.Meta):
        verbose_name = _("download of a file of a person")
        verbose_name_plural = _("downloads of files of persons")
        default_permissions = ()
        constraints = download_constraints("personfiledownload", PERSON_FILE)
