"""An invoice from UBL: Invoice and CreditNote."""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext_lazy as _
from lxml import etree

from accounting.documents.contents import Cancelled, InvoiceContent, Payment, PaymentKind, Totals, VatGroup
from accounting.documents.received.invoice import Adjustment, ReceivedInvoice
from accounting.documents.received.nodes import Node
from accounting.documents.received.terms import TRUE, category_of, kind_of, payment_of, with_reasons
from accounting.documents.received.ubl_lines import line_of
from accounting.documents.received.ubl_names import NAMESPACES
from accounting.documents.received.ubl_parties import buyer_of, issuer_of


def read_ubl(root: etree._Element) -> ReceivedInvoice:
    """Raises Unreadable where a number or a day is none, or the day of issue is missing."""
    whole = Node(root, NAMESPACES)
    type_code = whole.text("cbc:InvoiceTypeCode") or whole.text("cbc:CreditNoteTypeCode")
    sums = whole.one("cac:LegalMonetaryTotal")
    items = whole.every("cac:InvoiceLine") or whole.every("cac:CreditNoteLine")
    lines = [line_of(item, at) for at, item in enumerate(items, start=1)]
    content = _content(whole, type_code)
    return ReceivedInvoice(
        content=replace(content, lines=with_reasons([line for line, _figures in lines], content.vat_groups)),
        syntax="UBL",
        profile=whole.text("cbc:CustomizationID"),
        type_code=type_code,
        payment_code=whole.text("cac:PaymentMeans/cbc:PaymentMeansCode"),
        figures=tuple(figures for _line, figures in lines),
        adjustments=tuple(_adjustment(one) for one in whole.every("cac:AllowanceCharge")),
        line_total=sums.number("cbc:LineExtensionAmount"),
        rounding=sums.number("cbc:PayableRoundingAmount"),
        terms=whole.text("cac:PaymentTerms/cbc:Note"),
    )


def _content(whole: Node, type_code: str) -> InvoiceContent:
    period = whole.one("cac:InvoicePeriod")
    return InvoiceContent(
        number=whole.text("cbc:ID"),
        issued_on=whole.day_or_refuse("cbc:IssueDate", _("the day of issue")),
        issuer=issuer_of(whole),
        buyer=buyer_of(whole),
        lines=(),
        vat_groups=tuple(_vat_group(one) for one in _tax_total(whole).every("cac:TaxSubtotal")),
        totals=_totals(whole),
        kind=kind_of(type_code),
        cancels=_cancelled(whole),
        due_on=whole.day("cbc:DueDate") or whole.day("cac:PaymentMeans/cbc:PaymentDueDate"),
        delivered_from=period.day("cbc:StartDate"),
        delivered_until=period.day("cbc:EndDate") or whole.day("cac:Delivery/cbc:ActualDeliveryDate"),
        payment=_payment(whole),
        notes=tuple(note for one in whole.every("cbc:Note") if (note := one.text())),
        currency=whole.text("cbc:DocumentCurrencyCode") or "EUR",
    )


def _cancelled(whole: Node) -> Cancelled | None:
    before = whole.one("cac:BillingReference/cac:InvoiceDocumentReference")
    return Cancelled(number=before.text("cbc:ID"), issued_on=before.day("cbc:IssueDate")) if before else None


def _payment(whole: Node) -> Payment:
    means = whole.one("cac:PaymentMeans")
    kind = payment_of(means.text("cbc:PaymentMeansCode"))
    debtor = means.text("cac:PaymentMandate/cac:PayerFinancialAccount/cbc:ID")
    return Payment(
        kind=kind,
        mandate_reference=means.text("cac:PaymentMandate/cbc:ID"),
        debtor_iban=debtor if kind is PaymentKind.DEBIT else "",
        reference=means.text("cbc:PaymentID"),
    )


def _tax_total(whole: Node) -> Node:
    """The sums of VAT in the currency of the invoice: the other ones have no groups."""
    found = whole.every("cac:TaxTotal")
    return next((one for one in found if one.one("cac:TaxSubtotal")), found[0] if found else whole.one("cac:TaxTotal"))


def _vat_group(one: Node) -> VatGroup:
    category = one.one("cac:TaxCategory")
    return VatGroup(
        rate=category.number("cbc:Percent"),
        net=one.number("cbc:TaxableAmount"),
        tax=one.number("cbc:TaxAmount"),
        category=category_of(category.text("cbc:ID")),
        reason=category.text("cbc:TaxExemptionReason"),
    )


def _totals(whole: Node) -> Totals:
    sums = whole.one("cac:LegalMonetaryTotal")
    return Totals(
        net=sums.number("cbc:TaxExclusiveAmount"),
        tax=_tax_total(whole).number("cbc:TaxAmount"),
        gross=sums.number("cbc:TaxInclusiveAmount"),
        paid=sums.number("cbc:PrepaidAmount"),
        to_pay=sums.number("cbc:PayableAmount"),
    )


def _adjustment(one: Node) -> Adjustment:
    amount = one.number("cbc:Amount")
    return Adjustment(
        reason=one.text("cbc:AllowanceChargeReason"),
        amount=amount if one.text("cbc:ChargeIndicator") in TRUE else -amount,
        category=category_of(one.text("cac:TaxCategory/cbc:ID")),
        rate=one.number("cac:TaxCategory/cbc:Percent"),
    )
