"""Runs of invoices: what is to be billed, and what each run has chosen."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from accounting.amounts import MOST
from accounting.choices import RUN_STEPS, Bundling, LeftOut, RunState
from accounting.models.columns import money, refers
from accounting.models.issuers import Issuer
from accounting.models.ledgers import OF_ALL, Ledger
from accounting.models.orders import PaymentOrder
from accounting.querysets import RunOrderQuerySet, RunQuerySet
from customers.models import Customer
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.models import CustomerBase, Organization
from locations.personal import Erasure, personal
from locations.row_policies import RowSecurity
from locations.triggers import immutable, settled, steps_between
from mcp.stored_sentences import SentencesField

WAITING = Q(invoice=None, left_out="")
"""An order that the run has chosen and that is on no invoice of it yet."""
WAITING_BY_ORDER = WAITING & Q(order__isnull=False)
"""The same, said so that an index with this condition serves look-ups by the order alone.

Others would skip through the whole index by its base and read all that waits there, as long as the table is small.
"""


@personal(
    technical=(
        "state state_since until locations groups bundling minimum invoices total issued documented is_mailed "
        "failure created_at previewed_at started_at"
    ),
)
class InvoiceRun(models.Model):
    """A run of invoices. What its preview has chosen is what it issues, but for what was paid or cancelled meanwhile.

    `locations` and `groups` are ids of locations and of customer groups, empty for all of them. `invoices` and `total`
    are what the preview has promised, `issued` and `documented` how far it has come.
    """

    web_privileges: ClassVar[str] = (
        "SELECT, INSERT, "
        "UPDATE (state, state_since, invoices, total, documented, failure, previewed_at, started_at, is_mailed)"
    )

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = refers(Organization)
    base = refers(CustomerBase)
    ledger = refers(Ledger)
    owner_key = models.BigIntegerField(default=OF_ALL)
    issuer = refers(Issuer)
    state = models.CharField(_("state"), max_length=10, choices=RunState, default=RunState.PREPARED)
    state_since = models.DateTimeField(db_default=Now())
    until = models.DateField(_("orders until"))
    locations = ArrayField(models.BigIntegerField(), default=list, blank=True)
    groups = ArrayField(models.BigIntegerField(), default=list, blank=True)
    bundling = models.CharField(_("invoices"), max_length=10, choices=Bundling, default=Bundling.AGREED)
    minimum = money(_("smallest amount"), default=0)
    invoices = models.PositiveIntegerField(_("invoices"), default=0)
    total = money(_("sum"), default=0)
    issued = models.PositiveIntegerField(default=0, editable=False)
    documented = models.PositiveIntegerField(default=0, editable=False)
    is_mailed = models.BooleanField(_("mail the invoices"), default=False, db_default=False)
    failure = SentencesField()
    user_id = models.BigIntegerField(null=True)
    user_name = models.CharField(_("user"), max_length=200)
    created_at = models.DateTimeField(_("prepared"), db_default=Now(), editable=False)
    previewed_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        verbose_name = _("run of invoices")
        verbose_name_plural = _("runs of invoices")
        default_permissions = ()
        indexes = [models.Index(fields=["base", "-created_at"], name="invoicerun_latest")]
        constraints = [
            RowSecurity(name="invoicerun_rows", base="base", owner="owner_key"),
            KeyWithBase(name="invoicerun_key"),
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="invoicerun_state_known"),
            models.CheckConstraint(condition=Q(bundling__in=Bundling.values), name="invoicerun_bundling_known"),
            models.CheckConstraint(
                condition=Q(minimum__gte=0),
                name="invoicerun_minimum_positive",
                violation_error_code="invoicerun_minimum_positive",
                violation_error_message=_("The smallest amount cannot be negative."),
            ),
            models.CheckConstraint(condition=~Q(user_name=""), name="invoicerun_of_somebody"),
            models.CheckConstraint(condition=Q(minimum__lte=MOST), name="invoicerun_minimum_finite"),
            CompositeForeignKey(
                fields=["organization", "base", "ledger", "owner_key"],
                to="accounting.Ledger",
                to_fields=["organization", "base", "id", "owner_key"],
                name="invoicerun_in_ledger",
            ),
            CompositeForeignKey(
                fields=["organization", "issuer", "owner_key"],
                to="accounting.Issuer",
                to_fields=["organization", "id", "owner_key"],
                name="invoicerun_issuer_of_owner",
            ),
        ]
        triggers = [
            steps_between(RUN_STEPS, begins=[RunState.PREPARED]),
            immutable(
                "id", "organization_id", "base_id", "ledger_id", "owner_key", "issuer_id", "until", "locations",
                "groups", "bundling", "minimum", "user_id", "user_name", "created_at",
            ),
            settled(
                [RunState.DONE, RunState.CANCELLED], "invoices", "total", "issued", "previewed_at", "started_at",
                "is_mailed",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return date_format(timezone.localtime(self.created_at), "SHORT_DATETIME_FORMAT")


@personal(of="payer", erased=Erasure.STAYS, emptied="payer", contract="amount left_out", technical="bundle")
class RunOrder(models.Model):
    """An order that the preview of a run has looked at: chosen for an invoice, or left out and why.

    An order is chosen by one run at a time. Orders of the same `bundle` come onto one invoice, and numbers are given in
    the order of the bundles. Written by accounting_choose_orders, by the function that issues, and by
    accounting_release_orders.
    """

    web_privileges: ClassVar[str] = "SELECT"

    pk = models.CompositePrimaryKey("base_id", "run_id", "order_id")
    base = refers(CustomerBase)
    owner_key = models.BigIntegerField(default=OF_ALL)
    run = refers(InvoiceRun)
    order = refers(PaymentOrder)
    payer = refers(Customer, null=True)
    bundle = models.PositiveIntegerField()
    amount = money(_("amount"))
    left_out = models.CharField(max_length=12, choices=LeftOut, blank=True, default="", db_default="")
    invoice = refers("accounting.Invoice", null=True)

    objects = RunOrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order in a run")
        verbose_name_plural = _("orders in runs")
        default_permissions = ()
        indexes = [
            models.Index(fields=["run", "base", "bundle"], condition=WAITING, name="runorder_waiting"),
            models.Index(fields=["payer", "base"], name="runorder_of_payer"),
        ]
        constraints = [
            RowSecurity(name="runorder_rows", base="base", owner="owner_key"),
            models.UniqueConstraint(fields=["order", "base"], condition=WAITING_BY_ORDER, name="runorder_in_one_run"),
            models.CheckConstraint(condition=Q(invoice=None) | Q(left_out=""), name="runorder_billed_or_left_out"),
            CompositeForeignKey(
                fields=["base", "run"],
                to="accounting.InvoiceRun",
                to_fields=["base", "id"],
                name="runorder_run_in_base",
            ),
            CompositeForeignKey(
                fields=["base", "order"],
                to="accounting.PaymentOrder",
                to_fields=["base", "id"],
                name="runorder_order_in_base",
            ),
            CompositeForeignKey(
                fields=["base", "payer"],
                to="customers.Customer",
                to_fields=["base", "id"],
                name="runorder_payer_in_base",
            ),
            CompositeForeignKey(
                fields=["base", "invoice"],
                to="accounting.Invoice",
                to_fields=["base", "id"],
                name="runorder_invoice_in_base",
            ),
        ]

    def __str__(self) -> str:
        return str(self.order_id)
