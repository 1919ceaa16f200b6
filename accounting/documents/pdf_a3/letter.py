"""The first page above the lines: who writes to whom, what it is, and the facts at its right."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from accounting.documents.contents import Address, InvoiceContent
from accounting.documents.formats import day, period
from accounting.documents.pdf_a3.lengths import Length
from accounting.documents.pdf_a3.sheets import LEFT, RIGHT, Sheets
from accounting.documents.words import title

FACTS = 125
"""Where the block of facts begins, as DIN 5008 has it."""
_WINDOW, _LINE = 62.7, 4.6
_COUNTRIES = {"DE": "", "AT": "ÖSTERREICH", "CH": "SCHWEIZ", "FR": "FRANCE", "NL": "NEDERLAND", "DK": "DANMARK"}


def put_letter(sheets: Sheets, content: InvoiceContent) -> Length:
    """Draws it, and answers where the lines may begin."""
    _head(sheets, content)
    _window(sheets, content)
    lowest = _facts(sheets, content)
    _marks(sheets)
    y = max(102, lowest + 12)
    sheets.face(15, bold=True)
    for line in sheets.wrapped(title(content), RIGHT - LEFT):
        sheets.put(LEFT, y, line)
        y += 7
    return y - 1


def _head(sheets: Sheets, content: InvoiceContent) -> None:
    issuer = content.issuer
    sheets.face(17, bold=True)
    sheets.put(LEFT, 22, sheets.fitted(issuer.trading_name or issuer.name, RIGHT - LEFT))
    sheets.face(8.5, grey=True)
    under = [issuer.name] if issuer.trading_name else []
    under += [*_address(issuer.address), *filter(None, (issuer.phone, issuer.email))]
    sheets.put(LEFT, 27.5, sheets.fitted(" · ".join(under), RIGHT - LEFT))
    sheets.rule(32)


def _address(address: Address) -> Iterator[str]:
    for line in (address.street, address.addition, f"{address.postcode} {address.city}".strip()):
        if line:
            yield line


def _window(sheets: Sheets, content: InvoiceContent) -> None:
    """The address in the window, with where to send it back above."""
    issuer, buyer = content.issuer, content.buyer
    sheets.face(6.5, grey=True)
    sheets.put(LEFT, 57.5, sheets.fitted(" · ".join((issuer.name, *_address(issuer.address))), 80))
    sheets.face(10)
    country = "" if buyer.address.country == issuer.address.country else buyer.address.country
    lines = [buyer.name, buyer.contact, buyer.member_of, *_address(buyer.address), _COUNTRIES.get(country, country)]
    for at, line in enumerate([line for line in lines if line][:6]):
        sheets.put(LEFT, _WINDOW + 3.4 + at * _LINE, sheets.fitted(line, 80))


def _facts(sheets: Sheets, content: InvoiceContent) -> Length:
    """The facts, and where they end."""
    y = 52.0
    for name, value in _named(content):
        sheets.face(8.5, grey=True)
        sheets.put(FACTS, y, name)
        sheets.face_that_fits(9, value, RIGHT - FACTS - 30)
        for line in sheets.wrapped(value, RIGHT - FACTS - 30):
            sheets.put(FACTS + 30, y, line)
            y += 5
    return y - 5


def _named(content: InvoiceContent) -> Iterator[tuple[str, str]]:
    """Name and value of each fact that there is."""
    buyer = content.buyer
    facts = (
        (_("Invoice number") if content.cancels is None else _("Number"), content.number),
        (_("Date"), day(content.issued_on)),
        (_("Cancels invoice"), content.cancels.number if content.cancels else ""),
        (_("Delivered"), _period(content)),
        (_("Due by"), day(content.due_on) if content.due_on and content.totals.to_pay > 0 else ""),
        (_("Customer number"), buyer.customer_number),
        (_("Your VAT ID"), buyer.vat_id),
        (_("Leitweg-ID"), buyer.leitweg_id),
        (_("Your contact"), content.issuer.contact),
    )
    return ((name, value) for name, value in facts if value)


def _period(content: InvoiceContent) -> str:
    if content.delivered_from and content.delivered_until:
        return period(content.delivered_from, content.delivered_until)
    only = content.delivered_from or content.delivered_until
    return day(only) if only else ""


def _marks(sheets: Sheets) -> None:
    """Where the letter is folded, and where it is punched."""
    for y, length in ((105, 4), (148.5, 6), (210, 4)):
        sheets.rule(y, 4, 4 + length)
