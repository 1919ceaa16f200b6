"""Pages that are no form and no list of a model: shown in the frame of the console, and redirects from them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from customers.edit_side import standing
from mcp.console.pages import show
from mcp.console.site import scope_of

LIST = "admin:customers_customer_changelist"


def show_page(request: HttpRequest, page: str, title: str, **context: object) -> HttpResponse:
    """Render `customers/<page>.html`; `page` is named with its room, as imports/preview.

    The context has the address of the list of customers as `back`, and as `edit_side` where they are edited.
    """
    shown = {"title": title, "back": reverse(LIST), "edit_side": standing(scope_of(request).base), **context}
    return show(request, f"customers/{page}.html", shown)


def lead_to(request: HttpRequest, address: str) -> HttpResponse:
    """Redirect to an address. A request of htmx gets it in a header, so that the whole page is loaded."""
    if "HX-Request" in request.headers:
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def whole_page_again() -> HttpResponse:
    """Answer to a request of htmx that makes it load the page anew, as when the work that it asks about is over."""
    return HttpResponse(headers={"HX-Refresh": "true"})


def page_number(request: HttpRequest) -> int:
    """The number of the page that `?p=` asks for; 1 where it is none."""
    value = request.GET.get("p", "")
    return max(1, int(value)) if value.isdecimal() and len(value) <= 6 else 1
