"""Filters of templates for amounts."""

from __future__ import annotations

import re
from decimal import Decimal

from django import template
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

from accounting.amounts import shown, symbol
from accounting.documents.formats import in_fours
from mcp.isolation.scope import name_shown

register = template.Library()


@register.filter
def money(amount: Decimal, currency: str) -> str:
    """The amount as the language writes it, with its currency."""
    return shown(amount, currency)


@register.filter
def unit(currency: str) -> str:
    """What stands beside the field of an amount: €."""
    return symbol(currency)


@register.filter
def iban(text: str) -> SafeString:
    """The IBAN in groups of four. The gaps are none of the text, so that it is copied without spaces.

    An account that a bank names in another way stays as it is.
    """
    if not re.fullmatch("[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}", text):
        return conditional_escape(text)
    groups = format_html_join("", "<span>{}</span><wbr>", ((group,) for group in in_fours(text).split()))
    return format_html('<span class="iban">{}</span>', groups)


@register.filter
def who(name: str) -> str:
    """Who has done something, in the language of the reader: the program has no name of its own."""
    return name_shown(name)


@register.filter
def plain(amount: Decimal) -> str:
    """The amount as HTML takes a number."""
    return f"{amount:f}"
