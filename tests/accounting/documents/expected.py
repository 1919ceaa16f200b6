"""What the XML of an invoice must say when it is read back: the content, as far as EN 16931 has a place for it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from django.utils.translation import override

from accounting.documents.cii.names import EN_16931, XRECHNUNG
from accounting.documents.contents import InvoiceContent, Issuer, Payment, PaymentKind
from accounting.documents.received import LineFigures, ReceivedInvoice
from accounting.documents.words import how_to_pay, title


def told(content: InvoiceContent, *, syntax: str = "CII") -> ReceivedInvoice:
    with override(content.language):
        notes, terms = ((title(content),) if content.cancels else ()), how_to_pay(content)
    return ReceivedInvoice(
        content=replace(
            content,
            issuer=_issuer(content),
            payment=_payment(content),
            notes=(*notes, *content.notes),
            language="de",
        ),
        syntax=syntax,
        profile=XRECHNUNG if content.is_xrechnung else EN_16931,
        type_code=content.kind.type_code,
        payment_code=content.payment.kind.value,
        figures=tuple(LineFigures(price=line.unit_price, base=Decimal(1)) for line in content.lines),
        line_total=content.totals.net,
        terms=terms,
    )


def _issuer(content: InvoiceContent) -> Issuer:
    kind, issuer = content.payment.kind, content.issuer
    return replace(
        issuer,
        bank="",
        iban=issuer.iban if kind is PaymentKind.TRANSFER else "",
        bic=issuer.bic if kind is PaymentKind.TRANSFER else "",
        creditor_id=issuer.creditor_id if kind is PaymentKind.DEBIT else "",
    )


def _payment(content: InvoiceContent) -> Payment:
    payment = content.payment
    return replace(payment, reference=payment.reference or content.number, debtor_name="")
