"""An invoice as its rows say it, as the content of which its documents are made."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from accounting.choices import InvoiceKind
from accounting.documents.contents import (
    Address,
    Buyer,
    Cancelled,
    DocumentKind,
    InvoiceContent,
    Issuer,
    Line,
    Payment,
    PaymentKind,
    Totals,
    VatCategory,
    VatGroup,
)
from accounting.models import Invoice, InvoiceLine, InvoiceVat

_LANGUAGES = ("de", "en")
_OF_ISSUER = (
    "vat_id", "tax_number", "trading_name", "contact", "phone", "email", "iban", "bic", "bank", "creditor_id",
    "legal_details",
)  # fmt: skip


def content_of(invoice: Invoice) -> InvoiceContent:
    """What the documents of this invoice say: two queries, and one more for a cancellation."""
    rates = InvoiceVat.objects.filter(base=invoice.base_id, invoice=invoice).order_by("-rate")
    lines = InvoiceLine.objects.filter(base=invoice.base_id, invoice=invoice).order_by("position")
    language = invoice.buyer_data["language"] if invoice.buyer_data["language"] in _LANGUAGES else _LANGUAGES[0]
    is_cancellation = invoice.kind == InvoiceKind.CANCELLATION
    with override(language):
        reason = _reason(invoice)
        return InvoiceContent(
            number=invoice.number,
            issued_on=invoice.issued_on,
            issuer=_issuer(invoice.issuer_data),
            buyer=_buyer(invoice.buyer_data, invoice.issuer_data["country"]),
            lines=tuple(_line(one, reason) for one in lines),
            vat_groups=tuple(
                VatGroup(rate=one.rate, net=one.net, tax=one.tax, **_category(one.rate, reason)) for one in rates
            ),
            totals=Totals(
                net=invoice.net, tax=invoice.tax, gross=invoice.gross, paid=invoice.paid_before,
                to_pay=invoice.gross - invoice.paid_before,
            ),
            kind=DocumentKind.CANCELLATION if is_cancellation else DocumentKind.INVOICE,
            cancels=_cancelled(invoice) if is_cancellation else None,
            due_on=invoice.due_on,
            delivered_from=invoice.delivered_from,
            delivered_until=invoice.delivered_until,
            payment=Payment(kind=PaymentKind.CLEARING if is_cancellation else PaymentKind.TRANSFER),
            notes=_notes(invoice),
            currency=invoice.currency,
            language=language,
        )  # fmt: skip


def buyer_name(buyer: Mapping[str, Any]) -> str:
    """The company, or the person where there is none."""
    return str(buyer["company"] or _person(buyer))


def _person(buyer: Mapping[str, Any]) -> str:
    return " ".join(filter(None, (buyer["title"], buyer["first_name"], buyer["last_name"])))


def _issuer(kept: Mapping[str, Any]) -> Issuer:
    address = Address(street=kept["street"], postcode=kept["postal_code"], city=kept["city"], country=kept["country"])
    return Issuer(name=kept["legal_name"], address=address, **{name: kept[name] for name in _OF_ISSUER})


def _buyer(kept: Mapping[str, Any], country: str) -> Buyer:
    address = Address(
        street=kept["street"] or kept["po_box"], addition=kept["address_extra"], postcode=kept["postal_code"],
        city=kept["city"], country=kept["country"] or country,
    )  # fmt: skip
    return Buyer(
        name=buyer_name(kept), member_of=kept["member_of"], address=address,
        contact=_person(kept) if kept["company"] else "", vat_id=kept["vat_id"], leitweg_id=kept["leitweg_id"],
        customer_number=str(kept["customer_number"]), email=kept["email"],
    )  # fmt: skip


def _line(row: InvoiceLine, reason: str) -> Line:
    """A line whose quantity has the sign of its amount: a till takes off with a quantity of one."""
    quantity = abs(row.quantity) or Decimal(1)
    category = _category(row.vat_rate, reason)
    return Line(
        position=row.position, text=" · ".join(filter(None, (row.text or "–", row.member_name))),
        quantity=-quantity if row.gross < 0 else quantity,
        net_amount=row.net, gross_amount=row.gross, vat_rate=row.vat_rate, vat_category=category["category"],
        exemption_reason=category["reason"], delivered_on=row.business_day, location=row.location_name,
        order_number=row.order_number,
    )  # fmt: skip


def _category(rate: Decimal, reason: str) -> dict[str, Any]:
    if rate:
        return {"category": VatCategory.STANDARD, "reason": ""}
    return {"category": VatCategory.EXEMPT if reason else VatCategory.ZERO, "reason": reason}


def _reason(invoice: Invoice) -> str:
    """Why no VAT is charged, in the language of the invoice."""
    return _("Small business: no VAT is charged (§ 19 UStG).") if invoice.issuer_data["is_small_business"] else ""


def _cancelled(invoice: Invoice) -> Cancelled:
    wrong = Invoice.objects.get(base=invoice.base_id, pk=str(invoice.cancels_id))
    return Cancelled(number=wrong.number, issued_on=wrong.issued_on)


def _notes(invoice: Invoice) -> tuple[str, ...]:
    reference = invoice.buyer_data["reference"]
    notes = (
        _("Your reference: %(reference)s") % {"reference": reference} if reference else "",
        _("Reason: %(reason)s") % {"reason": invoice.reason} if invoice.reason else "",
        invoice.issuer_data["closing_text"],
    )
    return tuple(filter(None, notes))
