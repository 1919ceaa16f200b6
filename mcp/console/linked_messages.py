"""Sentences that name a thing and link it: "Anna Meier (7) is changed", one click from Anna Meier."""

from __future__ import annotations

from typing import Any

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString


def link(thing: Any, address: str) -> SafeString:
    """The thing as a link to its page; without an address only its name, escaped."""
    return format_html('<a href="{}">{}</a>', address, thing) if address else conditional_escape(thing)


def said(sentence: str, **things: Any) -> SafeString:
    """The sentence with each thing in its place, ready to be shown: all is escaped but links made by `link`."""
    named = {name: conditional_escape(thing) for name, thing in things.items()}
    return SafeString(conditional_escape(sentence) % named)
