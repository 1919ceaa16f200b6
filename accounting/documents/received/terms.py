"""Codes of the standard as our own choices, and what both formats work out alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext_lazy as _

from accounting.amounts import CENT
from accounting.documents.contents import DocumentKind, Line, PaymentKind, VatCategory, VatGroup
from accounting.documents.received.problems import Unreadable

CREDIT_TYPES = frozenset({"381", "396", "81", "83", "532", "261"})
TRUE = frozenset({"true", "1"})
"""How XML writes that an amount is a charge and no allowance."""
_DEBITS, _TRANSFERS = frozenset({"49", "59"}), frozenset({"30", "58", "42", "31", ""})


def category_of(code: str) -> VatCategory:
    """BT-118, BT-151. Raises Unreadable for a code that the standard does not have."""
    try:
        return VatCategory(code or "S")
    except ValueError:
        raise Unreadable("bad_value", text=code[:40], what=_("a category of VAT")) from None


def payment_of(code: str) -> PaymentKind:
    """BT-81: a debit, a transfer, or anything else."""
    if code in _DEBITS:
        return PaymentKind.DEBIT
    return PaymentKind.TRANSFER if code in _TRANSFERS else PaymentKind.CLEARING


def kind_of(type_code: str) -> DocumentKind:
    return DocumentKind.CANCELLATION if type_code in CREDIT_TYPES else DocumentKind.INVOICE


def place_of(text: str, at: int) -> int:
    """The number of a line; where it is none that we can count with, its place."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else at


def gross_of(net: Decimal, rate: Decimal) -> Decimal:
    return (net + net * rate / 100).quantize(CENT, rounding=ROUND_HALF_UP)


def with_reasons(lines: Iterable[Line], groups: Iterable[VatGroup]) -> tuple[Line, ...]:
    """The lines with the reason of exemption that their group says."""
    reasons = {(group.category, group.rate): group.reason for group in groups}
    return tuple(replace(line, exemption_reason=reasons.get((line.vat_category, line.vat_rate), "")) for line in lines)
