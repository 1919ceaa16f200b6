"""Reminders of overdue invoices: the levels, as data, and runs with a notice for each invoice."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from accounting.amounts import MOST
from accounting.choices import DUNNING_RUN_STEPS, NOTICE_STEPS, DunningLeftOut, DunningRunState, NoticeState
from accounting.models.columns import INVOICES, money, refers
from accounting.models.invoices import Invoice
from accounting.models.ledgers import OF_ALL, Ledger
from accounting.models.movements import Movement
from accounting.querysets import DunningLevelQuerySet, DunningRunQuerySet, NoticeQuerySet
from accounting.triggers import NOTICES_IN_ORDER
from customers.models import Customer
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.fields import LineField, LinesField, TimeOrderedUuid
from locations.history import keep_history
from locations.models import CustomerBase, Organization
from locations.personal import Erasure, personal
from locations.row_checks import CheckedRow
from locations.row_policies import RowSecurity
from locations.triggers import immutable, settled, steps_between


@personal(technical="level title days_after_due days_to_pay fee is_fee_posted text")
@keep_history()
class DunningLevel(CheckedRow):
    """A level of reminding: from which day on, what is said, until when to pay, and what it costs.

    The fee is printed; it is booked, as a correction of the account, only where `is_fee_posted` says so.
    """

    web_privileges: ClassVar[str] = "SELECT, INSERT, UPDATE"

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", editable=False)
    owner_key = models.BigIntegerField(
        default=OF_ALL, editable=False, help_text="The location with accounts of its own whose level it is, or 0."
    )
    level = models.PositiveSmallIntegerField(_("level"), editable=False)
    title = LineField(_("heading"), max_length=80)
    days_after_due = models.PositiveSmallIntegerField(_("days after the due day"))
    days_to_pay = models.PositiveSmallIntegerField(_("days to pay"), default=7)
    fee = money(_("fee"), default=0)
    is_fee_posted = models.BooleanField(_("the fee is booked"), default=False)
    text = LinesField(_("text"), max_length=2000)

    objects = DunningLevelQuerySet.as_manager()

    class Meta:
        verbose_name = _("level of reminders")
        verbose_name_plural = _("levels of reminders")
        default_permissions = ()
        constraints = [
            RowSecurity(name="dunninglevel_rows", organization="organization", owner="owner_key"),
            models.UniqueConstraint(fields=["organization", "owner_key", "level"], name="dunninglevel_once"),
            models.CheckConstraint(condition=Q(level__gte=1, level__lte=9), name="dunninglevel_within_bounds"),
            models.CheckConstraint(condition=Q(fee__lte=MOST), name="dunninglevel_fee_finite"),
            models.CheckConstraint(
                condition=Q(days_after_due__gte=1, days_after_due__lte=365, days_to_pay__gte=1, days_to_pay__lte=90),
                name="dunninglevel_days_within_bounds",
                violation_error_code="dunninglevel_days_within_bounds",
                violation_error_message=_("Remind 1 to 365 days after the due day, with 1 to 90 days to pay."),
            ),
            models.CheckConstraint(
                condition=Q(fee__gte=0),
                name="dunninglevel_fee_positive",
                violation_error_code="dunninglevel_fee_positive",
                violation_error_message=_("A fee cannot be negative."),
            ),
        ]
        triggers = [immutable("id", "organization_id", "owner_key", "level")]

    def __str__(self) -> str:
        return self.title


@personal(technical="state day count total created_at sent_at")
class DunningRun(models.Model):
    """A run of reminders: what is previewed is what is sent, but for what was paid or disputed meanwhile."""

    web_privileges: ClassVar[str] = "SELECT, INSERT"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = refers(Organization)
    base = refers(CustomerBase)
    ledger = refers(Ledger)
    owner_key = models.BigIntegerField(default=OF_ALL)
    state = models.CharField(_("state"), max_length=10, choices=DunningRunState, default=DunningRunState.PREVIEWED)
    day = models.DateField(_("day"))
    count = models.PositiveIntegerField(_("reminders"), default=0)
    total = money(_("sum"), default=0)
    user_id = models.BigIntegerField(null=True)
    user_name = models.CharField(_("user"), max_length=200)
    created_at = models.DateTimeField(_("prepared"), db_default=Now(), editable=False)
    sent_at = models.DateTimeField(_("sent"), null=True)

    objects = DunningRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("run of reminders")
        verbose_name_plural = _("runs of reminders")
        default_permissions = ()
        indexes = [models.Index(fields=["base", "-created_at"], name="dunningrun_latest")]
        constraints = [
            RowSecurity(name="dunningrun_rows", base="base", owner="owner_key"),
            KeyWithBase(name="dunningrun_key"),
            models.CheckConstraint(condition=Q(state__in=DunningRunState.values), name="dunningrun_state_known"),
            models.CheckConstraint(condition=~Q(user_name=""), name="dunningrun_of_somebody"),
            CompositeForeignKey(
                fields=["organization", "base", "ledger", "owner_key"],
                to="accounting.Ledger",
                to_fields=["organization", "base", "id", "owner_key"],
                name="dunningrun_in_ledger",
            ),
        ]
        triggers = [
            steps_between(DUNNING_RUN_STEPS, begins=[DunningRunState.PREVIEWED]),
            immutable("id", "organization_id", "base_id", "ledger_id", "owner_key", "day", "user_id", "user_name"),
            settled([DunningRunState.SENT, DunningRunState.CANCELLED], "count", "total", "sent_at"),
        ]

    def __str__(self) -> str:
        return date_format(self.day, "SHORT_DATE_FORMAT")


@personal(
    of="customer",
    erased=Erasure.KEPT,
    kept=INVOICES,
    emptied="customer",
    contract="level amount state left_out title text pay_until fee is_fee_posted",
)
class DunningNotice(models.Model):
    """The reminder of an invoice in a run, with what its level said then. Written by functions of the database alone.

    Levels are sent in strict order (NOTICES_IN_ORDER): the next one once the one before was sent and its days are over.
    """

    web_privileges: ClassVar[str] = "SELECT"

    id: Any = models.UUIDField(primary_key=True, db_default=TimeOrderedUuid(), editable=False)
    base = refers(CustomerBase)
    owner_key = models.BigIntegerField(default=OF_ALL)
    run = refers(DunningRun, related_name="notices")
    invoice = refers(Invoice, related_name="notices")
    customer = refers(Customer, null=True)
    level = models.PositiveSmallIntegerField(_("level"))
    amount = money(_("amount"))
    state = models.CharField(_("state"), max_length=10, choices=NoticeState)
    left_out = models.CharField(max_length=10, choices=DunningLeftOut, blank=True, default="")
    title = models.CharField(max_length=80)
    text = models.TextField()
    pay_until = models.DateField(_("pay until"))
    fee = money(_("fee"), default=0)
    is_fee_posted = models.BooleanField(default=False)
    fee_booking = refers(Movement, null=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        default_permissions = ()
        indexes = [
            models.Index(fields=["run", "base", "state"], name="dunningnotice_of_run"),
            models.Index(fields=["customer", "base"], name="dunningnotice_of_customer"),
        ]
        constraints = [
            RowSecurity(name="dunningnotice_rows", base="base", owner="owner_key"),
            KeyWithBase(name="dunningnotice_key"),
            models.UniqueConstraint(
                fields=["invoice", "level", "base"], condition=Q(state=NoticeState.SENT), name="dunningnotice_sent_once"
            ),
            models.UniqueConstraint(
                fields=["invoice", "base"], condition=Q(state=NoticeState.PREVIEWED), name="dunningnotice_in_one_run"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0, fee__gte=0), name="dunningnotice_amounts_positive"),
            models.CheckConstraint(
                condition=Q(state=NoticeState.LEFT_OUT, left_out__in=DunningLeftOut.values)
                | Q(state__in=[NoticeState.PREVIEWED, NoticeState.SENT, NoticeState.CANCELLED], left_out=""),
                name="dunningnotice_left_out_with_reason",
            ),
            *(
                CompositeForeignKey(
                    fields=["base", name], to=to, to_fields=["base", "id"], name=f"dunningnotice_{name}_in_base"
                )
                for name, to in (
                    ("run", "accounting.DunningRun"), ("invoice", "accounting.Invoice"),
                    ("customer", "customers.Customer"), ("fee_booking", "accounting.Movement"),
                )
            ),
        ]  # fmt: skip
        triggers = [
            steps_between(NOTICE_STEPS, begins=[NoticeState.PREVIEWED, NoticeState.LEFT_OUT]),
            immutable("id", "base_id", "owner_key", "run_id", "invoice_id", "level", "amount", "fee", "pay_until"),
            NOTICES_IN_ORDER,
        ]

    def __str__(self) -> str:
        return f"{self.title}: {self.invoice_id}"
