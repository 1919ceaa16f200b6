"""Invoices for the tests: one that is plain, and as many others as a seed gives."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from accounting.documents import vat
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
    VatCategory,
)

ISSUER = Issuer(
    name="Backhaus Nord GmbH",
    address=Address(street="Hafenstraße 7", postcode="20457", city="Hamburg"),
    vat_id="DE123456789",
    tax_number="48/123/45678",
    contact="Erika Muster",
    phone="+49 40 1234567",
    email="rechnung@backhaus-nord.example",
    iban="DE02120300000000202051",
    bic="BYLADEM1001",
    bank="DKB Berlin",
    creditor_id="DE98ZZZ09999999999",
    legal_details="Amtsgericht Hamburg, HRB 12345 · Geschäftsführer: Max Muster",
)
BUYER = Buyer(
    name="Kantine am Markt OHG",
    address=Address(street="Am Markt 1", postcode="20095", city="Hamburg"),
    contact="Jan Kunde",
    customer_number="1041",
    email="buchhaltung@kantine.example",
)
AUTHORITY = Buyer(
    name="Bezirksamt Mitte",
    address=Address(street="Klosterwall 8", addition="Zimmer 12", postcode="20095", city="Hamburg"),
    leitweg_id="02000000-K43000001-31",
    customer_number="77",
    email="kasse@bezirksamt.example",
)
STANDARD, REDUCED, NOTHING = Decimal(19), Decimal(7), Decimal(0)
EXEMPT = "Steuerfrei nach § 4 Nr. 23 UStG"
DAY = date(2026, 3, 31)


def line(position: int, text: str, quantity: str, gross: str, rate: Decimal = REDUCED, **more: object) -> Line:
    """A line whose net amount is worked out with the others."""
    amount = Decimal(gross)
    return Line(
        position=position, text=text, quantity=Decimal(quantity), net_amount=amount, gross_amount=amount,
        vat_rate=rate, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def invoice(*lines: Line, paid: str = "0.00", **more: object) -> InvoiceContent:
    """An invoice over these lines, with the sums that follow from them."""
    own = vat.with_net_amounts(lines or (line(1, "Brötchen", "40", "18.00"), line(2, "Kaffee", "3", "10.50", STANDARD)))
    groups = vat.vat_groups(own)
    defaults: dict[str, object] = {
        "number": "2026-17", "issued_on": DAY, "due_on": DAY + timedelta(14), "issuer": ISSUER, "buyer": BUYER,
        "delivered_from": date(2026, 3, 1), "delivered_until": DAY,
    }  # fmt: skip
    sums = vat.totals(groups, paid=Decimal(paid))
    return InvoiceContent(lines=own, vat_groups=groups, totals=sums, **(defaults | more))  # type: ignore[arg-type]


def cancellation(of: InvoiceContent) -> InvoiceContent:
    """What cancels the invoice."""
    return replace(
        of,
        number=f"S-{of.number}",
        kind=DocumentKind.CANCELLATION,
        cancels=Cancelled(number=of.number, issued_on=of.issued_on),
        totals=replace(of.totals, paid=Decimal("0.00"), to_pay=of.totals.gross),
        payment=Payment(kind=PaymentKind.CLEARING),
        due_on=None,
    )


DEBIT = Payment(kind=PaymentKind.DEBIT, mandate_reference="M-1041-1", debtor_iban="DE02100500000054540402")
ITEMS = ("Brötchen", "Croissant", "Milchkaffee groß", "Mittagstisch & Getränk", "Catering <Büro> 12 Pers.", "Pfand")
RATES: tuple[tuple[Decimal, VatCategory, str], ...] = (
    (STANDARD, VatCategory.STANDARD, ""),
    (REDUCED, VatCategory.STANDARD, ""),
    (Decimal("10.7"), VatCategory.STANDARD, ""),
    (NOTHING, VatCategory.ZERO, ""),
    (NOTHING, VatCategory.EXEMPT, EXEMPT),
)
QUANTITIES = ("1", "2", "3", "7", "0.375", "12.5", "-1", "1000", "0.001")


def any_invoice(seed: int) -> InvoiceContent:
    """An invoice of 1 to 12 lines, or its cancellation; with the same seed the same."""
    random = Random(seed)
    found = invoice(
        *[_any_line(random, at + 1) for at in range(random.randint(1, 12))],
        buyer=random.choice((BUYER, BUYER, AUTHORITY, replace(BUYER, member_of="Kegelclub Elbe e. V.", email=""))),
        payment=random.choice((Payment(), Payment(reference="RF18 5390 0754 7034"), DEBIT)),
        number=f"2026-{seed}",
        notes=random.choice(((), ("Vielen Dank für Ihre Aufträge.",), ("Erste Notiz", "Zweite\nüber zwei Zeilen"))),
        language=random.choice(("de", "de", "en")),
    )
    found = _paid(found, random)
    return cancellation(found) if random.random() < Decimal("0.2") else found


def _any_line(random: Random, position: int) -> Line:
    rate, category, reason = random.choice(RATES)
    quantity = random.choice(QUANTITIES)
    cents = random.choice((random.randint(1, 99), random.randint(100, 100_000)))
    gross = Decimal(-cents if quantity.startswith("-") else cents) / 100
    return line(
        position, random.choice(ITEMS), quantity, f"{gross:.2f}", rate,
        vat_category=category, exemption_reason=reason,
        unit=random.choice(("C62", "H87", "KGM", "LTR")),
        delivered_on=random.choice((None, DAY - timedelta(random.randint(0, 30)))),
        location=random.choice(("", "Hamburg Hafen")),
        order_number=random.choice(("", f"A-{random.randint(1, 9999)}")),
    )  # fmt: skip


def _paid(found: InvoiceContent, random: Random) -> InvoiceContent:
    gross = found.totals.gross
    if gross <= 0 or random.random() < Decimal("0.6"):
        return found
    paid = random.choice((gross, (gross / 3).quantize(Decimal("0.01"))))
    return replace(found, totals=replace(found.totals, paid=paid, to_pay=gross - paid))
