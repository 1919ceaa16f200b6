"""Messages that name a thing and link to it: "Anna Meier (7) is changed"."""

from __future__ import annotations

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString


def link(thing: object, address: str) -> SafeString:
    """The thing as a link to its page; without an address only its name. Escaped."""
    return format_html('<a href="{}">{}</a>', address, thing) if address else conditional_escape(str(thing))


def said(sentence: str, **things: object) -> SafeString:
    """The sentence with each thing in its place, as safe HTML: all is escaped but links made by `link`."""
    named = {name: conditional_escape(str(thing)) for name, thing in things.items()}
    return SafeString(conditional_escape(sentence) % named)
