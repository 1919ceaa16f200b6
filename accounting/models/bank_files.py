"""A large file of the bank that the worker reads, and its bytes until that is done."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounting.models.ledgers import OF_ALL
from accounting.querysets import BankFileQuerySet
from files.choices import UNDER_WAY, FileState
from files.models import Chunk, WorkedFile, file_triggers, own_file_constraints, piece_constraints
from locations.constraints import KeyWithBase
from locations.personal import Erasure, personal
from locations.row_policies import RowSecurity


@personal(technical="account new known")
class BankFile(WorkedFile):
    """A file that somebody has sent. Its bytes are deleted as soon as it is read, the row a day later.

    What was new of it is in the statements that it has brought.
    """

    owner_key = models.BigIntegerField(default=OF_ALL)
    account = models.UUIDField(null=True, help_text="The bank account that counts where a table names none.")
    new = models.PositiveIntegerField(default=0, help_text="Entries that were stored.")
    known = models.PositiveIntegerField(default=0, help_text="Entries that an earlier file had brought.")

    objects = BankFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("file of the bank")
        verbose_name_plural = _("files of the bank")
        default_permissions = ()
        indexes = [models.Index(fields=["base", "-created_at"], name="bankfile_by_created")]
        constraints = [
            RowSecurity(name="bankfile_rows", base="base", owner="owner_key"),
            KeyWithBase(name="bankfile_key"),
            models.UniqueConstraint(fields=["base", "id", "owner_key"], name="bankfile_with_owner"),
            models.CheckConstraint(condition=Q(state__in=FileState.values), name="bankfile_state_known"),
            models.UniqueConstraint(
                fields=["base", "owner_key", "sha256"],
                condition=Q(state__in=UNDER_WAY),
                name="bankfile_once_at_a_time",
                violation_error_code="bank_file_under_way",
                violation_error_message=_("This file is being read already. Wait until that is done."),
            ),
            *own_file_constraints("bankfile"),
        ]
        triggers = file_triggers("owner_key", "account", "new", "known")


@personal(bulk="gone as soon as it is read", erased=Erasure.ROW_GOES, identity="content")
class BankFileChunk(Chunk):
    """A piece of the bytes of a file of the bank."""

    file = models.ForeignKey(BankFile, models.CASCADE, db_constraint=False, db_index=False, related_name="+")
    owner_key = models.BigIntegerField(default=OF_ALL)

    class Meta:
        verbose_name = _("piece of a file of the bank")
        verbose_name_plural = _("pieces of files of the bank")
        default_permissions = ()
        constraints = piece_constraints("bankfilechunk", "accounting.BankFile", owner="owner_key")
