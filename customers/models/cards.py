"""Cards and codes by which a customer is known at the counter."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from customers.choices import CardReason, CardState
from customers.formats.cards import CARD_NUMBER, HAS_DIGIT, LONGEST
from customers.models.customer import Customer
from customers.querysets import CardQuerySet
from customers.triggers.cards import CARD_BLOCKED_STAYS, CARD_EDITED_HERE, CARD_REPLACED_ONCE
from customers.triggers.changes import noted
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.fields import LineField
from locations.history import keep_history
from locations.models import CustomerBase
from locations.personal import Erasure, personal
from locations.row_checks import CheckedRow
from locations.row_policies import RowSecurity
from locations.triggers import immutable


@personal(of="customer", erased=Erasure.ROW_GOES, identity="number", contract="state reason state_since assigned_at")
@keep_history(is_searched=False, indexes=[models.Index(fields=["base", "customer"], name="cardevent_of_customer")])
class Card(CheckedRow):
    """A number that stands on a card or in a code and means one customer of the base. He may have several.

    A lost card is blocked and keeps its number; `successor` is the one that he got in its place.
    """

    base = models.ForeignKey(CustomerBase, models.PROTECT, db_index=False, related_name="+", editable=False)
    customer = models.ForeignKey(
        Customer,
        models.PROTECT,
        db_constraint=False,  # card_customer_in_base refers to the same row and says more
        db_index=False,
        related_name="cards",
        editable=False,
        verbose_name=_("customer"),
    )
    number = LineField(_("card number"), max_length=LONGEST)
    state = models.CharField(_("status"), max_length=10, choices=CardState, default=CardState.ACTIVE)
    reason = models.CharField(
        _("reason of the block"), max_length=10, choices=CardReason, blank=True, default="", db_default=""
    )
    successor = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        db_constraint=False,  # card_successor_of_customer refers to the same row and says more
        db_index=False,
        related_name="predecessors",
        editable=False,
        verbose_name=_("successor"),
    )
    assigned_at = models.DateTimeField(_("assigned"), db_default=Now(), editable=False)
    state_since = models.DateTimeField(_("since"), db_default=Now(), editable=False)

    objects = CardQuerySet.as_manager()

    class Meta:
        verbose_name = _("card")
        verbose_name_plural = _("cards")
        default_permissions = ()
        constraints = [
            RowSecurity(name="card_rows", base="base"),
            KeyWithBase(name="card_key"),
            models.UniqueConstraint(
                fields=["base", "number"],
                include=["customer"],
                name="card_number_unique",
                violation_error_code="card_number_unique",
                violation_error_message=_("This card number is already in use in this customer base."),
            ),
            models.UniqueConstraint(fields=["base", "customer", "id"], name="card_of_customer"),
            models.UniqueConstraint(
                fields=["base", "successor"],
                condition=Q(successor__isnull=False),
                name="card_successor_of_one",
                violation_error_message=_("This card stands in for another one already."),
            ),
            models.CheckConstraint(
                condition=Q(number__regex=CARD_NUMBER) & Q(number__regex=HAS_DIGIT),
                name="card_number_visible",
                violation_error_code="card_number_visible",
                violation_error_message=_(
                    "A card number has up to 40 letters (A to Z), digits and signs, at least one digit, and no comma."
                ),
            ),
            models.CheckConstraint(
                condition=Q(state=CardState.ACTIVE, reason="")
                | Q(state=CardState.BLOCKED, reason__in=CardReason.values),
                name="card_reason_when_blocked",
                violation_error_code="card_reason_when_blocked",
                violation_error_message=_("Choose why the card is blocked."),
            ),
            models.CheckConstraint(
                condition=Q(successor=None) | Q(state=CardState.BLOCKED),
                name="card_replaced_is_blocked",
                violation_error_code="card_replaced_is_blocked",
                violation_error_message=_("A card that was replaced stays blocked."),
            ),
            CompositeForeignKey(
                fields=["base", "customer"],
                to="customers.Customer",
                to_fields=["base", "id"],
                name="card_customer_in_base",
                violation_error_message=_("The customer belongs to another customer base."),
            ),
            CompositeForeignKey(
                fields=["base", "customer", "successor"],
                to="customers.Card",
                to_fields=["base", "customer", "id"],
                name="card_successor_of_customer",
                violation_error_message=_("The successor of a card belongs to the same customer."),
            ),
        ]
        triggers = [
            immutable("base_id", "customer_id", "number"),
            CARD_REPLACED_ONCE,
            CARD_BLOCKED_STAYS,
            CARD_EDITED_HERE,
            *noted("customer_id"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_active(self) -> bool:
        return self.state == CardState.ACTIVE
