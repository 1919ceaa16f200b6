"""How values that are stored as codes or without spaces are shown to people, wherever they read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.translation import get_language

from customers import formats

READABLE: Mapping[str, Callable[[str], str]] = {
    **dict.fromkeys(("mobile", "phone_private", "phone_business", "fax"), formats.display_phone),
    "iban": formats.display_iban,
    "birthday_without_year": formats.display_day,
    "country": lambda code: formats.country_name(code, get_language() or "en"),
    "language": lambda code: formats.language_name(code, get_language() or "en"),
}
"""By the name of the customer's field, in the language of the reader. The value is not empty and valid."""
