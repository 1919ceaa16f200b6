"""The request as AddressMiddleware and ScopeMiddleware leave it, and the address of the client."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest

from mcp.isolation.scope import Scope
from mcp.models import Device, User

CONSOLE_URLCONF = "mcp.project.location_urls"
"""The addresses of one location; they are mounted behind its two numbers."""


class ScopedRequest(HttpRequest):
    """A request with the location of its address (account number and client number, or None) and its scope."""

    address: tuple[int, int] | None
    scope: Scope | None
    user: User
    person: User
    """Who has logged in, for the line of a refusal; not there for a stranger."""
    device: Device
    """The device that was let in, for the same line; not there for people and strangers."""
    urlconf: str


def client_address(request: HttpRequest | None) -> str | None:
    """The IP address that the outermost of our proxies has seen (TRUSTED_PROXIES in README.md); None if unknown."""
    if request is None:
        return None
    forwarded = [part for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    seen = [*forwarded, request.META.get("REMOTE_ADDR", "")]
    text = seen[-1 - min(settings.TRUSTED_PROXIES, len(seen) - 1)].strip()
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
