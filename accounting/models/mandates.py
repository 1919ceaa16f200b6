"""SEPA mandates: that a customer lets his account be debited."""

from __future__ import annotations

import re
from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounting.choices import MANDATE_STEPS, MandateScheme, MandateState
from accounting.models.columns import refers
from accounting.models.ledgers import OF_ALL, Ledger
from accounting.querysets import MandateQuerySet, mandate_unused_since
from customers.models import Customer
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.fields import LineField
from locations.history import ClockTimestamp
from locations.models import CustomerBase, Organization
from locations.personal import Erasure, personal
from locations.row_checks import CheckedRow
from locations.row_policies import RowSecurity
from locations.triggers import immutable, settled, steps_between

REFERENCE = r"^[A-Z0-9+?/:().,'-]([A-Z0-9+?/:().,' -]{0,33}[A-Z0-9+?/:().,'-])?$"
"""Capital letters, since banks take references that differ in case alone for the same."""


@personal(
    of="customer",
    erased=Erasure.ROW_GOES,
    bank="reference iban holder scheme",
    contract="signed_on evidence evidence_sha256 is_recurrent notice_days last_used_on state revoked_at return_code",
    special="revoked_reason",
    technical="created_at",
)
class Mandate(CheckedRow):
    """A mandate of a customer, with what proves it. Added once and never changed, but for its end.

    Whoever has another account, or another name, gives a new one. A mandate that was not used for 36 months has expired
    by itself; `valid_on` knows that. `last_used_on` is written by the function that makes debit files.
    """

    web_privileges: ClassVar[str] = "SELECT, INSERT, UPDATE (state, revoked_at, revoked_by, revoked_reason)"

    organization = refers(Organization, editable=False)
    base = refers(CustomerBase, editable=False)
    ledger = refers(Ledger, editable=False)
    owner_key = models.BigIntegerField(default=OF_ALL, editable=False)
    customer = refers(Customer, editable=False)
    reference = LineField(_("reference of the mandate"), max_length=35)
    iban = LineField(_("IBAN"), max_length=34)
    holder = LineField(_("account holder"), max_length=70)
    signed_on = models.DateField(_("signed on"))
    evidence = LineField(_("evidence"), max_length=200)
    evidence_sha256 = models.CharField(_("SHA-256 of the signed document"), max_length=64, blank=True, default="")
    scheme = models.CharField(_("kind"), max_length=4, choices=MandateScheme, default=MandateScheme.CORE)
    is_recurrent = models.BooleanField(_("for any number of debits"), default=True)
    notice_days = models.PositiveSmallIntegerField(
        _("days of notice"), default=14, help_text=_("So many days before a debit it is announced, as was agreed.")
    )
    last_used_on = models.DateField(_("last debited on"), null=True, blank=True)
    state = models.CharField(
        _("state"), max_length=10, choices=MandateState, default=MandateState.ACTIVE, editable=False
    )
    revoked_at = models.DateTimeField(_("ended"), null=True, editable=False)
    revoked_by = models.CharField(_("ended by"), max_length=200, blank=True, default="", editable=False)
    revoked_reason = LineField(_("reason"), max_length=200, blank=True, default="", editable=False)
    return_code = models.CharField(max_length=4, blank=True, default="", editable=False)
    created_at = models.DateTimeField(_("added"), db_default=ClockTimestamp(), editable=False)
    created_by = models.CharField(_("added by"), max_length=200, editable=False)

    objects = MandateQuerySet.as_manager()

    class Meta:
        verbose_name = _("SEPA mandate")
        verbose_name_plural = _("SEPA mandates")
        default_permissions = ()
        indexes = [models.Index(fields=["customer", "base"], name="mandate_of_customer")]
        constraints = [
            RowSecurity(name="mandate_rows", base="base", owner="owner_key"),
            KeyWithBase(name="mandate_key"),
            models.UniqueConstraint(
                fields=["reference", "ledger", "base"],
                name="mandate_reference_once",
                violation_error_code="mandate_reference_once",
                violation_error_message=_("There is a mandate with this reference already. Choose another one."),
            ),
            models.CheckConstraint(
                condition=Q(reference__regex=REFERENCE),
                name="mandate_reference_of_banks",
                violation_error_code="mandate_reference_of_banks",
                violation_error_message=_(
                    "A reference has 1 to 35 capital letters without accents, digits and simple signs."
                ),
            ),
            models.CheckConstraint(
                condition=Q(iban__regex=r"^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$"), name="mandate_iban_of_form"
            ),
            models.CheckConstraint(
                condition=~Q(holder="") & ~Q(evidence="") & ~Q(created_by=""),
                name="mandate_with_evidence",
                violation_error_code="mandate_with_evidence",
                violation_error_message=_("Say who holds the account, and how and where the mandate was signed."),
            ),
            models.CheckConstraint(
                condition=Q(evidence_sha256="") | Q(evidence_sha256__regex=r"^[0-9a-f]{64}$"),
                name="mandate_sha256_of_form",
                violation_error_code="mandate_sha256_of_form",
                violation_error_message=_("A SHA-256 has 64 digits and letters from a to f."),
            ),
            models.CheckConstraint(
                condition=Q(notice_days__gte=1, notice_days__lte=60),
                name="mandate_notice_within_bounds",
                violation_error_code="mandate_notice_within_bounds",
                violation_error_message=_("A debit is announced between 1 and 60 days before."),
            ),
            models.CheckConstraint(condition=Q(scheme__in=MandateScheme.values), name="mandate_scheme_known"),
            models.CheckConstraint(
                condition=Q(last_used_on=None) | Q(last_used_on__gte=F("signed_on")),
                name="mandate_used_after_signature",
                violation_error_code="mandate_used_after_signature",
                violation_error_message=_("Nothing was debited before the mandate was signed."),
            ),
            models.CheckConstraint(
                condition=Q(
                    state=MandateState.ACTIVE, revoked_at=None, revoked_by="", revoked_reason="", return_code=""
                )
                | Q(state=MandateState.REVOKED, revoked_at__isnull=False)
                & ~Q(revoked_by="")
                & (~Q(revoked_reason="") | ~Q(return_code="")),
                name="mandate_revoked_with_reason",
                violation_error_code="mandate_revoked_with_reason",
                violation_error_message=_("Say why the mandate ends."),
            ),
            CompositeForeignKey(
                fields=["organization", "base", "ledger", "owner_key"],
                to="accounting.Ledger",
                to_fields=["organization", "base", "id", "owner_key"],
                name="mandate_in_ledger",
            ),
            CompositeForeignKey(
                fields=["base", "customer"],
                to="customers.Customer",
                to_fields=["base", "id"],
                name="mandate_customer_in_base",
                violation_error_message=_("The customer belongs to another customer base."),
            ),
        ]
        triggers = [
            steps_between(MANDATE_STEPS, begins=[MandateState.ACTIVE]),
            immutable(
                "id", "organization_id", "base_id", "ledger_id", "owner_key", "customer_id", "reference", "iban",
                "holder", "signed_on", "evidence", "evidence_sha256", "scheme", "is_recurrent", "notice_days",
                "created_at", "created_by",
            ),
            settled([MandateState.REVOKED], "revoked_at", "revoked_by", "revoked_reason", "return_code"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.reference

    @property
    def masked_iban(self) -> str:
        """Country and last four characters, for whoever may not see bank data."""
        return f"{self.iban[:2]}•• •••• {self.iban[-4:]}"

    def is_expired(self, on: date) -> bool:
        """Whether it was not used for 36 months on that day, or was for one debit and is used up."""
        if not self.is_recurrent and self.last_used_on is not None:
            return True
        return (self.last_used_on or self.signed_on) <= mandate_unused_since(on)


def is_reference_of_mandate(text: str) -> bool:
    """Whether the text can be the reference of a mandate as it is."""
    return bool(re.fullmatch(REFERENCE, text))
