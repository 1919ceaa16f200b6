"""Locations on the discontinued base 1.0 are marked wherever they are named."""

from __future__ import annotations

from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from locations.models import Location


def marked(location: Location) -> SafeString:
    """The name of a location, with the mark where its base is discontinued."""
    if not location.base.is_discontinued:
        return format_html("{}", location)
    mark = render_to_string("shell/discontinued.html", {"base": location.base})
    return format_html("{} {}", location, SafeString(mark.strip()))
