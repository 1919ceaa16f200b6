"""An invoice as XML: equal content gives equal bytes, and what does not follow the schema is not given."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override
from lxml import etree

from accounting.documents.checks import missing, wrong_sums
from accounting.documents.cii.elements import day, name_of, part, text
from accounting.documents.cii.lines import add_line
from accounting.documents.cii.names import BILLING, EN_16931, NAMESPACES, XRECHNUNG
from accounting.documents.cii.parties import add_buyer, add_issuer
from accounting.documents.cii.schema import check_tree
from accounting.documents.cii.settlement import add_settlement
from accounting.documents.contents import InvoiceContent
from accounting.documents.words import title


class Incomplete(ValidationError):
    """Something is missing for the invoice, or its sums do not fit: one sentence for each."""

    def __init__(self, content: InvoiceContent, sentences: list[str]) -> None:
        message = _("Invoice %(number)s cannot be written: %(reasons)s")
        params = {"number": content.number, "reasons": " ".join(sentences)}
        super().__init__(message, code="invoice_incomplete", params=params)


def as_xml(content: InvoiceContent) -> bytes:
    """The XML of the invoice, as XRechnung where the buyer has a Leitweg-ID.

    Raises Incomplete where something is missing or a sum does not fit, and BrokenXml if it breaks the schema.
    """
    if lacks := [*missing(content), *wrong_sums(content)]:
        raise Incomplete(content, [str(sentence) for sentence in lacks])
    with override(content.language):
        root = _tree(content)
    check_tree(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _tree(content: InvoiceContent) -> etree._Element:
    root = etree.Element(name_of("rsm:CrossIndustryInvoice"), nsmap=NAMESPACES)
    _context(root, content)
    _document(root, content)
    transaction = part(root, "rsm:SupplyChainTradeTransaction")
    for line in content.lines:
        add_line(transaction, line, content.language)
    agreement = part(transaction, "ram:ApplicableHeaderTradeAgreement")
    text(agreement, "ram:BuyerReference", content.buyer.leitweg_id)
    add_issuer(agreement, content.issuer)
    add_buyer(agreement, content.buyer)
    _delivery(transaction, content)
    add_settlement(transaction, content)
    return root


def _context(root: etree._Element, content: InvoiceContent) -> None:
    context = part(root, "rsm:ExchangedDocumentContext")
    text(part(context, "ram:BusinessProcessSpecifiedDocumentContextParameter"), "ram:ID", BILLING)
    guideline = part(context, "ram:GuidelineSpecifiedDocumentContextParameter")
    text(guideline, "ram:ID", XRECHNUNG if content.is_xrechnung else EN_16931)


def _document(root: etree._Element, content: InvoiceContent) -> None:
    document = part(root, "rsm:ExchangedDocument")
    text(document, "ram:ID", content.number)
    text(document, "ram:TypeCode", content.kind.type_code)
    day(document, "ram:IssueDateTime", content.issued_on)
    # A viewer calls type 381 a credit note: the first note says what it is.
    for note in (*([title(content)] if content.cancels else []), *content.notes):
        text(part(document, "ram:IncludedNote"), "ram:Content", note)


def _delivery(transaction: etree._Element, content: InvoiceContent) -> None:
    delivery = part(transaction, "ram:ApplicableHeaderTradeDelivery")
    if content.delivered_until is not None:
        event = part(delivery, "ram:ActualDeliverySupplyChainEvent")
        day(event, "ram:OccurrenceDateTime", content.delivered_until)
