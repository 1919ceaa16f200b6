"""The side bar: what the scope's rights open, in the order of daily use."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups of links for unfold; empty outside a location."""
    if getattr(request, "scope", None) is None:
        return []
    return []


def account_links(request: HttpRequest) -> list[dict[str, Any]]:
    """The links behind the user's own name."""
    return [{"title": _("Choose another location"), "link": "/"}]
