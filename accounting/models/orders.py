"""Orders of tills: what somebody has bought with his account, with its lines and what the till has said of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounting.choices import ORDER_STEPS, OrderState, SaleMethod
from accounting.models.columns import INVOICES, money, refers
from accounting.models.ledgers import OF_ALL, Ledger
from accounting.models.movements import Movement
from accounting.querysets import OrderQuerySet
from accounting.triggers import only_added_to
from customers.models import Customer
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.fields import LineField, TimeOrderedUuid
from locations.history import ClockTimestamp
from locations.models import CustomerBase, Location, Organization
from locations.personal import Erasure, personal
from locations.row_policies import RowSecurity
from locations.triggers import steps_between
from mcp.models import Device

MOST_OF_LINE = Decimal(10_000_000)
"""So much a line comes to, also one that takes something off: the sums of an invoice of many thousand orders have room
for that.
"""
MOST_PIECES = Decimal("999999999.999")


@personal(
    of="customer",
    erased=Erasure.KEPT,
    kept=INVOICES,
    emptied="customer number fiscal",
    behaviour="sold_at location",
    contract="number business_day method total state fiscal",
    technical="created_at",
)
class PaymentOrder(models.Model):
    """An order that a till has posted. Written by accounting_post_order, _pay_order and _cancel_order alone.

    `booking` is its movement: a sale on account, which stays open until it is paid at a till or by an invoice, or the
    use of credit, by which it is paid. `payment` is the movement by which an open one was paid at a till. Its state
    follows the movements: whoever reverses the booking cancels the order, and whoever reverses the payment opens it.
    """

    web_privileges: ClassVar[str] = "SELECT"

    id: Any = models.UUIDField(primary_key=True, db_default=TimeOrderedUuid(), editable=False)
    organization = refers(Organization)
    base = refers(CustomerBase)
    ledger = refers(Ledger)
    owner_key = models.BigIntegerField(default=OF_ALL)
    customer = refers(Customer, null=True)
    location = refers(Location)
    device = refers(Device, null=True, help_text="None where the program itself has posted it, as in the demo.")
    number = LineField(_("number at the till"), max_length=60, blank=True)
    business_day = models.DateField(_("business day"))
    sold_at = models.DateTimeField(_("sold"), null=True, help_text="What the till says; it may have been offline.")
    method = models.CharField(_("how it is paid"), max_length=10, choices=SaleMethod)
    total = money(_("total"))
    state = models.CharField(_("state"), max_length=10, choices=OrderState)
    booking = refers(Movement)
    payment = refers(Movement, null=True)
    fiscal = models.JSONField(default=dict, help_text="What the till's security device has said, by name.")
    created_at = models.DateTimeField(db_default=ClockTimestamp(), editable=False)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order of a till")
        verbose_name_plural = _("orders of tills")
        default_permissions = ()
        indexes = [
            models.Index(fields=["customer", "base", "state"], name="paymentorder_of_customer"),
            models.Index(
                fields=["ledger", "base", "business_day"],
                condition=Q(state=OrderState.OPEN),
                name="paymentorder_to_bill",
            ),
        ]
        constraints = [
            RowSecurity(name="paymentorder_rows", base="base", owner="owner_key"),
            KeyWithBase(name="paymentorder_key"),
            models.UniqueConstraint(fields=["booking", "base"], name="paymentorder_one_of_booking"),
            models.UniqueConstraint(
                fields=["payment", "base"], condition=Q(payment__isnull=False), name="paymentorder_one_of_payment"
            ),
            models.UniqueConstraint(
                fields=["base", "location", "device", "business_day", "number"],
                condition=~Q(number=""),
                name="paymentorder_number_once",
                violation_error_code="order_number_known",
                violation_error_message=_(
                    "This till has posted another order under this number on this business day already."
                ),
            ),
            models.CheckConstraint(condition=Q(total__gt=0), name="paymentorder_total_positive"),
            models.CheckConstraint(condition=Q(state__in=OrderState.values), name="paymentorder_state_known"),
            models.CheckConstraint(
                condition=Q(method=SaleMethod.ACCOUNT, state=OrderState.PAID, payment__isnull=False)
                | Q(
                    method=SaleMethod.ACCOUNT,
                    state__in=[OrderState.OPEN, OrderState.INVOICED, OrderState.CANCELLED],
                    payment=None,
                )
                | Q(method=SaleMethod.CREDIT, state__in=[OrderState.PAID, OrderState.CANCELLED], payment=None),
                name="paymentorder_paid_by_movement",
            ),
            CompositeForeignKey(
                fields=["organization", "base", "ledger", "owner_key"],
                to="accounting.Ledger",
                to_fields=["organization", "base", "id", "owner_key"],
                name="paymentorder_in_ledger",
            ),
            CompositeForeignKey(
                fields=["base", "customer"],
                to="customers.Customer",
                to_fields=["base", "id"],
                name="paymentorder_customer_in_base",
            ),
            CompositeForeignKey(
                fields=["organization", "location"],
                to="locations.Location",
                to_fields=["organization", "id"],
                name="paymentorder_location_of_organization",
            ),
            CompositeForeignKey(
                fields=["organization", "device"],
                to="mcp.Device",
                to_fields=["organization", "id"],
                name="paymentorder_device_of_organization",
            ),
            CompositeForeignKey(
                fields=["base", "booking"],
                to="accounting.Movement",
                to_fields=["base", "id"],
                name="paymentorder_booking_in_base",
            ),
            CompositeForeignKey(
                fields=["base", "payment"],
                to="accounting.Movement",
                to_fields=["base", "id"],
                name="paymentorder_payment_in_base",
            ),
        ]
        triggers = [
            *only_added_to("An order", "paymentorder_stays"),
            steps_between(ORDER_STEPS, begins=[OrderState.OPEN, OrderState.PAID]),
        ]

    def __str__(self) -> str:
        return self.number or str(self.pk)


@personal(
    of="order__customer",
    erased=Erasure.KEPT,
    kept=INVOICES,
    emptied="text",
    behaviour="text",
    contract="quantity amount vat_rate",
    technical="position",
)
class PaymentOrderLine(models.Model):
    """A line of an order. `amount` is what it costs with its VAT; it is negative where something is taken off."""

    web_privileges: ClassVar[str] = "SELECT"

    pk = models.CompositePrimaryKey("base_id", "order_id", "position")
    base = refers(CustomerBase)
    owner_key = models.BigIntegerField(default=OF_ALL)
    order = refers(PaymentOrder, related_name="lines")
    position = models.PositiveSmallIntegerField()
    text = LineField(_("text"), max_length=200)
    quantity = models.DecimalField(_("quantity"), max_digits=12, decimal_places=3)
    amount = money(_("amount"))
    vat_rate = models.DecimalField(_("VAT rate"), max_digits=5, decimal_places=2)

    class Meta:
        verbose_name = _("line of an order")
        verbose_name_plural = _("lines of orders")
        default_permissions = ()
        constraints = [
            RowSecurity(name="paymentorderline_rows", base="base", owner="owner_key"),
            models.CheckConstraint(
                condition=Q(amount__range=(-MOST_OF_LINE, MOST_OF_LINE), quantity__range=(-MOST_PIECES, MOST_PIECES)),
                name="paymentorderline_within_bounds",
            ),
            models.CheckConstraint(
                condition=Q(vat_rate__gte=0, vat_rate__lt=100), name="paymentorderline_vat_rate_known"
            ),
            CompositeForeignKey(
                fields=["base", "order"],
                to="accounting.PaymentOrder",
                to_fields=["base", "id"],
                name="paymentorderline_order_in_base",
            ),
        ]
        triggers = only_added_to("A line of an order", "paymentorderline_stays")

    def __str__(self) -> str:
        return self.text
