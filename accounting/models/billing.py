"""How a customer is billed."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounting.letter_choices import DeliverBy
from accounting.models.ledgers import OF_ALL, Ledger
from customers.models import Customer
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.fields import LineField
from locations.history import keep_history
from locations.models import CustomerBase, Organization
from locations.personal import Erasure, personal
from locations.row_checks import CheckedRow
from locations.row_policies import RowSecurity
from locations.triggers import immutable


def _line(label: object, length: int, **options: object) -> LineField:
    return LineField(label, max_length=length, blank=True, default="", **options)  # type: ignore[arg-type]


@personal(
    of="customer",
    erased=Erasure.ROW_GOES,
    contact="email",
    contract="deliver_by leitweg_id reference is_collective payment_term is_held since",
    special="held_reason",
)
@keep_history(
    is_searched=False, indexes=[models.Index(fields=["customer", "base"], name="billingtermsevent_of_customer")]
)
class BillingTerms(CheckedRow):
    """How a customer is billed, beyond what is in his master data. Whoever has none is billed as usual."""

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
        Customer, models.PROTECT, db_constraint=False, db_index=False, related_name="+", editable=False
    )
    email = models.EmailField(
        _("e-mail for invoices"), blank=True, default="", help_text=_("If empty, the one in his master data.")
    )
    deliver_by = models.CharField(
        _("gets his mail"), max_length=5, choices=DeliverBy, default=DeliverBy.MAIL, db_default=DeliverBy.MAIL,
        help_text=_("Invoices, announcements of debits and reminders. Without an e-mail they are printed anyway."),
    )  # fmt: skip
    leitweg_id = _line(_("Leitweg-ID"), 46, help_text=_("Of a public authority; its invoices are XRechnung then."))
    reference = _line(_("reference"), 60, help_text=_("What he wants to read on each invoice, such as a cost centre."))
    is_collective = models.BooleanField(
        _("one invoice for all orders"), default=True, help_text=_("Otherwise one for each order.")
    )
    payment_term = models.PositiveSmallIntegerField(
        _("payment term in days"), null=True, blank=True,
        help_text=_("If empty, that in his master data, else that of the issuer."),
    )  # fmt: skip
    is_held = models.BooleanField(_("not billed for now"), default=False)
    held_reason = _line(_("reason"), 200)
    since = models.DateTimeField(_("since"), db_default=Now(), editable=False)
    set_by = models.CharField(_("set by"), max_length=200, editable=False)

    class Meta:
        verbose_name = _("terms of billing")
        verbose_name_plural = _("terms of billing")
        default_permissions = ()
        constraints = [
            RowSecurity(name="billingterms_rows", base="base", owner="owner_key"),
            KeyWithBase(name="billingterms_key"),
            models.UniqueConstraint(fields=["customer", "base", "ledger"], name="billingterms_one_of_customer"),
            models.CheckConstraint(condition=Q(deliver_by__in=DeliverBy.values), name="billingterms_delivery_known"),
            models.CheckConstraint(
                condition=Q(payment_term=None) | Q(payment_term__lte=365),
                name="billingterms_term_within_a_year",
                violation_error_code="billingterms_term_within_a_year",
                violation_error_message=_("A payment term has 365 days at most."),
            ),
            models.CheckConstraint(
                condition=Q(is_held=True) & ~Q(held_reason="") | Q(is_held=False, held_reason=""),
                name="billingterms_reason_when_held",
                violation_error_code="billingterms_reason_when_held",
                violation_error_message=_("Say why he is not billed for now; otherwise there is no reason."),
            ),
            CompositeForeignKey(
                fields=["organization", "base", "ledger", "owner_key"],
                to="accounting.Ledger",
                to_fields=["organization", "base", "id", "owner_key"],
                name="billingterms_in_ledger",
            ),
            CompositeForeignKey(
                fields=["base", "customer"],
                to="customers.Customer",
                to_fields=["base", "id"],
                name="billingterms_customer_in_base",
            ),
        ]
        triggers = [immutable("id", "organization_id", "base_id", "ledger_id", "owner_key", "customer_id")]

    def __str__(self) -> str:
        return str(self.customer)
