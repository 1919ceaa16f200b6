"""Movements: an amount goes from one account to another."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounting.amounts import MOST
from accounting.choices import WITH_REASON, MovementKind
from accounting.debit_triggers import REVERSAL_RETURNS_DEBIT
from accounting.models.columns import INVOICES, money, refers
from accounting.models.ledgers import OF_ALL, Account, Ledger
from accounting.querysets import MovementQuerySet
from accounting.receivable_triggers import RECEIVABLE_COMES
from accounting.triggers import (
    MOVEMENT_AT_OPEN_LOCATION,
    MOVEMENT_IN_LEDGER_OF_NOW,
    MOVEMENT_NOT_ON_INVOICE,
    REVERSAL_OPENS_BANK_ENTRY,
    REVERSAL_OPENS_ORDER,
    only_added_to,
)
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.fields import LineField, TimeOrderedUuid
from locations.history import ClockTimestamp
from locations.models import CustomerBase, Location, Organization
from locations.personal import Erasure, personal
from locations.row_policies import RowSecurity

DAYS = (date(1900, 1, 1), date(9998, 12, 31))
"""Days that every program can show; the database knows others as well."""


@personal(
    of="debit__customer credit__customer",
    erased=Erasure.KEPT,
    kept=INVOICES,
    emptied="document reason",
    contract="amount kind location business_day document reason is_late posted_at",
    keys="key",
)
class Movement(models.Model):
    """An amount from the debited to the credited account. Only added, by accounting_post, and for ever.

    The key is that of whoever posts: the same one at the same location has one effect, however often it is sent.

    Keys and indexes begin with the column that tells rows apart, and not with the base: before the table is counted the
    planner takes the base for as selective, and would read all of it by another index.
    """

    web_privileges: ClassVar[str] = "SELECT"

    id: Any = models.UUIDField(primary_key=True, db_default=TimeOrderedUuid(), editable=False)
    organization = refers(Organization)
    base = refers(CustomerBase)
    ledger = refers(Ledger)
    owner_key = models.BigIntegerField(default=OF_ALL)
    debit = refers(Account)
    credit = refers(Account)
    amount = money(_("amount"))
    kind = models.CharField(_("kind"), max_length=12, choices=MovementKind)
    location = refers(Location, verbose_name=_("location"))
    business_day = models.DateField(_("business day"))
    key = models.CharField(max_length=64)
    reverses = refers("self", null=True)
    document = LineField(_("document"), max_length=60, blank=True, default="")
    reason = LineField(_("reason"), max_length=200, blank=True, default="")
    is_late = models.BooleanField(default=False, help_text="A till without a connection has booked it before.")
    user_id = models.BigIntegerField(null=True)
    user_name = models.CharField(_("user"), max_length=200)
    posted_at = models.DateTimeField(_("booked"), db_default=ClockTimestamp(), editable=False)

    objects = MovementQuerySet.as_manager()

    class Meta:
        verbose_name = _("movement")
        verbose_name_plural = _("movements")
        default_permissions = ()
        indexes = [
            models.Index(fields=["debit", "base", "posted_at"], name="movement_by_debit"),
            models.Index(fields=["credit", "base", "posted_at"], name="movement_by_credit"),
        ]
        constraints = [
            RowSecurity(name="movement_rows", base="base", owner="owner_key"),
            KeyWithBase(name="movement_key"),
            models.UniqueConstraint(fields=["key", "location", "ledger", "base"], name="movement_key_once"),
            models.UniqueConstraint(
                fields=["reverses", "base"],
                condition=Q(reverses__isnull=False),
                name="movement_reversed_once",
                violation_error_code="movement_reversed_once",
                violation_error_message=_("This was reversed already."),
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="movement_amount_positive"),
            models.CheckConstraint(condition=Q(amount__lte=MOST), name="movement_amount_finite"),
            models.CheckConstraint(condition=Q(business_day__range=DAYS), name="movement_day_of_calendar"),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="movement_between_two"),
            models.CheckConstraint(condition=Q(kind__in=MovementKind.values), name="movement_kind_known"),
            models.CheckConstraint(condition=~Q(key="") & ~Q(user_name=""), name="movement_of_somebody"),
            models.CheckConstraint(
                condition=Q(kind=MovementKind.REVERSAL, reverses__isnull=False)
                | (~Q(kind=MovementKind.REVERSAL) & Q(reverses=None)),
                name="movement_reversal_of_one",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=WITH_REASON) | ~Q(reason=""),
                name="movement_with_reason",
                violation_error_code="movement_with_reason",
                violation_error_message=_("Say why: the reason stays with the booking."),
            ),
            CompositeForeignKey(
                fields=["base", "ledger", "owner_key", "debit"],
                to="accounting.Account",
                to_fields=["base", "ledger", "owner_key", "id"],
                name="movement_debit_of_ledger",
            ),
            CompositeForeignKey(
                fields=["base", "ledger", "owner_key", "credit"],
                to="accounting.Account",
                to_fields=["base", "ledger", "owner_key", "id"],
                name="movement_credit_of_ledger",
            ),
            CompositeForeignKey(
                fields=["organization", "location"],
                to="locations.Location",
                to_fields=["organization", "id"],
                name="movement_location_of_organization",
            ),
            CompositeForeignKey(
                fields=["base", "reverses"],
                to="accounting.Movement",
                to_fields=["base", "id"],
                name="movement_reverses_in_base",
            ),
        ]
        triggers = [
            *only_added_to("A movement", "movement_stays"), MOVEMENT_AT_OPEN_LOCATION,
            MOVEMENT_IN_LEDGER_OF_NOW, REVERSAL_OPENS_ORDER, REVERSAL_RETURNS_DEBIT, MOVEMENT_NOT_ON_INVOICE,
            REVERSAL_OPENS_BANK_ENTRY, RECEIVABLE_COMES,
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount}"
