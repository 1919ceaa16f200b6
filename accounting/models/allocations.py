"""Which payment has paid which item, and how much of it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounting.models.columns import INVOICES, money, refers
from accounting.models.ledgers import OF_ALL, Account, Ledger
from accounting.models.movements import Movement
from accounting.receivable_triggers import RECEIVABLE_IS_PAID
from accounting.triggers import ALLOCATION_PAYS_INVOICE, ALLOCATION_WITHIN_BOTH, only_added_to
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.fields import TimeOrderedUuid
from locations.history import ClockTimestamp
from locations.models import CustomerBase
from locations.personal import Erasure, personal
from locations.row_policies import RowSecurity


@personal(of="payment__credit__customer", erased=Erasure.KEPT, kept=INVOICES, contract="amount is_chosen created_at")
class Allocation(models.Model):
    """A part of a payment that counts against an item, both on the same account of what a customer owes.

    A payment here is any movement that credits the account, an item any that debits it, but for reversals and what they
    have reversed. Only added, by functions of the database: what is taken back is another row with the negative amount
    that `undoes` it.
    """

    web_privileges: ClassVar[str] = "SELECT"

    id: Any = models.UUIDField(primary_key=True, db_default=TimeOrderedUuid(), editable=False)
    base = refers(CustomerBase)
    ledger = refers(Ledger)
    owner_key = models.BigIntegerField(default=OF_ALL)
    account = refers(Account)
    payment = refers(Movement, related_name="paid_items")
    item = refers(Movement, related_name="payments")
    amount = money(_("amount"))
    is_chosen = models.BooleanField(default=False, help_text="Somebody has said so; others count against the oldest.")
    undoes = refers("self", null=True)
    user_id = models.BigIntegerField(null=True)
    user_name = models.CharField(_("user"), max_length=200)
    created_at = models.DateTimeField(_("allocated"), db_default=ClockTimestamp(), editable=False)

    class Meta:
        verbose_name = _("allocation")
        verbose_name_plural = _("allocations")
        default_permissions = ()
        indexes = [
            models.Index(fields=["payment", "base"], name="allocation_of_payment"),
            models.Index(fields=["item", "base"], name="allocation_of_item"),
        ]
        constraints = [
            RowSecurity(name="allocation_rows", base="base", owner="owner_key"),
            KeyWithBase(name="allocation_key"),
            models.UniqueConstraint(
                fields=["undoes", "base"], condition=Q(undoes__isnull=False), name="allocation_undone_once"
            ),
            models.CheckConstraint(
                condition=Q(undoes=None, amount__gt=0) | Q(undoes__isnull=False, amount__lt=0),
                name="allocation_adds_or_undoes",
            ),
            CompositeForeignKey(
                fields=["base", "ledger", "owner_key", "account"],
                to="accounting.Account",
                to_fields=["base", "ledger", "owner_key", "id"],
                name="allocation_account_of_ledger",
            ),
            CompositeForeignKey(
                fields=["base", "payment"],
                to="accounting.Movement",
                to_fields=["base", "id"],
                name="allocation_payment_in_base",
            ),
            CompositeForeignKey(
                fields=["base", "item"],
                to="accounting.Movement",
                to_fields=["base", "id"],
                name="allocation_item_in_base",
            ),
            CompositeForeignKey(
                fields=["base", "undoes"],
                to="accounting.Allocation",
                to_fields=["base", "id"],
                name="allocation_undoes_in_base",
            ),
        ]
        triggers = [
            *only_added_to("An allocation", "allocation_stays"), ALLOCATION_WITHIN_BOTH, ALLOCATION_PAYS_INVOICE,
            RECEIVABLE_IS_PAID,
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.amount}"
