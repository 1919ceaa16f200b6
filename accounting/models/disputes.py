"""Invoices that a customer disputes: while one is open, nothing is debited for it and nobody is reminded."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounting.models.invoices import Invoice
from accounting.models.ledgers import OF_ALL
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.fields import LineField, TimeOrderedUuid
from locations.history import ClockTimestamp
from locations.models import CustomerBase
from locations.personal import Erasure, personal
from locations.row_policies import RowSecurity
from locations.triggers import immutable

_OPEN = Q(ended_at=None)


@personal(of="invoice__customer", erased=Erasure.ROW_GOES, special="reason outcome", contract="begun_at ended_at")
class Dispute(models.Model):
    """A dispute about an invoice: why it began, and how it ended. An invoice has one at a time."""

    web_privileges: ClassVar[str] = "SELECT, INSERT, UPDATE (ended_at, ended_by, outcome)"

    id: Any = models.UUIDField(primary_key=True, db_default=TimeOrderedUuid(), editable=False)
    base = models.ForeignKey(CustomerBase, models.PROTECT, db_constraint=False, db_index=False, related_name="+")
    owner_key = models.BigIntegerField(default=OF_ALL)
    invoice = models.ForeignKey(Invoice, models.PROTECT, db_constraint=False, db_index=False, related_name="disputes")
    reason = LineField(_("reason"), max_length=200)
    begun_at = models.DateTimeField(_("since"), db_default=ClockTimestamp(), editable=False)
    begun_by = models.CharField(_("noted by"), max_length=200)
    ended_at = models.DateTimeField(_("ended"), null=True)
    ended_by = models.CharField(_("ended by"), max_length=200, blank=True, default="")
    outcome = LineField(_("outcome"), max_length=200, blank=True, default="")

    class Meta:
        verbose_name = _("dispute about an invoice")
        verbose_name_plural = _("disputes about invoices")
        default_permissions = ()
        constraints = [
            RowSecurity(name="dispute_rows", base="base", owner="owner_key"),
            KeyWithBase(name="dispute_key"),
            models.UniqueConstraint(
                fields=["invoice", "base"],
                condition=_OPEN,
                name="dispute_one_of_invoice",
                violation_error_code="dispute_one_of_invoice",
                violation_error_message=_("This invoice is disputed already."),
            ),
            models.CheckConstraint(
                condition=~Q(reason="")
                & ~Q(begun_by="")
                & (
                    Q(ended_at=None, ended_by="", outcome="")
                    | Q(ended_at__isnull=False) & ~Q(ended_by="") & ~Q(outcome="")
                ),
                name="dispute_with_words",
            ),
            CompositeForeignKey(
                fields=["base", "invoice"],
                to="accounting.Invoice",
                to_fields=["base", "id"],
                name="dispute_invoice_in_base",
            ),
        ]
        triggers = [immutable("id", "base_id", "owner_key", "invoice_id", "reason", "begun_at", "begun_by")]

    def __str__(self) -> str:
        return self.reason
