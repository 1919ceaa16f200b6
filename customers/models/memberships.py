"""What customers are to each other: who belongs to which company, group or family, and who gets the invoice."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from customers.choices import InvoiceTo, MembershipKind
from customers.membership_querysets import MembershipQuerySet
from customers.models.customer import Customer
from customers.triggers.memberships import (
    MEMBERSHIP_ENDED_STAYS,
    MEMBERSHIP_OF_SHARED_BASE,
    MEMBERSHIP_PAYER_PAYS,
)
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.fields import LineField
from locations.history import keep_history
from locations.models import CustomerBase
from locations.personal import Erasure, personal
from locations.row_checks import CheckedRow
from locations.row_policies import RowSecurity
from locations.triggers import immutable

PERIOD = Func(
    F("valid_from"), F("valid_until"), Value("[]"), function="daterange", output_field=DateRangeField()
)  # fmt: skip
"""Its first and last day belong to it; without a last day it has no end."""


@personal(
    of="member",
    erased=Erasure.ROW_GOES,
    contract="kind role invoice_to valid_from valid_until ended_at",
    technical="created_at",
)
@keep_history(
    is_searched=False,
    indexes=[
        models.Index(fields=["base", "member"], name="membershipevent_of_member"),
        models.Index(fields=["base", "of"], name="membershipevent_of_company"),
    ],
)
class CustomerMembership(CheckedRow):
    """A customer belongs to another one, a company, a group or a family, from a day on and until another.

    `invoice_to` says who gets the invoice for what he buys: he himself, he as a member (so that the company stands on
    it), or the company. At most one membership at a time says anything else than he himself.
    """

    web_privileges: ClassVar[str] = "SELECT, INSERT, UPDATE"

    base = models.ForeignKey(CustomerBase, models.PROTECT, db_index=False, related_name="+", editable=False)
    member = models.ForeignKey(
        Customer,
        models.PROTECT,
        db_constraint=False,  # customermembership_member_in_base refers to the same row and says more
        db_index=False,
        related_name="memberships",
        editable=False,
        verbose_name=_("member"),
    )
    of = models.ForeignKey(
        Customer,
        models.PROTECT,
        db_constraint=False,  # customermembership_of_in_base refers to the same row and says more
        db_index=False,
        related_name="members",
        editable=False,
        verbose_name=_("belongs to"),
    )
    kind = models.CharField(
        _("kind of membership"), max_length=10, choices=MembershipKind, default=MembershipKind.COMPANY
    )
    role = LineField(_("role"), max_length=80, blank=True, default="", help_text=_("Such as: bookkeeping."))
    invoice_to = models.CharField(_("invoice to"), max_length=10, choices=InvoiceTo, default=InvoiceTo.PERSON)
    valid_from = models.DateField(_("member from"))
    valid_until = models.DateField(
        _("member until"), null=True, blank=True, help_text=_("The last day. Left empty: until it is ended.")
    )
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)
    ended_by = models.CharField(_("ended by"), max_length=200, blank=True, default="", db_default="", editable=False)
    created_at = models.DateTimeField(_("recorded"), db_default=Now(), editable=False)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership of a customer")
        verbose_name_plural = _("memberships of customers")
        default_permissions = ()
        indexes = [
            models.Index(fields=["base", "member", "valid_from"], name="membership_of_member"),
            models.Index(fields=["base", "of", "valid_from"], name="membership_of_company"),
        ]
        constraints = [
            RowSecurity(name="customermembership_rows", base="base"),
            KeyWithBase(name="customermembership_key"),
            models.CheckConstraint(
                condition=~Q(member=F("of")),
                name="customermembership_of_another",
                violation_error_code="customermembership_of_another",
                violation_error_message=_("Nobody is a member of himself. Choose another customer."),
            ),
            models.CheckConstraint(
                condition=Q(kind__in=MembershipKind.values),
                name="customermembership_kind_known",
                violation_error_code="customermembership_kind_known",
                violation_error_message=_("Choose a company, a group or a family."),
            ),
            models.CheckConstraint(
                condition=Q(invoice_to__in=InvoiceTo.values),
                name="customermembership_invoice_to_known",
                violation_error_code="customermembership_invoice_to_known",
                violation_error_message=_("Choose who gets the invoice."),
            ),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=F("valid_from")),
                name="customermembership_ends_after_it_begins",
                violation_error_code="customermembership_ends_after_it_begins",
                violation_error_message=_("The last day cannot lie before the first one."),
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by="")
                | (Q(ended_at__isnull=False, valid_until__isnull=False) & ~Q(ended_by="")),
                name="customermembership_ended_by_somebody",
            ),
            ExclusionConstraint(
                expressions=[
                    (F("base"), RangeOperators.EQUAL),
                    (F("member"), RangeOperators.EQUAL),
                    (F("of"), RangeOperators.EQUAL),
                    (PERIOD, RangeOperators.OVERLAPS),
                ],
                name="customermembership_once_at_a_time",
                violation_error_code="customermembership_once_at_a_time",
                violation_error_message=_("This customer is a member there already at that time."),
            ),
            ExclusionConstraint(
                expressions=[
                    (F("base"), RangeOperators.EQUAL),
                    (F("member"), RangeOperators.EQUAL),
                    (PERIOD, RangeOperators.OVERLAPS),
                ],
                condition=~Q(invoice_to=InvoiceTo.PERSON),
                name="customermembership_one_pays",
                violation_error_code="customermembership_one_pays",
                violation_error_message=_(
                    "Another membership of this customer says already at that time who gets his invoices. End it "
                    "first, or let the invoices here go to the person."
                ),
            ),
            CompositeForeignKey(
                fields=["base", "member"],
                to="customers.Customer",
                to_fields=["base", "id"],
                name="customermembership_member_in_base",
                violation_error_message=_("The customer belongs to another customer base."),
            ),
            CompositeForeignKey(
                fields=["base", "of"],
                to="customers.Customer",
                to_fields=["base", "id"],
                name="customermembership_of_in_base",
                violation_error_message=_("The customer belongs to another customer base."),
            ),
        ]
        triggers = [
            immutable("id", "base_id", "member_id", "of_id"),
            MEMBERSHIP_OF_SHARED_BASE,
            MEMBERSHIP_ENDED_STAYS,
            MEMBERSHIP_PAYER_PAYS,
        ]

    def __str__(self) -> str:
        return f"{self.member_id} → {self.of_id}"
