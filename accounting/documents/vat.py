"""VAT of prices that contain it, as those of tills do: net and tax of each rate, and the net amounts of the lines.

The sum of a rate is exact, not its lines: net = gross × 100 / (100 + rate), rounded half up once for each rate, and the
cents are given to the lines by largest remainder, so that the lines sum to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from accounting.amounts import CENT, ZERO
from accounting.documents.contents import Line, Totals, VatCategory, VatGroup

type Rate = tuple[VatCategory, Decimal]
_ORDER = list(VatCategory)


def net_of_lines(grosses: Sequence[Decimal], rate: Decimal) -> list[Decimal]:
    """The net amounts of lines of one rate: they sum to the net amount of their gross sum.

    Amounts may be negative, and none gets the other sign. Raises ValueError for one with parts of a cent, and for a
    negative rate.
    """
    if rate < 0:
        raise ValueError(f"A rate of VAT is not negative: {rate}")
    if any(gross != gross.quantize(CENT) for gross in grosses):
        raise ValueError("An amount has parts of a cent")
    # In whole numbers: net cents = gross cents × above / below, without a rounded quotient in between.
    scale = 10 ** max(0, -int(rate.as_tuple().exponent))
    above, below = 100 * scale, int((100 + rate) * scale)
    shares = [divmod(int(gross / CENT) * above, below) for gross in grosses]
    left = int(_net(sum(grosses, ZERO), rate) / CENT) - sum(share for share, _rest in shares)
    largest = set(sorted(range(len(shares)), key=lambda at: (-shares[at][1], at))[:left])
    return [(share + (at in largest)) * CENT for at, (share, _rest) in enumerate(shares)]


def _net(gross: Decimal, rate: Decimal) -> Decimal:
    return (gross * 100 / (100 + rate)).quantize(CENT, rounding=ROUND_HALF_UP)


def with_net_amounts(lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines with the net amounts that follow from their gross amounts and rates, in the same order."""
    net: dict[int, Decimal] = {}
    for (_category, rate), places in _places_of_rates(lines).items():
        net |= zip(places, net_of_lines([lines[at].gross_amount for at in places], rate), strict=True)
    return tuple(replace(line, net_amount=net[at]) for at, line in enumerate(lines))


def vat_groups(lines: Sequence[Line]) -> tuple[VatGroup, ...]:
    """The sums of each category and rate over lines that have their net amounts: S first, the highest rate first.

    The rules know one group for each: several reasons of exemption stand in one, divided by semicolons.
    """
    found = []
    for (category, rate), places in _places_of_rates(lines).items():
        own = [lines[at] for at in places]
        net = sum((line.net_amount for line in own), ZERO)
        gross = sum((line.gross_amount for line in own), ZERO)
        reason = "; ".join(dict.fromkeys(line.exemption_reason for line in own if line.exemption_reason))
        found.append(VatGroup(rate=rate, net=net, tax=gross - net, category=category, reason=reason))
    return tuple(sorted(found, key=lambda group: (_ORDER.index(group.category), -group.rate)))


def totals(groups: Iterable[VatGroup], *, paid: Decimal = ZERO) -> Totals:
    """The sums of an invoice of these groups, of which `paid` was paid before."""
    some = tuple(groups)
    net = sum((group.net for group in some), ZERO)
    tax = sum((group.tax for group in some), ZERO)
    return Totals(net=net, tax=tax, gross=net + tax, paid=paid, to_pay=net + tax - paid)


def _places_of_rates(lines: Sequence[Line]) -> dict[Rate, list[int]]:
    found: dict[Rate, list[int]] = {}
    for at, line in enumerate(lines):
        found.setdefault((line.vat_category, line.vat_rate), []).append(at)
    return found
