"""What every page of leaving and joining is shown in."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from mcp.console.pages import show


def show_page(request: HttpRequest, page: str, title: str, **context: object) -> HttpResponse:
    """Render `transitions/<page>.html` in the frame of the console."""
    return show(request, f"transitions/{page}.html", {"title": title, **context})
