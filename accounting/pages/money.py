"""Filters of templates for amounts."""

from __future__ import annotations

from decimal import Decimal

from django import template

from accounting.amounts import shown
from mcp.isolation.scope import name_shown

register = template.Library()


@register.filter
def money(amount: Decimal, currency: str) -> str:
    """The amount as the language writes it, with its currency."""
    return shown(amount, currency)


@register.filter
def who(name: str) -> str:
    """Who has done something, in the language of the reader: the program has no name of its own."""
    return name_shown(name)


@register.filter
def plain(amount: Decimal) -> str:
    """The amount as HTML takes a number."""
    return f"{amount:f}"
