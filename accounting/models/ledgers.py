"""Ledgers and the accounts in them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext_lazy as _

from accounting.choices import OF_CUSTOMER, OF_LEDGER, OF_LOCATION, AccountKind
from accounting.models.columns import INVOICES, money
from accounting.querysets import AccountQuerySet, LedgerQuerySet
from accounting.triggers import ACCOUNT_BEGINS, LEDGER_OF_SHARED_BASE
from customers.models import Customer
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.models import CustomerBase, Location, Organization
from locations.personal import Erasure, personal
from locations.row_policies import RowSecurity

OF_ALL = 0
"""The owner of a ledger that belongs to no single location: the one of the central."""


@personal(technical="created_at")
class Ledger(models.Model):
    """The ledger of a customer base: the one that all its locations share, or the own one of a single location."""

    web_privileges: ClassVar[str] = "SELECT, INSERT"

    organization = models.ForeignKey(Organization, models.PROTECT, db_index=False, related_name="+")
    base = models.ForeignKey(CustomerBase, models.PROTECT, db_index=False, related_name="+")
    owner = models.ForeignKey(
        Location,
        models.PROTECT,
        null=True,
        db_constraint=False,  # ledger_owner_of_organization refers to the same row and says more
        db_index=False,
        related_name="+",
        help_text="The location to which alone it belongs; none where it is that of the central.",
    )
    owner_key = models.GeneratedField(
        expression=Coalesce(F("owner"), Value(OF_ALL), output_field=models.BigIntegerField()),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = LedgerQuerySet.as_manager()

    class Meta:
        verbose_name = _("ledger")
        verbose_name_plural = _("ledgers")
        default_permissions = ()
        constraints = [
            RowSecurity(name="ledger_rows", base="base", owner="owner_key"),
            KeyWithBase(name="ledger_key"),
            models.UniqueConstraint(fields=["base", "owner_key"], name="ledger_one_of_owner"),
            models.UniqueConstraint(fields=["organization", "base", "id", "owner_key"], name="ledger_with_owner"),
            CompositeForeignKey(
                fields=["organization", "base"],
                to="locations.CustomerBase",
                to_fields=["organization", "id"],
                name="ledger_base_of_organization",
            ),
            CompositeForeignKey(
                fields=["organization", "owner"],
                to="locations.Location",
                to_fields=["organization", "id"],
                name="ledger_owner_of_organization",
            ),
        ]
        triggers = [LEDGER_OF_SHARED_BASE]

    def __str__(self) -> str:
        return f"{self.base_id}/{self.owner_id or OF_ALL}"


@personal(
    of="customer",
    erased=Erasure.KEPT,
    kept=INVOICES,
    emptied="customer",
    contract="kind floor balance overdraft",
    technical="is_nameless created_at",
)
class Account(models.Model):
    """An account. Those of customers have a limit, and therefore keep their balance: credits less debits.

    Nobody writes a balance or a limit: they follow the movements and the terms. `overdraft` is by how much the limit is
    broken by what was booked all the same; it shrinks as the balance recovers, and lets nothing further through.
    """

    web_privileges: ClassVar[str] = "SELECT, INSERT"

    organization = models.ForeignKey(
        Organization, models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    base = models.ForeignKey(CustomerBase, models.PROTECT, db_constraint=False, db_index=False, related_name="+")
    ledger = models.ForeignKey(
        Ledger,
        models.PROTECT,
        db_constraint=False,  # account_in_ledger refers to the same row and says more
        db_index=False,
        related_name="accounts",
    )
    owner_key = models.BigIntegerField(default=OF_ALL)
    kind = models.CharField(max_length=12, choices=AccountKind)
    customer = models.ForeignKey(
        Customer,
        models.PROTECT,
        null=True,
        db_constraint=False,  # account_customer_in_base refers to the same row and says more
        db_index=False,
        related_name="accounts",
    )
    location = models.ForeignKey(
        Location, models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    is_nameless = models.BooleanField(db_default=False, editable=False, help_text="Its customer was erased for good.")
    floor = money("limit", null=True, editable=False)
    balance = money("balance", null=True, editable=False)
    overdraft = money("overdraft", db_default=0, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = AccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        default_permissions = ()
        constraints = [
            RowSecurity(name="account_rows", base="base", owner="owner_key"),
            KeyWithBase(name="account_key"),
            models.UniqueConstraint(fields=["base", "ledger", "owner_key", "id"], name="account_of_ledger"),
            models.UniqueConstraint(
                fields=["customer", "base", "ledger", "kind"],
                condition=Q(customer__isnull=False),
                name="account_one_of_customer",
            ),
            models.UniqueConstraint(
                fields=["base", "ledger", "location", "kind"],
                condition=Q(location__isnull=False),
                name="account_one_of_location",
            ),
            models.UniqueConstraint(
                fields=["base", "ledger", "kind"], condition=Q(kind__in=OF_LEDGER), name="account_one_of_ledger"
            ),
            models.CheckConstraint(condition=Q(kind__in=AccountKind.values), name="account_kind_known"),
            models.CheckConstraint(
                condition=(
                    Q(kind__in=OF_CUSTOMER, location=None)
                    & (Q(customer__isnull=False, is_nameless=False) | Q(customer=None, is_nameless=True))
                )
                | Q(kind__in=OF_LOCATION, location__isnull=False, customer=None, is_nameless=False)
                | Q(kind__in=OF_LEDGER, location=None, customer=None, is_nameless=False),
                name="account_of_whom",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=OF_CUSTOMER, balance__isnull=False, floor__isnull=False)
                | (~Q(kind__in=OF_CUSTOMER) & Q(balance=None, floor=None)),
                name="account_kept_where_limited",
            ),
            models.CheckConstraint(condition=Q(overdraft__gte=0), name="account_overdraft_positive"),
            models.CheckConstraint(
                condition=Q(balance=None) | Q(balance__gte=F("floor") - F("overdraft")),
                name="account_balance_above_floor",
                violation_error_code="account_balance_above_floor",
                violation_error_message=_("That is more than the account allows."),
            ),
            CompositeForeignKey(
                fields=["organization", "base", "ledger", "owner_key"],
                to="accounting.Ledger",
                to_fields=["organization", "base", "id", "owner_key"],
                name="account_in_ledger",
            ),
            CompositeForeignKey(
                fields=["base", "customer"],
                to="customers.Customer",
                to_fields=["base", "id"],
                name="account_customer_in_base",
                violation_error_message=_("The customer belongs to another customer base."),
            ),
            CompositeForeignKey(
                fields=["organization", "location"],
                to="locations.Location",
                to_fields=["organization", "id"],
                name="account_location_of_organization",
            ),
        ]
        triggers = [ACCOUNT_BEGINS]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.customer_id or self.location_id or ''}".strip()
