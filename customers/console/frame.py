"""A page of its own in the frame of the console, with the way back to the list of customers, and the way on from it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from mcp.console.pages import show

LIST = "admin:customers_customer_changelist"


def show_page(request: HttpRequest, page: str, title: str, **context: object) -> HttpResponse:
    """The template `customers/<page>.html` (a page is named with its room: imports/preview), with the way back."""
    return show(request, f"customers/{page}.html", {"title": title, "back": reverse(LIST), **context})


def lead_to(request: HttpRequest, address: str) -> HttpResponse:
    """To another page, also where a script has asked: it is told the address instead of being sent the page."""
    if "HX-Request" in request.headers:
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def whole_page_again() -> HttpResponse:
    """For a script that has asked how far something is, where another page is to be shown now."""
    return HttpResponse(headers={"HX-Refresh": "true"})


def page_number(request: HttpRequest) -> int:
    value = request.GET.get("p", "")
    return max(1, int(value)) if value.isdecimal() and len(value) <= 6 else 1
