"""Amounts, quantities, rates and days as the current language writes them.

Apart from `accounting.amounts.shown`, since a received invoice may be in any currency and with odd decimals, and since
an invoice of 400 lines has thousands of figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import batched

from django.utils.translation import get_language

_SIGNS = {"EUR": "€", "GBP": "£", "USD": "$"}
_GERMAN = str.maketrans(",.", ".,")


def _is_german() -> bool:
    return (get_language() or "de").startswith("de")


def _localized(text: str) -> str:
    return text.translate(_GERMAN) if _is_german() else text


def figure(amount: Decimal) -> str:
    """1.234,50: with two decimals, or more where the amount has more."""
    places = max(2, -int(amount.normalize().as_tuple().exponent)) if amount.is_finite() else 2
    return _localized(f"{amount:,.{places}f}")


def money(amount: Decimal, currency: str) -> str:
    """1.234,50 €; a currency without a sign of its own by its code."""
    return f"{figure(amount)}\u00a0{_SIGNS.get(currency, currency)}"


def plain(number: Decimal) -> str:
    """A number without zeros at its end: 2, 1.5 or 19."""
    return f"{number.normalize():f}"


def quantity(number: Decimal) -> str:
    return _localized(plain(number))


def day(when: date) -> str:
    return when.strftime("%d.%m.%Y" if _is_german() else "%d %b %Y")


def period(first: date, last: date) -> str:
    """01.03. – 31.03.2026: the year once where it is one."""
    if first == last:
        return day(last)
    if first.year != last.year:
        return f"{day(first)} – {day(last)}"
    return f"{first.strftime('%d.%m.' if _is_german() else '%d %b')} – {day(last)}"


def in_fours(iban: str) -> str:
    """In groups of four, as it is typed."""
    return " ".join("".join(four) for four in batched(iban, 4))


@dataclass(frozen=True)
class Amount:
    """An amount as a parameter of a sentence."""

    value: Decimal
    currency: str

    def __str__(self) -> str:
        return money(self.value, self.currency)
