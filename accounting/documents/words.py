"""Sentences that XML and PDF have in common, in the current language."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounting.documents.contents import InvoiceContent, PaymentKind
from accounting.documents.formats import day, money


def title(content: InvoiceContent) -> str:
    """Invoice 2026-17, or: Cancellation 2026-18 of invoice 2026-17 of 03 Mar 2026."""
    if content.cancels is None:
        return _("Invoice %(number)s") % {"number": content.number}
    if content.cancels.issued_on is None:
        sentence = _("Cancellation %(number)s of invoice %(cancelled)s")
        return sentence % {"number": content.number, "cancelled": content.cancels.number}
    sentence = _("Cancellation %(number)s of invoice %(cancelled)s of %(day)s")
    cancelled = content.cancels
    return sentence % {"number": content.number, "cancelled": cancelled.number, "day": day(content.cancels.issued_on)}


def how_to_pay(content: InvoiceContent) -> str:
    """By when and how the amount is paid (BT-20)."""
    amount = money(abs(content.totals.to_pay), content.currency)
    if content.payment.kind is PaymentKind.CLEARING:
        return _("%(amount)s are settled with your customer account.") % {"amount": amount}
    if not content.totals.to_pay:
        return _("The invoice is paid. Please transfer nothing.")
    if content.cancels is not None:
        return _("We pay %(amount)s back to you.") % {"amount": amount}
    if content.totals.to_pay < 0:
        return _("You have a credit of %(amount)s.") % {"amount": amount}
    return _to_be_paid(content, amount)


def _to_be_paid(content: InvoiceContent, amount: str) -> str:
    by = day(content.due_on) if content.due_on else ""
    if content.payment.kind is PaymentKind.DEBIT:
        return _("We debit %(amount)s from your account on %(day)s by SEPA direct debit.") % {
            "amount": amount,
            "day": by,
        }
    return _("Please transfer %(amount)s by %(day)s, without deduction.") % {"amount": amount, "day": by}


def unit(code: str) -> str:
    """The unit as one says it; another one by its code."""
    units = {
        "C62": _("pcs"), "H87": _("pcs"), "XPP": _("pcs"), "KGM": "kg", "GRM": "g", "LTR": "l", "MTR": "m",
        "HUR": _("hrs"), "DAY": _("days"), "MON": _("months"),
    }  # fmt: skip
    return units.get(code, code)
