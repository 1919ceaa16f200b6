"""A line from UBL."""

from __future__ import annotations

from decimal import Decimal

from accounting.amounts import ZERO
from accounting.documents.cii.names import GROSS_NAMES, OBJECT_OF_LINE, PLACE_NAMES
from accounting.documents.contents import Line
from accounting.documents.received.invoice import LineFigures
from accounting.documents.received.nodes import Node
from accounting.documents.received.terms import TRUE, category_of, gross_of, place_of


def line_of(item: Node, at: int) -> tuple[Line, LineFigures]:
    """The line, and what it says of its price. `at` is its place, from 1."""
    quantity = item.one("cbc:InvoicedQuantity") or item.one("cbc:CreditedQuantity")
    net, tax = item.number("cbc:LineExtensionAmount"), item.one("cac:Item/cac:ClassifiedTaxCategory")
    rate = tax.number("cbc:Percent")
    said = {one.text("cbc:Name"): one for one in item.every("cac:Item/cac:AdditionalItemProperty")}
    gross = next((said[name] for name in GROSS_NAMES.values() if name in said), None)
    line = Line(
        position=place_of(item.text("cbc:ID"), at),
        text=item.text("cac:Item/cbc:Name"),
        quantity=quantity.number(".", Decimal(1)),
        net_amount=net,
        gross_amount=gross.number("cbc:Value") if gross else gross_of(net, rate),
        vat_rate=rate,
        vat_category=category_of(tax.text("cbc:ID")),
        unit=quantity.attribute("unitCode"),
        delivered_on=item.day("cac:InvoicePeriod/cbc:EndDate"),
        location=next((said[name].text("cbc:Value") for name in PLACE_NAMES.values() if name in said), ""),
        order_number=_order_number(item),
    )
    return line, _figures(item)


def _order_number(item: Node) -> str:
    references = item.every("cac:DocumentReference")
    own = [one for one in references if one.text("cbc:DocumentTypeCode") == OBJECT_OF_LINE]
    return own[0].text("cbc:ID") if own else ""


def _figures(item: Node) -> LineFigures:
    besides = ZERO
    for one in item.every("cac:AllowanceCharge"):
        amount = one.number("cbc:Amount")
        besides += amount if one.text("cbc:ChargeIndicator") in TRUE else -amount
    return LineFigures(
        price=item.number("cac:Price/cbc:PriceAmount"),
        base=item.number("cac:Price/cbc:BaseQuantity", Decimal(1)),
        besides=besides,
    )
