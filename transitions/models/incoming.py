"""A file that was sent to be taken in by the worker, and its bytes until that is done."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from files.choices import UNDER_WAY, FileState
from files.models import Chunk, WorkedFile, file_triggers, own_file_constraints, piece_constraints
from locations.constraints import KeyWithBase
from locations.personal import Erasure, personal
from locations.row_policies import RowSecurity


@personal(technical="is_list is_cancelled taken_in", keys="upload")
class IncomingFile(WorkedFile):
    """A package or a list of withdrawals that the worker takes in.

    Its bytes are deleted as soon as that is over, the row a day later: what has become of it is on record elsewhere.
    """

    is_list = models.BooleanField(default=False, help_text="A list of withdrawals, and no package.")
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)
    is_cancelled = models.BooleanField(default=False, help_text="Somebody wants the worker to stop.")
    upload = models.UUIDField(null=True, help_text="The import that the package has become.")
    taken_in = models.JSONField(null=True, help_text="What the list of withdrawals has done.")

    class Meta:
        verbose_name = _("file that is taken in")
        verbose_name_plural = _("files that are taken in")
        default_permissions = ()
        indexes = [models.Index(fields=["base", "-created_at"], name="incomingfile_by_created")]
        constraints = [
            RowSecurity(name="incomingfile_rows", base="base"),
            KeyWithBase(name="incomingfile_key"),
            models.CheckConstraint(condition=Q(state__in=FileState.values), name="incomingfile_state_known"),
            models.UniqueConstraint(
                fields=["base", "location", "sha256"],
                condition=Q(state__in=UNDER_WAY),
                name="incomingfile_once_at_a_time",
                violation_error_code="incoming_under_way",
                violation_error_message=_("This file is being taken in already."),
            ),
            *own_file_constraints("incomingfile"),
        ]
        triggers = file_triggers("is_list", "upload", "taken_in")


@personal(bulk="gone as soon as it is taken in", erased=Erasure.ROW_GOES, identity="content")
class IncomingChunk(Chunk):
    file: Any = models.ForeignKey(
        IncomingFile, models.CASCADE, db_constraint=False, db_index=False, related_name="chunks"
    )

    class Meta:
        verbose_name = _("piece of a file that is taken in")
        verbose_name_plural = _("pieces of files that are taken in")
        default_permissions = ()
        constraints = piece_constraints("incomingchunk", "transitions.IncomingFile")
