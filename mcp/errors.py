"""The pages for what was refused, is not there, or broke. They say what happened and what to do next."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from mcp import access
from mcp.scope import MissingRight


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: which right is missing, at which location, and who can grant it."""
    context: dict[str, object] = {"right": None}
    if isinstance(exception, MissingRight):
        context = {
            "right": exception.right.label,
            "location": exception.location,
            "granters": list(access.granters_at(exception.location)[:5]),
        }
    return render(request, "errors/403.html", context, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: the same page, to the byte, for what does not exist and for what is somebody else's."""
    return render(request, "errors/404.html", {}, status=404)


def broken(request: HttpRequest) -> HttpResponse:
    """500: without any context that could break as well."""
    return render(request, "errors/500.html", {}, status=500)
