"""Invoices and cancellations of them, with their lines, their VAT, and the movements that they ask to be paid."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import NullIf
from django.utils.translation import gettext_lazy as _

from accounting.choices import DocumentFormat, InvoiceKind, InvoiceState
from accounting.debit_triggers import INVOICE_NOT_AT_BANK
from accounting.models.columns import INVOICES, money, refers
from accounting.models.issuers import Issuer
from accounting.models.ledgers import OF_ALL, Ledger
from accounting.models.movements import Movement
from accounting.models.orders import PaymentOrder
from accounting.models.runs import InvoiceRun
from accounting.querysets import InvoiceQuerySet
from accounting.receivable_triggers import RECEIVABLE_HAS_DUE_DAY, RECEIVABLE_IS_DUE
from accounting.triggers import only_added_to
from customers.models import Customer
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.fields import LineField, TimeOrderedUuid
from locations.history import ClockTimestamp
from locations.models import CustomerBase, Organization
from locations.personal import Erasure, personal
from locations.row_policies import RowSecurity

_TO_PAY = [InvoiceState.OPEN, InvoiceState.PARTLY_PAID]


def _of_invoice(name: str) -> CompositeForeignKey:
    return CompositeForeignKey(
        fields=["base", "invoice"], to="accounting.Invoice", to_fields=["base", "id"], name=f"{name}_invoice_in_base"
    )


@personal(
    of="customer",
    erased=Erasure.KEPT,
    kept=INVOICES,
    emptied="customer",
    identity="buyer_data",
    contract=(
        "kind year number issued_on due_on delivered_from delivered_until currency net tax gross paid_before paid "
        "is_cancelled state reason"
    ),
    technical="sequence issuer_data issued_at",
    keys="previous",
)
class Invoice(models.Model):
    """An invoice, or the cancellation of one. Written by accounting_issue_invoices and accounting_cancel_invoice alone.

    Number, sums and content never change. `paid` follows the payments of its items, and `state` follows from it;
    `paid_before` is what was paid when it was issued, as its documents say.
    `issuer_data` and `buyer_data` are both as they were when it was issued. The amounts of a cancellation are those of
    the invoice that it cancels; its kind says that they go the other way. `previous` refers to the number before, so
    that the database keeps each series without a gap.
    """

    web_privileges: ClassVar[str] = "SELECT"

    id: Any = models.UUIDField(primary_key=True, db_default=TimeOrderedUuid(), editable=False)
    organization = refers(Organization)
    base = refers(CustomerBase)
    ledger = refers(Ledger)
    owner_key = models.BigIntegerField(default=OF_ALL)
    run = refers(InvoiceRun, null=True)
    issuer = refers(Issuer)
    kind = models.CharField(_("kind"), max_length=12, choices=InvoiceKind)
    year = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField()
    previous = models.GeneratedField(
        expression=NullIf(F("sequence") - Value(1), Value(0)), output_field=models.IntegerField(), db_persist=True
    )
    number = models.CharField(_("number"), max_length=20)
    cancels = refers("self", null=True)
    customer = refers(Customer, null=True, verbose_name=_("customer"))
    issued_on = models.DateField(_("issued"))
    due_on = models.DateField(_("due"), null=True)
    delivered_from = models.DateField(_("delivered from"))
    delivered_until = models.DateField(_("delivered until"))
    currency = models.CharField(_("currency"), max_length=3)
    net = money(_("net"))
    tax = money(_("VAT"))
    gross = money(_("sum"))
    paid_before = money(_("paid before"), default=0)
    paid = money(_("paid"), default=0)
    is_cancelled = models.BooleanField(default=False)
    state = models.GeneratedField(
        expression=Case(
            When(is_cancelled=True, then=Value(InvoiceState.CANCELLED.value)),
            When(kind=InvoiceKind.CANCELLATION, then=Value(InvoiceState.CANCELLATION.value)),
            When(paid__gte=F("gross"), then=Value(InvoiceState.PAID.value)),
            When(paid__gt=0, then=Value(InvoiceState.PARTLY_PAID.value)),
            default=Value(InvoiceState.OPEN.value),
        ),
        output_field=models.CharField(max_length=12, choices=InvoiceState),
        db_persist=True,
    )
    issuer_data = models.JSONField()
    buyer_data = models.JSONField()
    reason = LineField(_("reason"), max_length=200, blank=True, default="")
    issued_at = models.DateTimeField(db_default=ClockTimestamp(), editable=False)
    user_id = models.BigIntegerField(null=True)
    user_name = models.CharField(_("user"), max_length=200)

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        default_permissions = ()
        # None begins with the base: a foreign key to an invoice is looked up by base and id, and before the table has
        # statistics the planner reads all invoices of the base for it by such an index.
        indexes = [
            models.Index(fields=["owner_key", "base", "-issued_on", "-number"], name="invoice_latest_of_owner"),
            models.Index(fields=["customer", "base", "-issued_on"], name="invoice_of_customer"),
            models.Index(
                fields=["ledger", "base", "due_on"], condition=Q(state__in=_TO_PAY), name="invoice_to_pay_of_ledger"
            ),
            models.Index(fields=["run", "base"], name="invoice_of_run"),
        ]
        constraints = [
            RowSecurity(name="invoice_rows", base="base", owner="owner_key"),
            KeyWithBase(name="invoice_key"),
            models.UniqueConstraint(
                fields=["sequence", "year", "kind", "issuer", "base"], name="invoice_sequence_once"
            ),
            models.UniqueConstraint(fields=["number", "base", "issuer"], name="invoice_number_once"),
            models.UniqueConstraint(
                fields=["cancels", "base"], condition=Q(cancels__isnull=False), name="invoice_cancelled_once"
            ),
            models.CheckConstraint(condition=Q(sequence__gte=1), name="invoice_sequence_from_one"),
            models.CheckConstraint(
                condition=Q(kind=InvoiceKind.INVOICE, cancels=None, due_on__isnull=False, reason="")
                | Q(kind=InvoiceKind.CANCELLATION, cancels__isnull=False, due_on=None, paid=0, is_cancelled=False)
                & ~Q(reason=""),
                name="invoice_of_a_kind",
            ),
            models.CheckConstraint(condition=Q(gross=F("net") + F("tax"), gross__gt=0), name="invoice_sums_fit"),
            models.CheckConstraint(
                condition=Q(paid__gte=0, paid__lte=F("gross"), paid_before__gte=0), name="invoice_paid_within_sum"
            ),
            models.CheckConstraint(condition=~Q(number="") & ~Q(user_name=""), name="invoice_of_somebody"),
            CompositeForeignKey(
                fields=["base", "issuer", "kind", "year", "previous"],
                to="accounting.Invoice",
                to_fields=["base", "issuer", "kind", "year", "sequence"],
                name="invoice_follows_the_number_before",
            ),
            CompositeForeignKey(
                fields=["organization", "base", "ledger", "owner_key"],
                to="accounting.Ledger",
                to_fields=["organization", "base", "id", "owner_key"],
                name="invoice_in_ledger",
            ),
            CompositeForeignKey(
                fields=["organization", "issuer", "owner_key"],
                to="accounting.Issuer",
                to_fields=["organization", "id", "owner_key"],
                name="invoice_issuer_of_owner",
            ),
            CompositeForeignKey(
                fields=["base", "run"], to="accounting.InvoiceRun", to_fields=["base", "id"], name="invoice_run_in_base"
            ),
            CompositeForeignKey(
                fields=["base", "cancels"],
                to="accounting.Invoice",
                to_fields=["base", "id"],
                name="invoice_cancels_in_base",
            ),
            CompositeForeignKey(
                fields=["base", "customer"],
                to="customers.Customer",
                to_fields=["base", "id"],
                name="invoice_customer_in_base",
            ),
        ]
        triggers = [*only_added_to("An invoice", "invoice_stays"), INVOICE_NOT_AT_BANK]

    def __str__(self) -> str:
        return self.number

    def get_state_display(self) -> str:
        """The name of its state. Django gives a field that the database works out no such method."""
        return str(InvoiceState(self.state).label)

    @property
    def to_pay(self) -> Any:
        """What is still open of it."""
        return self.gross - self.paid


@personal(
    of="invoice__customer member",
    erased=Erasure.KEPT,
    kept=INVOICES,
    emptied="member",
    identity="member_name",
    behaviour="text location_name",
    contract="order_number business_day quantity gross net vat_rate",
    technical="position order_position is_standing",
)
class InvoiceLine(models.Model):
    """A line: what was sold by a line of an order. `gross` is as the till has said it, `net` what is left without VAT.

    A line of an order stands on one invoice that was not cancelled (`is_standing`).
    """

    web_privileges: ClassVar[str] = "SELECT"

    pk = models.CompositePrimaryKey("base_id", "invoice_id", "position")
    base = refers(CustomerBase)
    owner_key = models.BigIntegerField(default=OF_ALL)
    invoice = refers(Invoice, related_name="lines")
    position = models.PositiveIntegerField()
    order = refers(PaymentOrder)
    order_position = models.PositiveSmallIntegerField()
    order_number = models.CharField(max_length=60, blank=True)
    member = refers(Customer, null=True, help_text="Who has bought it, where somebody else pays.")
    member_name = models.CharField(max_length=220, blank=True, db_default="")
    location_name = models.CharField(_("location"), max_length=200)
    business_day = models.DateField(_("business day"))
    text = models.CharField(_("text"), max_length=200)
    quantity = models.DecimalField(_("quantity"), max_digits=12, decimal_places=3)
    gross = money(_("sum"))
    net = money(_("net"))
    vat_rate = models.DecimalField(_("VAT rate"), max_digits=5, decimal_places=2)
    is_standing = models.BooleanField()

    class Meta:
        verbose_name = _("line of an invoice")
        verbose_name_plural = _("lines of invoices")
        default_permissions = ()
        indexes = [
            models.Index(fields=["member", "base"], condition=Q(member__isnull=False), name="invoiceline_of_member")
        ]
        constraints = [
            RowSecurity(name="invoiceline_rows", base="base", owner="owner_key"),
            models.UniqueConstraint(
                fields=["order", "base", "order_position"],
                condition=Q(is_standing=True),
                name="invoiceline_on_one_invoice",
            ),
            _of_invoice("invoiceline"),
            CompositeForeignKey(
                fields=["base", "order"],
                to="accounting.PaymentOrder",
                to_fields=["base", "id"],
                name="invoiceline_order_in_base",
            ),
            CompositeForeignKey(
                fields=["base", "member"],
                to="customers.Customer",
                to_fields=["base", "id"],
                name="invoiceline_member_in_base",
            ),
        ]
        triggers = only_added_to("A line of an invoice", "invoiceline_stays")

    def __str__(self) -> str:
        return self.text


@personal(of="invoice__customer", erased=Erasure.KEPT, kept=INVOICES, contract="rate net tax gross")
class InvoiceVat(models.Model):
    """The sums of an invoice for one rate of VAT, in percent."""

    web_privileges: ClassVar[str] = "SELECT"

    pk = models.CompositePrimaryKey("base_id", "invoice_id", "rate")
    base = refers(CustomerBase)
    owner_key = models.BigIntegerField(default=OF_ALL)
    invoice = refers(Invoice, related_name="rates")
    rate = models.DecimalField(_("VAT rate"), max_digits=5, decimal_places=2)
    net = money(_("net"))
    tax = money(_("VAT"))
    gross = money(_("sum"))

    class Meta:
        verbose_name = _("VAT of an invoice")
        verbose_name_plural = _("VAT of invoices")
        default_permissions = ()
        constraints = [
            RowSecurity(name="invoicevat_rows", base="base", owner="owner_key"),
            models.CheckConstraint(condition=Q(gross=F("net") + F("tax")), name="invoicevat_sums_fit"),
            _of_invoice("invoicevat"),
        ]
        triggers = only_added_to("The VAT of an invoice", "invoicevat_stays")

    def __str__(self) -> str:
        return f"{self.rate} %"


@personal(of="invoice__customer", erased=Erasure.KEPT, kept=INVOICES, contract="amount is_standing")
class InvoiceItem(models.Model):
    """A movement that the invoice asks to be paid. It stands on one invoice that was not cancelled (`is_standing`)."""

    web_privileges: ClassVar[str] = "SELECT"

    pk = models.CompositePrimaryKey("base_id", "invoice_id", "movement_id")
    base = refers(CustomerBase)
    owner_key = models.BigIntegerField(default=OF_ALL)
    invoice = refers(Invoice, related_name="items")
    movement = refers(Movement)
    amount = money(_("amount"))
    is_standing = models.BooleanField()

    class Meta:
        verbose_name = _("item of an invoice")
        verbose_name_plural = _("items of invoices")
        default_permissions = ()
        constraints = [
            RowSecurity(name="invoiceitem_rows", base="base", owner="owner_key"),
            models.UniqueConstraint(
                fields=["movement", "base"], condition=Q(is_standing=True), name="invoiceitem_on_one_invoice"
            ),
            _of_invoice("invoiceitem"),
            CompositeForeignKey(
                fields=["base", "movement"],
                to="accounting.Movement",
                to_fields=["base", "id"],
                name="invoiceitem_movement_in_base",
            ),
        ]
        triggers = [
            *only_added_to("An item of an invoice", "invoiceitem_stays"), RECEIVABLE_HAS_DUE_DAY, RECEIVABLE_IS_DUE,
        ]  # fmt: skip

    def __str__(self) -> str:
        return str(self.movement_id)


@personal(
    of="invoice__customer",
    erased=Erasure.KEPT,
    kept=INVOICES,
    contract="format content",
    technical="sha256 made_at",
)
class InvoiceDocument(models.Model):
    """The PDF or the XML of an invoice. Kept by accounting_keep_document, the first one that was made for ever."""

    web_privileges: ClassVar[str] = "SELECT"

    pk = models.CompositePrimaryKey("base_id", "invoice_id", "format")
    base = refers(CustomerBase)
    owner_key = models.BigIntegerField(default=OF_ALL)
    invoice = refers(Invoice, related_name="documents")
    format = models.CharField(max_length=3, choices=DocumentFormat)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField(db_default=ClockTimestamp(), editable=False)

    class Meta:
        verbose_name = _("document of an invoice")
        verbose_name_plural = _("documents of invoices")
        default_permissions = ()
        constraints = [
            RowSecurity(name="invoicedocument_rows", base="base", owner="owner_key"),
            models.CheckConstraint(condition=Q(format__in=DocumentFormat.values), name="invoicedocument_format_known"),
            models.CheckConstraint(
                condition=Q(sha256=models.Func(
                    models.Func(F("content"), function="sha256", output_field=models.BinaryField()), Value("hex"),
                    function="encode", output_field=models.CharField(),
                )),
                name="invoicedocument_hash_of_content",
            ),
            _of_invoice("invoicedocument"),
        ]  # fmt: skip
        triggers = only_added_to("A document of an invoice", "invoicedocument_stays")

    def __str__(self) -> str:
        return f"{self.invoice_id}.{self.format}"
