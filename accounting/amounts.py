"""Amounts of money: exact, with two places, in the currency of the business."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from babel.numbers import format_currency, get_currency_precision, get_currency_symbol
from django.core.exceptions import ValidationError
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext_lazy as _

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
_LEFT_OUT = re.compile("[ \u00a0\u202f'’€]|EUR|CHF")
MOST = Decimal("999999999999.99")
"""What numeric(14,2) holds."""


def split(amount: Decimal, parts: list[Decimal] | list[int]) -> list[Decimal]:
    """The amount in shares that are as `parts` to one another and sum to it to the cent.

    Each share is rounded towards zero, and the cents that are left go to those that have lost most, the earlier one of
    equals first. Raises ValueError for an amount with parts of a cent, and for parts that are negative or all zero.
    """
    if amount != amount.quantize(CENT):
        raise ValueError(f"{amount} has parts of a cent")
    weights = [Decimal(part) for part in parts]
    total = sum(weights, Decimal(0))
    if total <= 0 or min(weights) < 0:
        raise ValueError("An amount is split by parts that are not negative, and not all zero")
    sign, cents = (-1 if amount < 0 else 1), int(abs(amount) / CENT)
    # In whole numbers: a quotient of decimals would be rounded before its remainders are compared.
    scale = 10 ** max(0, *(-int(weight.as_tuple().exponent) for weight in weights))
    whole_weights, whole_total = [int(weight * scale) for weight in weights], int(total * scale)
    shares = [divmod(cents * weight, whole_total) for weight in whole_weights]
    left = cents - sum(share for share, _rest in shares)
    largest = sorted(range(len(shares)), key=lambda at: (-shares[at][1], at))[:left]
    return [sign * (share + (at in largest)) * CENT for at, (share, _rest) in enumerate(shares)]


def exact(amount: Decimal) -> Decimal:
    """The amount with two places. Raises ValidationError for one that is not positive, too large, or of less than a
    cent.
    """
    if not amount.is_finite() or amount <= 0 or amount > MOST:
        raise ValidationError(_("Enter an amount above 0.00."), code="amount_invalid")
    cents = amount.quantize(CENT, rounding=ROUND_HALF_UP)
    if cents != amount:
        raise ValidationError(_("An amount has two decimal places at most."), code="amount_of_less_than_a_cent")
    return cents


def typed(text: str) -> Decimal | None:
    """The amount that somebody has typed: 12,50 or 12.50, 1.234,50 €; None for what is none.

    What divides thousands and what divides cents is as the language has it, and either where it can be only one.
    """
    plain = _LEFT_OUT.sub("", text).replace("\u2212", "-")
    group, point = (".", ",") if (get_language() or "de").startswith("de") else (",", ".")
    for pattern in (rf"-?[0-9]{{1,3}}(?:\{group}[0-9]{{3}})+(?:\{point}[0-9]+)?", rf"-?[0-9]+(?:\{point}[0-9]+)?"):
        if re.fullmatch(pattern, plain):
            return Decimal(plain.replace(group, "").replace(point, "."))
    if re.fullmatch(r"-?[0-9]+[.,][0-9]{1,2}", plain):
        return Decimal(plain.replace(",", "."))
    if re.fullmatch(rf"-?[0-9]{{1,3}}(?:\{point}[0-9]{{3}})+\{group}[0-9]+", plain):
        return Decimal(plain.replace(point, "").replace(group, "."))
    return None


def shown(amount: Decimal, currency: str) -> str:
    """The amount as the language writes it, with its currency: 1.234,50 €."""
    assert get_currency_precision(currency) == 2  # noqa: S101 - the columns have two places
    return format_currency(amount, currency, locale=to_locale(get_language() or "de"))


def symbol(currency: str) -> str:
    """The currency as the language writes it beside an amount: €."""
    return get_currency_symbol(currency, locale=to_locale(get_language() or "de"))


@dataclass(frozen=True)
class Money:
    """An amount as a parameter of a sentence: it is written for whoever reads it."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return shown(self.amount, self.currency)
