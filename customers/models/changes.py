"""In which transaction a customer was changed last, for whoever keeps a copy; kept by the database."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.models.tombstones import TransactionField
from customers.triggers.changes import ONLY_SUPERSEDED_GO
from locations.history import WRITTEN_BY_TRIGGERS
from locations.models import CustomerBase
from locations.personal import personal
from locations.row_policies import RowSecurity


@personal(keys="changed_in customer_id")
class CustomerChange(models.Model):
    """A transaction has changed this customer, or one of his cards; or he is gone since.

    There are no rows about what happened before the table came: whoever begins a copy reads all customers first. Of
    several about one customer the task `forget_superseded_changes` leaves the last.
    """

    web_privileges: ClassVar[str] = "SELECT, INSERT, DELETE"

    pk = models.CompositePrimaryKey("base_id", "changed_in", "customer_id")
    base = models.ForeignKey(CustomerBase, models.CASCADE, db_index=False, related_name="+")
    changed_in: Any = TransactionField(help_text="The transaction; a till reads in the order of these.")
    customer_id = models.BigIntegerField(help_text="Also of one who is gone; no other gets this id.")

    class Meta:
        verbose_name = _("change of a customer")
        verbose_name_plural = _("changes of customers")
        default_permissions = ()
        constraints = [RowSecurity(name="customerchange_rows", base="base")]
        triggers = [WRITTEN_BY_TRIGGERS, ONLY_SUPERSEDED_GO]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.changed_in}"
