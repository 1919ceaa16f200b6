"""An invoice from CII."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from django.utils.translation import gettext_lazy as _
from lxml import etree

from accounting.amounts import ZERO
from accounting.documents.cii.names import NAMESPACES, RSM
from accounting.documents.contents import Cancelled, InvoiceContent, Payment, PaymentKind, Totals, VatGroup
from accounting.documents.received.cii_lines import line_of
from accounting.documents.received.cii_parties import buyer_of, issuer_of
from accounting.documents.received.invoice import Adjustment, ReceivedInvoice
from accounting.documents.received.nodes import Node
from accounting.documents.received.terms import TRUE, category_of, kind_of, payment_of, with_reasons

ROOT = f"{{{RSM}}}CrossIndustryInvoice"
_TRADE = "rsm:SupplyChainTradeTransaction"
_DAY = "/udt:DateTimeString"


def read_cii(root: etree._Element) -> ReceivedInvoice:
    """Raises Unreadable where a number or a day is none, or the day of issue is missing."""
    whole = Node(root, NAMESPACES)
    settlement = whole.one(f"{_TRADE}/ram:ApplicableHeaderTradeSettlement")
    means = settlement.one("ram:SpecifiedTradeSettlementPaymentMeans")
    type_code = whole.text("rsm:ExchangedDocument/ram:TypeCode")
    sums = settlement.one("ram:SpecifiedTradeSettlementHeaderMonetarySummation")
    lines = [
        line_of(item, at)
        for at, item in enumerate(whole.every(f"{_TRADE}/ram:IncludedSupplyChainTradeLineItem"), start=1)
    ]
    content = _content(whole, settlement, type_code)
    return ReceivedInvoice(
        content=replace(content, lines=with_reasons([line for line, _figures in lines], content.vat_groups)),
        syntax="CII",
        profile=whole.text("rsm:ExchangedDocumentContext/ram:GuidelineSpecifiedDocumentContextParameter/ram:ID"),
        type_code=type_code,
        payment_code=means.text("ram:TypeCode"),
        figures=tuple(figures for _line, figures in lines),
        adjustments=(
            *(_adjustment(one) for one in settlement.every("ram:SpecifiedTradeAllowanceCharge")),
            *(_logistics(one) for one in settlement.every("ram:SpecifiedLogisticsServiceCharge")),
        ),
        line_total=sums.number("ram:LineTotalAmount", sums.number("ram:TaxBasisTotalAmount")),
        rounding=sums.number("ram:RoundingAmount"),
        terms=settlement.text("ram:SpecifiedTradePaymentTerms/ram:Description"),
    )


def _content(whole: Node, settlement: Node, type_code: str) -> InvoiceContent:
    document, trade = whole.one("rsm:ExchangedDocument"), whole.one(_TRADE)
    agreement = trade.one("ram:ApplicableHeaderTradeAgreement")
    period = settlement.one("ram:BillingSpecifiedPeriod")
    delivered = trade.day(
        f"ram:ApplicableHeaderTradeDelivery/ram:ActualDeliverySupplyChainEvent/ram:OccurrenceDateTime{_DAY}"
    )
    return InvoiceContent(
        number=document.text("ram:ID"),
        issued_on=document.day_or_refuse(f"ram:IssueDateTime{_DAY}", _("the day of issue")),
        issuer=issuer_of(agreement.one("ram:SellerTradeParty"), settlement),
        buyer=buyer_of(agreement),
        lines=(),
        vat_groups=tuple(_vat_group(tax) for tax in settlement.every("ram:ApplicableTradeTax")),
        totals=_totals(settlement),
        kind=kind_of(type_code),
        cancels=_cancelled(settlement),
        due_on=settlement.day(f"ram:SpecifiedTradePaymentTerms/ram:DueDateDateTime{_DAY}"),
        delivered_from=period.day(f"ram:StartDateTime{_DAY}"),
        delivered_until=period.day(f"ram:EndDateTime{_DAY}") or delivered,
        payment=_payment(settlement),
        notes=tuple(note for one in document.every("ram:IncludedNote") if (note := one.text("ram:Content"))),
        currency=settlement.text("ram:InvoiceCurrencyCode") or "EUR",
    )


def _cancelled(settlement: Node) -> Cancelled | None:
    before = settlement.one("ram:InvoiceReferencedDocument")
    if not before:
        return None
    day = before.day("ram:FormattedIssueDateTime/qdt:DateTimeString")
    return Cancelled(number=before.text("ram:IssuerAssignedID"), issued_on=day)


def _payment(settlement: Node) -> Payment:
    means = settlement.one("ram:SpecifiedTradeSettlementPaymentMeans")
    kind = payment_of(means.text("ram:TypeCode"))
    return Payment(
        kind=kind,
        mandate_reference=settlement.text("ram:SpecifiedTradePaymentTerms/ram:DirectDebitMandateID"),
        debtor_iban=means.text("ram:PayerPartyDebtorFinancialAccount/ram:IBANID") if kind is PaymentKind.DEBIT else "",
        reference=settlement.text("ram:PaymentReference"),
    )


def _vat_group(tax: Node) -> VatGroup:
    return VatGroup(
        rate=tax.number("ram:RateApplicablePercent"),
        net=tax.number("ram:BasisAmount"),
        tax=tax.number("ram:CalculatedAmount"),
        category=category_of(tax.text("ram:CategoryCode")),
        reason=tax.text("ram:ExemptionReason"),
    )


def _totals(settlement: Node) -> Totals:
    sums = settlement.one("ram:SpecifiedTradeSettlementHeaderMonetarySummation")
    return Totals(
        net=sums.number("ram:TaxBasisTotalAmount"),
        tax=_tax(sums, settlement.text("ram:InvoiceCurrencyCode")),
        gross=sums.number("ram:GrandTotalAmount"),
        paid=sums.number("ram:TotalPrepaidAmount"),
        to_pay=sums.number("ram:DuePayableAmount"),
    )


def _tax(sums: Node, currency: str) -> Decimal:
    """BT-110: of several amounts the one in the currency of the invoice."""
    found = sums.every("ram:TaxTotalAmount")
    own = [one for one in found if one.attribute("currencyID") in {"", currency}] or found
    return own[0].number(".") if own else ZERO


def _adjustment(one: Node) -> Adjustment:
    amount = one.number("ram:ActualAmount")
    return Adjustment(
        reason=one.text("ram:Reason"),
        amount=amount if one.text("ram:ChargeIndicator/udt:Indicator") in TRUE else -amount,
        category=category_of(one.text("ram:CategoryTradeTax/ram:CategoryCode")),
        rate=one.number("ram:CategoryTradeTax/ram:RateApplicablePercent"),
    )


def _logistics(one: Node) -> Adjustment:
    """What the profile EXTENDED charges for transport and the like."""
    return Adjustment(
        reason=one.text("ram:Description"),
        amount=one.number("ram:AppliedAmount"),
        category=category_of(one.text("ram:AppliedTradeTax/ram:CategoryCode")),
        rate=one.number("ram:AppliedTradeTax/ram:RateApplicablePercent"),
    )
