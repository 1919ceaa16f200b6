"""Files of opening balances: what customers owed, and had paid in advance, before their accounts were kept here."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounting.choices import BALANCE_IMPORT_STEPS, BalanceImportState
from accounting.models.columns import money, refers
from accounting.models.ledgers import OF_ALL, Ledger
from accounting.querysets import BalanceImportQuerySet
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.history import ClockTimestamp
from locations.models import CustomerBase, Location, Organization
from locations.personal import Erasure, personal
from locations.row_policies import RowSecurity
from locations.triggers import immutable, steps_between


@personal(
    bulk="what was booked of it are movements",
    erased=Erasure.STAYS,
    emptied="lines rejected",
    identity="lines rejected",
    technical=(
        "created_at file_name sha256 state booked_rows customers rejected_count owed_total credit_total closed_at "
        "reason"
    ),
)
class BalanceImport(models.Model):
    """A file of opening balances: checked, then booked as a whole by whoever proves its totals, perhaps undone.

    `lines` hold what is to be booked: the row of the file, the id of the customer, the open amount, the credit and the
    credit limit as text, and the document. Once it is booked they are empty, as the movements have it all: their keys
    are `key_of` the import, the row and the kind of account. `rejected` holds row, code and value of what is left out.
    """

    web_privileges: ClassVar[str] = (
        "SELECT, INSERT, UPDATE (state, lines, rejected, booked_rows, closed_at, closed_by, reason)"
    )

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = refers(Organization)
    base = refers(CustomerBase)
    ledger = refers(Ledger)
    owner_key = models.BigIntegerField(default=OF_ALL)
    location = refers(Location)
    user_name = models.CharField(_("user"), max_length=200)
    created_at = models.DateTimeField(_("checked"), db_default=ClockTimestamp(), editable=False)
    file_name = models.CharField(_("file"), max_length=200)
    sha256 = models.CharField(max_length=64)
    state = models.CharField(
        _("state"), max_length=10, choices=BalanceImportState, default=BalanceImportState.CHECKED,
        db_default=BalanceImportState.CHECKED,
    )  # fmt: skip
    lines = models.JSONField(default=list)
    rejected = models.JSONField(default=list)
    booked_rows = models.JSONField(default=list, help_text="Of what is booked: pairs of row and kind of account.")
    customers = models.PositiveIntegerField()
    rejected_count = models.PositiveIntegerField()
    owed_total = money(_("open amount"))
    credit_total = money(_("credit"))
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=200, blank=True, default="", db_default="")
    reason = models.CharField(_("reason"), max_length=200, blank=True, default="", db_default="")

    objects = BalanceImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("opening balances")
        verbose_name_plural = _("opening balances")
        default_permissions = ()
        indexes = [models.Index(fields=["base", "-created_at"], name="balanceimport_by_created")]
        constraints = [
            RowSecurity(name="balanceimport_rows", base="base", owner="owner_key"),
            KeyWithBase(name="balanceimport_key"),
            models.CheckConstraint(condition=Q(state__in=BalanceImportState.values), name="balanceimport_state_known"),
            models.CheckConstraint(
                condition=Q(state=BalanceImportState.CHECKED) | Q(lines=[], rejected=[]),
                name="balanceimport_lines_until_booked",
            ),
            CompositeForeignKey(
                fields=["organization", "base", "ledger", "owner_key"],
                to="accounting.Ledger",
                to_fields=["organization", "base", "id", "owner_key"],
                name="balanceimport_in_ledger",
            ),
            CompositeForeignKey(
                fields=["organization", "location"],
                to="locations.Location",
                to_fields=["organization", "id"],
                name="balanceimport_location_of_organization",
            ),
        ]
        triggers = [
            steps_between(BALANCE_IMPORT_STEPS, begins=[BalanceImportState.CHECKED]),
            immutable("id", "organization_id", "base_id", "ledger_id", "owner_key", "sha256", "owed_total"),
        ]

    def __str__(self) -> str:
        return self.file_name

    def key_of(self, row: int, kind: str) -> str:
        """The key of the movement of a row and a kind of account: the same one however often it is booked."""
        return f"o{self.pk.hex}-{row}-{kind}"
