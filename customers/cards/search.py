"""The card that somebody looks for by its number, asked for once in a request."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from customers.models import Card
from locations.models import CustomerBase


def card_sought(request: HttpRequest, base: CustomerBase, words: str) -> Card | None:
    """The card of the base whose number this is, with its successor."""
    asked: Any = request
    known: dict[tuple[int, str], Card | None] = asked.__dict__.setdefault("cards_sought", {})
    key = base.pk, words.strip()
    if key not in known:
        known[key] = Card.objects.in_base(base).sought(words).select_related("successor").first()
    return known[key]
