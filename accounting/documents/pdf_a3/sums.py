"""Below the lines: VAT by rates, the sums, and how to pay. Each block stays on one page."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from accounting.documents.contents import InvoiceContent, PaymentKind
from accounting.documents.formats import figure, in_fours, money, quantity
from accounting.documents.pdf_a3.giro_code import SIZE, giro_code
from accounting.documents.pdf_a3.lengths import Length
from accounting.documents.pdf_a3.sheets import BOTTOM, LEFT, RIGHT, Sheets
from accounting.documents.words import how_to_pay

_NAMES, _NET, _TAX, _GROSS = 100, 136, 160, RIGHT
_LINE = 5


def put_sums(sheets: Sheets, content: InvoiceContent, y: Length) -> Length:
    """Draws them from y on, or on a new page, and answers where they end."""
    rows = len(content.vat_groups) + 6
    y = _room(sheets, y, rows * _LINE + 10)
    y = _rates(sheets, content, y + 7)
    y = _totals(sheets, content, y + 2)
    sheets.face(8, grey=True)
    for group in content.vat_groups:
        for line in sheets.wrapped(group.reason, RIGHT - LEFT):
            y = _room(sheets, y, _LINE)
            sheets.face(8, grey=True)
            sheets.text(LEFT, y, line)
            y += 4
    return y


def _room(sheets: Sheets, y: Length, height: Length) -> Length:
    """y, or the top of a new page where so much does not fit below it."""
    if y + height <= BOTTOM:
        return y
    sheets.add_page()
    return 24


def _rates(sheets: Sheets, content: InvoiceContent, y: Length) -> Length:
    sheets.face(7.5, grey=True)
    sheets.put(_NAMES, y, _("VAT rate"))
    for x, name in ((_NET, _("Net")), (_TAX, _("VAT")), (_GROSS, _("Incl. VAT"))):
        sheets.put_right(x, y, name)
    sheets.rule(y + 1.6, _NAMES)
    sheets.face(8.5)
    for group in content.vat_groups:
        y += _LINE
        sheets.put(_NAMES, y, f"{quantity(group.rate)} %")
        for x, amount in ((_NET, group.net), (_TAX, group.tax), (_GROSS, group.net + group.tax)):
            sheets.put_right(x, y, figure(amount))
    sheets.rule(y + 1.8, _NAMES, grey=90)
    return y + 4


def _totals(sheets: Sheets, content: InvoiceContent, y: Length) -> Length:
    totals, currency = content.totals, content.currency
    rows = [(_("Net sum"), totals.net, False), (_("VAT"), totals.tax, False), (_("Total"), totals.gross, True)]
    if totals.paid:
        rows += [(_("Paid already"), -totals.paid, False), (_("Left to pay"), totals.to_pay, True)]
    for name, amount, bold in rows:
        y += _LINE
        sheets.face(10 if bold else 8.5, bold=bold)
        sheets.put(_NAMES, y, name)
        sheets.put_right(RIGHT, y, money(amount, currency))
    sheets.rule(y + 2, _NAMES, grey=90)
    return y + 8


def put_payment(sheets: Sheets, content: InvoiceContent, y: Length) -> Length:
    """How it is paid, with a code for the phone, and the notes."""
    code = giro_code(content)
    facts = list(_payment_facts(content))
    y = _room(sheets, y, max(SIZE + 8 if code else 0, len(facts) * _LINE + 18)) + 4
    top = y
    sheets.face(9.5, bold=True)
    for line in sheets.wrapped(how_to_pay(content), RIGHT - LEFT - (SIZE + 10 if code else 0)):
        sheets.text(LEFT, y, line)
        y += _LINE
    y += 1
    for name, value in facts:
        sheets.face(8.5, grey=True)
        sheets.put(LEFT, y, name)
        sheets.face(9)
        sheets.put(LEFT + 32, y, sheets.fitted(value, 90))
        y += _LINE
    if code:
        code.put(sheets, RIGHT - SIZE, top - 3)
        y = max(y, top + SIZE + 5)
    return _notes(sheets, content, y + 2)


def _payment_facts(content: InvoiceContent) -> Iterator[tuple[str, str]]:
    issuer, payment = content.issuer, content.payment
    if payment.kind is PaymentKind.TRANSFER and content.totals.to_pay > 0 and content.cancels is None:
        facts: tuple[tuple[str, str], ...] = (
            (_("Recipient"), issuer.name),
            (_("IBAN"), in_fours(issuer.iban)),
            (_("BIC"), " · ".join(filter(None, (issuer.bic, issuer.bank)))),
            (_("Reference"), payment.reference or content.number),
        )
    elif payment.kind is PaymentKind.DEBIT:
        facts = (
            (_("From account"), " · ".join(filter(None, (f"… {payment.debtor_iban[-4:]}", payment.debtor_name)))),
            (_("Mandate"), payment.mandate_reference),
            (_("Creditor ID"), issuer.creditor_id),
        )
    else:
        facts = ()
    return ((name, value) for name, value in facts if value)


def _notes(sheets: Sheets, content: InvoiceContent, y: Length) -> Length:
    for note in content.notes:
        sheets.face(8.5)
        for line in sheets.wrapped(note, RIGHT - LEFT):
            y = _room(sheets, y, _LINE)
            sheets.face(8.5)
            sheets.text(LEFT, y, line)
            y += 4.3
        y += 2
    return y
