"""Numbers of cards and codes that identify a customer, as they are scanned or typed."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from locations.text import clean_code, refused

LONGEST = 40
CARD_NUMBER = r"^[!-+\--`{-~]{1,40}$"
"""Visible ASCII but for small letters and the comma, which stands between several numbers in one cell."""
HAS_DIGIT = r"[0-9]"
"""A name that somebody has typed into the field has none."""


def normalize_card_number(text: str) -> str:
    """The number without blanks, its letters large. Blank gives "".

    Raises `invalid_card_number`, or what `clean_code` raises.
    """
    number = "".join(clean_code(text).split()).upper()
    if number and not is_card_number(number):
        raise refused(
            "invalid_card_number",
            _(
                "“%(value)s” is no card number. It has up to 40 letters (A to Z), digits and signs, at least one "
                "digit, and no comma."
            ),
            text,
        )
    return number


def sought_card_number(text: str) -> str:
    """The card number that somebody may look for; blank for what can be none."""
    try:
        return normalize_card_number(text)
    except ValidationError:
        return ""


def is_card_number(text: str) -> bool:
    """Whether the text is the number of a card as it is stored."""
    return bool(re.fullmatch(CARD_NUMBER, text) and re.search(HAS_DIGIT, text))
