"""A line from CII."""

from __future__ import annotations

from decimal import Decimal

from accounting.amounts import ZERO
from accounting.documents.cii.names import GROSS_NAMES, OBJECT_OF_LINE, PLACE_NAMES
from accounting.documents.contents import Line
from accounting.documents.received.invoice import LineFigures
from accounting.documents.received.nodes import Node
from accounting.documents.received.terms import TRUE, category_of, gross_of, place_of

NOT_COUNTED = frozenset({"GROUP", "INFORMATION"})
"""Status of lines of the profile EXTENDED that only head or explain others."""
_PRICE = "ram:SpecifiedLineTradeAgreement/ram:NetPriceProductTradePrice"


def line_of(item: Node, at: int) -> tuple[Line, LineFigures]:
    """The line, and what it says of its price. `at` is its place, from 1."""
    product, settlement = item.one("ram:SpecifiedTradeProduct"), item.one("ram:SpecifiedLineTradeSettlement")
    quantity = item.one("ram:SpecifiedLineTradeDelivery/ram:BilledQuantity")
    tax = settlement.one("ram:ApplicableTradeTax")
    net = settlement.number("ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount")
    rate = tax.number("ram:RateApplicablePercent")
    said = {one.text("ram:Description"): one for one in product.every("ram:ApplicableProductCharacteristic")}
    gross = next((said[name] for name in GROSS_NAMES.values() if name in said), None)
    line = Line(
        position=place_of(item.text("ram:AssociatedDocumentLineDocument/ram:LineID"), at),
        text=product.text("ram:Name"),
        quantity=quantity.number(".", Decimal(1)),
        net_amount=net,
        gross_amount=gross.number("ram:Value") if gross else gross_of(net, rate),
        vat_rate=rate,
        vat_category=category_of(tax.text("ram:CategoryCode")),
        unit=quantity.attribute("unitCode"),
        delivered_on=settlement.day("ram:BillingSpecifiedPeriod/ram:EndDateTime/udt:DateTimeString"),
        location=next((said[name].text("ram:Value") for name in PLACE_NAMES.values() if name in said), ""),
        order_number=_order_number(settlement),
    )
    return line, _figures(item)


def _order_number(settlement: Node) -> str:
    references = settlement.every("ram:AdditionalReferencedDocument")
    own = [one for one in references if one.text("ram:TypeCode") == OBJECT_OF_LINE]
    return own[0].text("ram:IssuerAssignedID") if own else ""


def _figures(item: Node) -> LineFigures:
    besides = ZERO
    for one in item.every("ram:SpecifiedLineTradeSettlement/ram:SpecifiedTradeAllowanceCharge"):
        amount = one.number("ram:ActualAmount")
        besides += amount if one.text("ram:ChargeIndicator/udt:Indicator") in TRUE else -amount
    return LineFigures(
        price=item.number(f"{_PRICE}/ram:ChargeAmount"),
        base=item.number(f"{_PRICE}/ram:BasisQuantity", Decimal(1)),
        besides=besides,
        is_counted=item.text("ram:AssociatedDocumentLineDocument/ram:LineStatusReasonCode") not in NOT_COUNTED,
    )
