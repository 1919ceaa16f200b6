"""The context of every page: the scope, the header, and the colours and files of the look."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from mcp.console import header
from mcp.isolation import access
from mcp.isolation.branch import is_branch
from mcp.isolation.scope import Scope

FAVICONS = [{"rel": "icon", "href": "/static/logo.svg", "type": "image/svg+xml"}]


def where_you_are(request: HttpRequest) -> dict[str, object]:
    """`scope`, the side, the pieces of the header, and whether there is another location to switch to.

    The last two are functions, called where the page shows them.
    """
    scope = getattr(request, "scope", None)
    return {
        "scope": scope,
        "is_branch": is_branch(),
        "can_switch": lambda: can_switch(request),
        "header_pieces": lambda: header.shown(scope),
    }


def can_switch(request: HttpRequest) -> bool:
    """Whether the user can work at another location than that of the request. The answer is kept with the request."""
    scope = getattr(request, "scope", None)
    if scope is None:
        return False
    known: bool | None = getattr(request, "_can_switch", None)
    if known is None:
        known = _works_elsewhere(scope)
        request._can_switch = known  # type: ignore[attr-defined]
    return known


def _works_elsewhere(scope: Scope) -> bool:
    user = scope.user
    if user is None or user.organization_id is None:
        return True  # the provider's people work at all businesses
    # At a branch other places of the business are known by name alone.
    return not is_branch() and access.accessible_locations(user).exclude(pk=scope.location.pk).order_by().exists()


def look(request: HttpRequest) -> dict[str, object]:
    """The context that the frame of a page outside the admin needs: the colours and files of the settings."""
    return {
        "styles": settings.UNFOLD["STYLES"],
        "scripts": settings.UNFOLD["SCRIPTS"],
        "colors": settings.UNFOLD["COLORS"],
        "border_radius": settings.UNFOLD["BORDER_RADIUS"],
        "site_favicons": FAVICONS,
        "show_languages": True,
    }
