"""The lines of the invoice (BG-25).

EN 16931 knows net amounts alone. What the till has sold at, and where, are attributes of the item, so that a receipt
and the invoice can be laid beside one another.
"""

from __future__ import annotations

from lxml import etree

from accounting.documents.cii.elements import amount, day, number, part, text
from accounting.documents.cii.names import GROSS_NAMES, OBJECT_OF_LINE, PLACE_NAMES
from accounting.documents.contents import Line


def add_line(transaction: etree._Element, line: Line, language: str) -> None:
    item = part(transaction, "ram:IncludedSupplyChainTradeLineItem")
    text(part(item, "ram:AssociatedDocumentLineDocument"), "ram:LineID", str(line.position))
    product = part(item, "ram:SpecifiedTradeProduct")
    text(product, "ram:Name", line.text)
    _attribute(product, GROSS_NAMES.get(language, GROSS_NAMES["en"]), f"{line.gross_amount:.2f}")
    _attribute(product, PLACE_NAMES.get(language, PLACE_NAMES["en"]), line.location)
    price = part(part(item, "ram:SpecifiedLineTradeAgreement"), "ram:NetPriceProductTradePrice")
    number(price, "ram:ChargeAmount", line.unit_price)
    delivery = part(item, "ram:SpecifiedLineTradeDelivery")
    number(delivery, "ram:BilledQuantity", line.quantity, unitCode=line.unit)
    _settlement(item, line)


def _attribute(product: etree._Element, name: str, value: str) -> None:
    if value:
        found = part(product, "ram:ApplicableProductCharacteristic")
        text(found, "ram:Description", name)
        text(found, "ram:Value", value)


def _settlement(item: etree._Element, line: Line) -> None:
    settlement = part(item, "ram:SpecifiedLineTradeSettlement")
    tax = part(settlement, "ram:ApplicableTradeTax")
    text(tax, "ram:TypeCode", "VAT")
    text(tax, "ram:CategoryCode", line.vat_category)
    number(tax, "ram:RateApplicablePercent", line.vat_rate)
    if line.delivered_on is not None:
        period = part(settlement, "ram:BillingSpecifiedPeriod")
        day(period, "ram:StartDateTime", line.delivered_on)
        day(period, "ram:EndDateTime", line.delivered_on)
    summation = part(settlement, "ram:SpecifiedTradeSettlementLineMonetarySummation")
    amount(summation, "ram:LineTotalAmount", line.net_amount)
    if line.order_number:
        reference = part(settlement, "ram:AdditionalReferencedDocument")
        text(reference, "ram:IssuerAssignedID", line.order_number)
        text(reference, "ram:TypeCode", OBJECT_OF_LINE)
