"""What a customer may do with his account, and up to which limit."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounting.models.columns import money
from accounting.models.ledgers import OF_ALL, Ledger
from accounting.querysets import TermsQuerySet
from accounting.triggers import TERMS_SET_THE_LIMIT
from customers.models import Customer
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.fields import LineField
from locations.history import keep_history
from locations.models import CustomerBase, Organization
from locations.personal import Erasure, personal
from locations.row_checks import CheckedRow
from locations.row_policies import RowSecurity
from locations.triggers import immutable


@personal(
    of="customer",
    erased=Erasure.ROW_GOES,
    contract="may_buy_on_account may_hold_credit soft_limit hard_limit is_blocked since",
    special="blocked_reason",
)
@keep_history(is_searched=False, indexes=[models.Index(fields=["base", "customer"], name="termsevent_of_customer")])
class AccountTerms(CheckedRow):
    """The terms of a customer's account in a ledger. Whoever has none has no account."""

    web_privileges: ClassVar[str] = "SELECT, INSERT, UPDATE"

    organization = models.ForeignKey(
        Organization, models.PROTECT, db_constraint=False, db_index=False, related_name="+", editable=False
    )
    base = models.ForeignKey(
        CustomerBase, models.PROTECT, db_constraint=False, db_index=False, related_name="+", editable=False
    )
    ledger = models.ForeignKey(
        Ledger, models.PROTECT, db_constraint=False, db_index=False, related_name="+", editable=False
    )
    owner_key = models.BigIntegerField(default=OF_ALL, editable=False)
    customer = models.ForeignKey(
        Customer, models.PROTECT, db_constraint=False, db_index=False, related_name="terms", editable=False
    )
    may_buy_on_account = models.BooleanField(_("may buy on account"), default=False)
    may_hold_credit = models.BooleanField(_("may hold credit"), default=False)
    soft_limit = money(
        _("warn above"), null=True, blank=True, help_text=_("Above this open amount each sale on account warns.")
    )
    hard_limit = money(_("credit limit"), default=0, help_text=_("No sale on account takes the open amount above it."))
    is_blocked = models.BooleanField(_("account is blocked"), default=False)
    blocked_reason = LineField(_("reason of the block"), max_length=200, blank=True, default="")
    since = models.DateTimeField(_("since"), db_default=Now(), editable=False)
    set_by = models.CharField(_("set by"), max_length=200, editable=False)

    objects = TermsQuerySet.as_manager()

    class Meta:
        verbose_name = _("terms of an account")
        verbose_name_plural = _("terms of accounts")
        default_permissions = ()
        constraints = [
            RowSecurity(name="accountterms_rows", base="base", owner="owner_key"),
            KeyWithBase(name="accountterms_key"),
            models.UniqueConstraint(fields=["customer", "base", "ledger"], name="accountterms_one_of_customer"),
            models.CheckConstraint(
                condition=Q(hard_limit__gte=0) & (Q(soft_limit=None) | Q(soft_limit__gte=0)),
                name="accountterms_limits_positive",
                violation_error_code="accountterms_limits_positive",
                violation_error_message=_("A limit cannot be negative."),
            ),
            models.CheckConstraint(
                condition=Q(soft_limit=None) | Q(soft_limit__lte=F("hard_limit")),
                name="accountterms_soft_below_hard",
                violation_error_code="accountterms_soft_below_hard",
                violation_error_message=_("It can warn up to the credit limit, not above it."),
            ),
            models.CheckConstraint(
                condition=Q(is_blocked=True) & ~Q(blocked_reason="") | Q(is_blocked=False, blocked_reason=""),
                name="accountterms_reason_when_blocked",
                violation_error_code="accountterms_reason_when_blocked",
                violation_error_message=_("Say why the account is blocked; without a block there is no reason."),
            ),
            CompositeForeignKey(
                fields=["organization", "base", "ledger", "owner_key"],
                to="accounting.Ledger",
                to_fields=["organization", "base", "id", "owner_key"],
                name="accountterms_in_ledger",
            ),
            CompositeForeignKey(
                fields=["base", "customer"],
                to="customers.Customer",
                to_fields=["base", "id"],
                name="accountterms_customer_in_base",
                violation_error_message=_("The customer belongs to another customer base."),
            ),
        ]
        triggers = [
            immutable("id", "organization_id", "base_id", "ledger_id", "owner_key", "customer_id"),
            TERMS_SET_THE_LIMIT,
        ]

    def __str__(self) -> str:
        return str(self.customer)
