"""What was answered to requests that write, by their keys: a repeated one has one effect and the same answer."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from api.triggers import KEPT, WRITTEN_NOW
from customers.triggers.erasure import forgotten_by_erasure
from locations.models import CustomerBase
from locations.row_policies import RowSecurity

LONGEST_KEY = 80


class KeptAnswer(models.Model):
    """The answer to a request of a device, under the key that it came with. Written together with its effect.

    `fingerprint` is a keyed hash of what was asked. `rights` are those by which it was allowed; they are asked again
    before it is told once more. `customers` are whom it names: it is emptied when one of them is erased.
    """

    web_privileges: ClassVar[str] = "SELECT, INSERT, DELETE, UPDATE (status, body, headers, customers)"

    pk = models.CompositePrimaryKey("base_id", "device_id", "key")
    base = models.ForeignKey(CustomerBase, models.PROTECT, db_index=False, related_name="+", editable=False)
    device_id = models.UUIDField(editable=False, help_text="No device is ever deleted.")
    key = models.CharField(max_length=LONGEST_KEY, editable=False)
    fingerprint = models.CharField(max_length=64, editable=False)
    status = models.PositiveSmallIntegerField(editable=False)
    body = models.TextField(editable=False)
    headers = models.JSONField(default=dict, editable=False)
    rights = ArrayField(models.CharField(max_length=40), editable=False)
    customers = ArrayField(models.BigIntegerField(), editable=False)
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("kept answer")
        verbose_name_plural = _("kept answers")
        default_permissions = ()
        constraints = [RowSecurity(name="keptanswer_rows", base="base")]
        triggers = [KEPT, WRITTEN_NOW, forgotten_by_erasure("status", "body", "headers", "customers")]

    def __str__(self) -> str:
        return f"{self.device_id}: {self.key}"
