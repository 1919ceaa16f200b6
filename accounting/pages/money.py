"""Filters of templates for amounts."""

from __future__ import annotations

from decimal import Decimal

from django import template

from accounting.amounts import shown

register = template.Library()


@register.filter
def money(amount: Decimal, currency: str) -> str:
    """The amount as the language writes it, with its currency."""
    return shown(amount, currency)


@register.filter
def plain(amount: Decimal) -> str:
    """The amount as HTML takes a number."""
    return f"{amount:f}"
