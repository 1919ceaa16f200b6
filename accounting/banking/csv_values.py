"""Amounts and days as German and English banks write them in tables."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

CENT = Decimal("0.01")
MOST = Decimal("999999999999.99")
_LEFT_OUT = re.compile("[ \u00a0\u202f\u2009'’+€]|EUR|CHF|USD|GBP")
_DAYS = (
    re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4}|\d{2})"),
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"),
    re.compile(r"(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>\d{4})"),
)
_TIME = re.compile(r"[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?")


def decimal_sign(texts: Iterable[str], *, otherwise: str) -> str:
    """Which sign divides cents in a column: the one that is followed by one or two digits at the end of an amount.

    `otherwise` is given where no amount tells.
    """
    counts = {",": 0, ".": 0}
    for text in texts:
        if found := re.search(r"([.,])\d{1,2}\s*-?$", _LEFT_OUT.sub("", text)):
            counts[found[1]] += 1
    if counts[","] == counts["."]:
        return otherwise
    return max(counts, key=counts.__getitem__)


def amount_of(text: str, *, point: str) -> Decimal | None:
    """The amount, negative where a minus stands before or behind it; None for what is no amount."""
    plain = _LEFT_OUT.sub("", text).replace("\u2212", "-")
    group = "." if point == "," else ","
    found = re.fullmatch(rf"(-?)(\d{{1,3}}(?:\{group}\d{{3}})+|\d+)(?:\{point}(\d{{1,2}}))?(-?)", plain, re.ASCII)
    if not found or (found[1] and found[4]):
        return None
    amount = Decimal(f"{found[2].replace(group, '')}.{found[3] or '0'}").quantize(CENT)
    if amount > MOST:
        return None
    return -amount if found[1] or found[4] else amount


def day_of(text: str) -> date | None:
    """The day, a time behind it left out; of days with slashes the day stands first. None for what is no day."""
    plain = text.strip()
    for pattern in _DAYS:
        found = pattern.match(plain)
        rest = plain[found.end() :] if found else ""
        if found and (not rest or _TIME.fullmatch(rest)):
            year = int(found["year"])
            try:
                return date(year if year > 99 else 2000 + year, int(found["month"]), int(found["day"]))
            except ValueError:
                return None
    return None
