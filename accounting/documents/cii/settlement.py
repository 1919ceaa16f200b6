"""How it is paid, VAT by rates, and the sums (BG-16, BG-22, BG-23)."""

from __future__ import annotations

from lxml import etree

from accounting.documents.cii.elements import amount, day, number, part, text
from accounting.documents.contents import InvoiceContent, PaymentKind, Totals, VatGroup
from accounting.documents.words import how_to_pay


def add_settlement(transaction: etree._Element, content: InvoiceContent) -> None:
    settlement = part(transaction, "ram:ApplicableHeaderTradeSettlement")
    if content.payment.kind is PaymentKind.DEBIT:
        text(settlement, "ram:CreditorReferenceID", content.issuer.creditor_id)
    text(settlement, "ram:PaymentReference", content.payment.reference or content.number)
    text(settlement, "ram:InvoiceCurrencyCode", content.currency)
    _means(settlement, content)
    for group in content.vat_groups:
        _vat_group(settlement, group)
    _period(settlement, content)
    _terms(settlement, content)
    _totals(settlement, content.totals, content.currency)
    if content.cancels is not None:
        cancelled = part(settlement, "ram:InvoiceReferencedDocument")
        text(cancelled, "ram:IssuerAssignedID", content.cancels.number)
        day(cancelled, "ram:FormattedIssueDateTime", content.cancels.issued_on, "qdt:DateTimeString")


def _means(settlement: etree._Element, content: InvoiceContent) -> None:
    means = part(settlement, "ram:SpecifiedTradeSettlementPaymentMeans")
    text(means, "ram:TypeCode", content.payment.kind)
    if content.payment.kind is PaymentKind.DEBIT:
        text(part(means, "ram:PayerPartyDebtorFinancialAccount"), "ram:IBANID", content.payment.debtor_iban)
    elif content.payment.kind is PaymentKind.TRANSFER:
        account = part(means, "ram:PayeePartyCreditorFinancialAccount")
        text(account, "ram:IBANID", content.issuer.iban)
        text(account, "ram:AccountName", content.issuer.name)
        if content.issuer.bic:
            institution = part(means, "ram:PayeeSpecifiedCreditorFinancialInstitution")
            text(institution, "ram:BICID", content.issuer.bic)


def _vat_group(settlement: etree._Element, group: VatGroup) -> None:
    tax = part(settlement, "ram:ApplicableTradeTax")
    amount(tax, "ram:CalculatedAmount", group.tax)
    text(tax, "ram:TypeCode", "VAT")
    text(tax, "ram:ExemptionReason", group.reason)
    amount(tax, "ram:BasisAmount", group.net)
    text(tax, "ram:CategoryCode", group.category)
    number(tax, "ram:RateApplicablePercent", group.rate)


def _period(settlement: etree._Element, content: InvoiceContent) -> None:
    if content.delivered_from or content.delivered_until:
        period = part(settlement, "ram:BillingSpecifiedPeriod")
        day(period, "ram:StartDateTime", content.delivered_from)
        day(period, "ram:EndDateTime", content.delivered_until)


def _terms(settlement: etree._Element, content: InvoiceContent) -> None:
    terms = part(settlement, "ram:SpecifiedTradePaymentTerms")
    text(terms, "ram:Description", how_to_pay(content))
    day(terms, "ram:DueDateDateTime", content.due_on)
    if content.payment.kind is PaymentKind.DEBIT:
        text(terms, "ram:DirectDebitMandateID", content.payment.mandate_reference)


def _totals(settlement: etree._Element, totals: Totals, currency: str) -> None:
    sums = part(settlement, "ram:SpecifiedTradeSettlementHeaderMonetarySummation")
    amount(sums, "ram:LineTotalAmount", totals.net)
    amount(sums, "ram:TaxBasisTotalAmount", totals.net)
    amount(sums, "ram:TaxTotalAmount", totals.tax, currencyID=currency)
    amount(sums, "ram:GrandTotalAmount", totals.gross)
    if totals.paid:
        amount(sums, "ram:TotalPrepaidAmount", totals.paid)
    amount(sums, "ram:DuePayableAmount", totals.to_pay)
