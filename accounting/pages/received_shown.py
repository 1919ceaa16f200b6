"""A received invoice in words and figures, as its page shows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounting.documents.contents import Address, InvoiceContent, Line, VatGroup
from accounting.documents.formats import day, figure, in_fours, money, period, quantity
from accounting.documents.received import LineFigures, ReceivedInvoice, doubts_about
from accounting.documents.words import unit

type Fact = tuple[str, str]


@dataclass(frozen=True)
class ShownLine:
    position: int
    text: str
    below: str
    quantity: str
    price: str
    rate: str
    net: str


@dataclass(frozen=True)
class ShownVat:
    rate: str
    meaning: str
    net: str
    tax: str


@dataclass(frozen=True)
class Shown:
    """What the template writes."""

    title: str
    to_pay: str
    by: str
    doubts: list[str]
    facts: list[Fact]
    issuer: list[str]
    buyer: list[str]
    lines: list[ShownLine]
    adjustments: list[Fact]
    vat_groups: list[ShownVat]
    totals: list[Fact]
    payment: list[Fact]
    notes: tuple[str, ...]


def shown(received: ReceivedInvoice) -> Shown:
    content = received.content
    return Shown(
        title=f"{_type(received.type_code)} {content.number}",
        to_pay=money(content.totals.to_pay, content.currency),
        by=day(content.due_on) if content.due_on else "",
        doubts=[str(sentence) for sentence in doubts_about(received)],
        facts=_kept(_facts(received)),
        issuer=[*_names(content), *_address(content.issuer.address)],
        buyer=[name for name in (content.buyer.name, content.buyer.contact) if name] + _address(content.buyer.address),
        lines=[_line(line, of) for line, of in zip(content.lines, received.figures, strict=True)],
        adjustments=[(one.reason or _("Allowance"), figure(one.amount)) for one in received.adjustments],
        vat_groups=[_vat(group) for group in content.vat_groups],
        totals=_totals(received),
        payment=_kept(_payment(received)),
        notes=content.notes,
    )


def _kept(facts: Iterator[Fact]) -> list[Fact]:
    return [(name, value) for name, value in facts if value]


def _type(code: str) -> str:
    """BT-3 in words."""
    names = {
        "380": _("Invoice"), "381": _("Credit note"), "384": _("Corrected invoice"), "326": _("Partial invoice"),
        "386": _("Prepayment invoice"), "389": _("Self-billed invoice"), "875": _("Partial invoice"),
        "876": _("Partial final invoice"), "877": _("Final invoice"),
    }  # fmt: skip
    return names.get(code) or _("Document of type %(code)s") % {"code": code or "?"}


def _names(content: InvoiceContent) -> list[str]:
    issuer = content.issuer
    return [issuer.name] if issuer.trading_name in {"", issuer.name} else [issuer.name, issuer.trading_name]


def _address(address: Address) -> list[str]:
    town = f"{address.postcode} {address.city}".strip()
    return [line for line in (address.street, address.addition, town, address.country) if line]


def _facts(received: ReceivedInvoice) -> Iterator[Fact]:
    content = received.content
    yield _("Date"), day(content.issued_on)
    if content.cancels is not None:
        yield _("Refers to invoice"), content.cancels.number
    if content.delivered_from and content.delivered_until:
        yield _("Delivered"), period(content.delivered_from, content.delivered_until)
    elif content.delivered_until:
        yield _("Delivered"), day(content.delivered_until)
    yield _("VAT ID of the issuer"), content.issuer.vat_id
    yield _("Tax number of the issuer"), content.issuer.tax_number
    yield _("Your reference"), content.buyer.leitweg_id
    yield _("Your number there"), content.buyer.customer_number
    yield (
        _("Contact there"),
        " · ".join(text for text in (content.issuer.contact, content.issuer.phone, content.issuer.email) if text),
    )
    yield _("Format"), f"{received.syntax}, {received.profile}"
    yield _("File inside of the PDF"), received.attachment


def _line(line: Line, of: LineFigures) -> ShownLine:
    base = "" if of.base == 1 else f" / {quantity(of.base)}"
    ordered = _("order %(number)s") % {"number": line.order_number} if line.order_number else ""
    below = [day(line.delivered_on) if line.delivered_on else "", line.location, ordered]
    return ShownLine(
        position=line.position,
        text=line.text,
        below=" · ".join(text for text in below if text),
        quantity=f"{quantity(line.quantity)} {unit(line.unit)}".strip(),
        price=f"{figure(of.price)}{base}",
        rate=f"{quantity(line.vat_rate)} %",
        net=figure(line.net_amount),
    )


def _vat(group: VatGroup) -> ShownVat:
    meanings = {
        "AE": _("reverse charge: the buyer owes the VAT"), "K": _("delivery within the EU"), "G": _("export"),
        "E": _("exempt"), "Z": _("zero rated"), "O": _("not subject to VAT"),
    }  # fmt: skip
    meaning = ": ".join(text for text in (meanings.get(group.category, ""), group.reason) if text)
    return ShownVat(f"{quantity(group.rate)} %", meaning, figure(group.net), figure(group.tax))


def _totals(received: ReceivedInvoice) -> list[Fact]:
    totals, currency = received.content.totals, received.content.currency
    rows = [(_("Net sum"), totals.net), (_("VAT"), totals.tax), (_("Total"), totals.gross)]
    rows += [(_("Paid already"), -totals.paid)] if totals.paid else []
    rows += [(_("Rounding"), received.rounding)] if received.rounding else []
    return [(name, money(amount, currency)) for name, amount in rows]


def _payment(received: ReceivedInvoice) -> Iterator[Fact]:
    content = received.content
    ways = {
        "58": _("SEPA transfer"), "30": _("Transfer"), "59": _("SEPA direct debit"), "49": _("Direct debit"),
        "10": _("Cash"), "48": _("Card"), "54": _("Card"), "55": _("Card"), "57": _("Standing agreement"),
        "68": _("Online payment"), "97": _("Settled with the account"),
    }  # fmt: skip
    yield _("Payment"), ways.get(received.payment_code, received.payment_code)
    yield _("IBAN"), in_fours(content.issuer.iban.replace(" ", ""))
    yield _("BIC"), content.issuer.bic
    yield _("Reference"), content.payment.reference
    yield _("Mandate"), content.payment.mandate_reference
    yield _("From account"), in_fours(content.payment.debtor_iban)
    yield _("Terms"), received.terms
