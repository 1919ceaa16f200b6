"""What was answered to requests that write, by their keys; and where programs are told that customers have changed."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from api.choices import WEBHOOK_STEPS, WebhookState
from api.triggers import KEPT, WRITTEN_NOW
from customers.triggers.erasure import forgotten_by_erasure
from locations.constraints import CompositeForeignKey
from locations.models import CustomerBase, Location, Organization
from locations.personal import Erasure, personal
from locations.row_policies import RowSecurity
from locations.triggers import immutable, settled, stays_on_record, steps_between
from mcp.models import Device

LONGEST_KEY = 80


@personal(
    bulk="told again to the till that has got it, for a week",
    erased=Erasure.STAYS,
    emptied="body headers customers",
    identity="body headers customers",
    technical="status at",
    keys="device_id key fingerprint rights",
)
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


@personal(
    technical=(
        "url state made_at ended_at life changed_in last_customer failures next_try_at sent_at failed_at last_error "
        "last_status"
    ),
    keys="nonce",
)
class Webhook(models.Model):
    """An address that is told which customers have changed, for the program of a device.

    `changed_in` and `last_customer` are how far it has been told, in the order of changes of the life and base that
    `life` names. Its secret is stored nowhere: it is worked out from `nonce` by the key of the installation.
    `failures` counts those in a row; `next_try_at` is from when on it is tried.
    """

    web_privileges: ClassVar[str] = "SELECT, INSERT, UPDATE"

    id: Any = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", editable=False)
    location = models.ForeignKey(
        Location,
        models.PROTECT,
        db_constraint=False,  # webhook_location_of_organization refers to the same row and says more
        related_name="+",
        editable=False,
    )
    device = models.ForeignKey(
        Device,
        models.PROTECT,
        db_constraint=False,  # webhook_device_of_organization refers to the same row and says more
        related_name="webhooks",
        verbose_name=_("device"),
    )
    url = models.CharField(_("address"), max_length=300)
    nonce = models.CharField(max_length=32, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=WebhookState, default=WebhookState.ACTIVE)
    made_at = models.DateTimeField(_("made"), db_default=Now(), editable=False)
    made_by = models.CharField(_("made by"), max_length=200, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)
    ended_by = models.CharField(_("ended by"), max_length=200, blank=True, default="", editable=False)
    life = models.CharField(max_length=60, editable=False)
    changed_in = models.BigIntegerField(editable=False)
    last_customer = models.BigIntegerField(default=0, editable=False)
    failures = models.PositiveSmallIntegerField(default=0, editable=False)
    next_try_at = models.DateTimeField(editable=False)
    sent_at = models.DateTimeField(_("last message"), null=True, editable=False)
    failed_at = models.DateTimeField(_("last failure"), null=True, editable=False)
    last_error = models.CharField(max_length=20, blank=True, default="", editable=False)
    last_status = models.PositiveSmallIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        default_permissions = ()
        indexes = [models.Index(fields=["next_try_at"], condition=Q(state="active"), name="webhook_due")]
        constraints = [
            RowSecurity(name="webhook_rows", organization="organization"),
            models.CheckConstraint(condition=Q(state__in=WebhookState.values), name="webhook_state_known"),
            models.CheckConstraint(condition=Q(url__startswith="https://"), name="webhook_encrypted"),
            models.CheckConstraint(
                condition=Q(state=WebhookState.ENDED, ended_at__isnull=False) & ~Q(ended_by="")
                | Q(ended_at=None, ended_by="") & ~Q(state=WebhookState.ENDED),
                name="webhook_ended_by_somebody",
            ),
            CompositeForeignKey(
                fields=["organization", "location"],
                to="locations.Location",
                to_fields=["organization", "id"],
                name="webhook_location_of_organization",
            ),
            CompositeForeignKey(
                fields=["organization", "device"],
                to="mcp.Device",
                to_fields=["organization", "id"],
                name="webhook_device_of_organization",
            ),
        ]
        triggers = [
            steps_between(WEBHOOK_STEPS, begins=[WebhookState.ACTIVE]),
            immutable("id", "organization_id", "location_id", "device_id", "url", "nonce", "made_at", "made_by"),
            settled([WebhookState.ENDED], "ended_at", "ended_by", "changed_in", "last_customer", "sent_at"),
            stays_on_record(WebhookState.values),
        ]

    def __str__(self) -> str:
        return self.url
