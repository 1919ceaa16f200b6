"""Letters of the issuer about an invoice: who writes, as on invoices, and the address of whom it was issued to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounting.documents.formats import in_fours
from accounting.invoicing.contents import buyer_name
from accounting.models import Invoice, Issuer
from files.letters import Sender


def sender_of(issuer: Issuer) -> Sender:
    """The head and the foot of a letter, as an invoice has them."""
    address = (issuer.street, f"{issuer.postal_code} {issuer.city}".strip())
    return Sender(
        name=issuer.trading_name or issuer.legal_name,
        address=tuple(filter(None, address)),
        reach=tuple(filter(None, (issuer.phone, issuer.email))),
        foot=(
            (issuer.legal_name, *address),
            (issuer.phone, issuer.email),
            (
                issuer.bank,
                f"IBAN {in_fours(issuer.iban)}" if issuer.iban else "",
                f"BIC {issuer.bic}" if issuer.bic else "",
            ),
            (
                _("VAT ID %(number)s") % {"number": issuer.vat_id} if issuer.vat_id else "",
                _("Tax number %(number)s") % {"number": issuer.tax_number} if issuer.tax_number else "",
            ),
        ),
        below=issuer.legal_details,
    )


def address_lines(buyer: Mapping[str, Any]) -> tuple[str, ...]:
    """Of whom an invoice was issued to, for the window; empty lines are left out."""
    lines = (
        buyer_name(buyer), buyer.get("member_of"), buyer.get("street") or buyer.get("po_box"),
        buyer.get("address_extra"), f"{buyer.get('postal_code', '')} {buyer.get('city', '')}".strip(),
    )  # fmt: skip
    return tuple(str(line) for line in lines if line)


def invoice_facts(invoice: Invoice) -> tuple[tuple[str, str], ...]:
    """Which invoice a letter is about, and whose, beside the address."""
    facts = (
        (_("Invoice number"), invoice.number),
        (_("Customer number"), str(invoice.buyer_data.get("customer_number") or "")),
        (_("Your contact"), str(invoice.issuer_data.get("contact") or "")),
    )
    return tuple((name, value) for name, value in facts if value)


def named(invoice: Invoice) -> str:
    """The invoice in a letter: its number and when it was issued and due."""
    words = {
        "number": invoice.number,
        "day": date_format(invoice.issued_on, "SHORT_DATE_FORMAT"),
        "due": date_format(invoice.due_on, "SHORT_DATE_FORMAT") if invoice.due_on else "",
    }
    if invoice.due_on is None:
        return _("Invoice %(number)s of %(day)s") % words
    return _("Invoice %(number)s of %(day)s, due on %(due)s") % words
