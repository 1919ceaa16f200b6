"""What is open of each item: kept by the database, so that what all customers owe is read and not worked out."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounting.models.columns import INVOICES, money, refers
from accounting.models.ledgers import OF_ALL, Account
from accounting.models.movements import Movement
from accounting.triggers import only_added_to
from locations.constraints import CompositeForeignKey
from locations.models import CustomerBase, Location
from locations.personal import Erasure, personal
from locations.row_policies import RowSecurity


@personal(of="account__customer", erased=Erasure.KEPT, kept=INVOICES, contract="business_day due_on rest")
class Receivable(models.Model):
    """An item of an account that is open, and how much of it. Written by the triggers of movements and allocations.

    An item is any movement that debits what a customer owes, but for reversals and what they have reversed. Its row is
    there as long as something of it is open: it comes with the movement, and goes with the allocation that pays the
    rest. What was open at a past moment is worked out from movements and allocations (accounting/overview). `due_on` is
    the due day of the invoice on which it stands; without one it follows from its business day.
    """

    web_privileges: ClassVar[str] = "SELECT"

    pk = models.CompositePrimaryKey("movement_id", "base_id")
    base = refers(CustomerBase)
    owner_key = models.BigIntegerField(default=OF_ALL)
    account = refers(Account)
    movement = refers(Movement)
    location = refers(Location)
    business_day = models.DateField(_("business day"))
    due_on = models.DateField(_("due"), null=True)
    rest = money(_("still open"))

    class Meta:
        verbose_name = _("receivable")
        verbose_name_plural = _("receivables")
        default_permissions = ()
        indexes = [models.Index(fields=["account", "base"], name="receivable_of_account")]
        constraints = [
            RowSecurity(name="receivable_rows", base="base", owner="owner_key"),
            models.CheckConstraint(condition=Q(rest__gt=0), name="receivable_open"),
            CompositeForeignKey(
                fields=["base", "movement"],
                to="accounting.Movement",
                to_fields=["base", "id"],
                name="receivable_movement_in_base",
            ),
        ]
        triggers = only_added_to("What is open of an item", "receivable_follows_movements")

    def __str__(self) -> str:
        return f"{self.rest}"
