"""Who belongs to the provider's support; the pages outside of any location ask it."""

from __future__ import annotations

from django.http import Http404, HttpRequest

from mcp.choices import ProviderRole


def is_support(request: HttpRequest) -> bool:
    """Whether the user is active and belongs to the provider's support."""
    return getattr(request.user, "provider_role", "") == ProviderRole.SUPPORT and request.user.is_active


def demand_support(request: HttpRequest) -> None:
    """Raise Http404 unless the user belongs to the provider's support."""
    if not is_support(request):
        raise Http404
