"""The search in the header: the first customers that are found while somebody types, from every page."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from customers.admin.typed_search import fields_of
from customers.console.base import CustomersAdmin
from customers.models import Card, Customer
from customers.paginator import LIMIT, CustomerPaginator
from customers.querysets import CustomerQuerySet
from customers.selection.criteria import Asker
from customers.selection.selecting import Selection, card_of
from locations.permissions import Right
from mcp.console import header
from mcp.console.site import scope_of

SHOWN = 8
_LONGEST = 100
_LONGEST_NUMBER = 7
_NEEDED = ("base", "customer_number", "title", "first_name", "last_name", "company", "alias", "city")

header.register(header.Piece(name="customers", right=Right.VIEW_CUSTOMERS, template="customers/header_search.html"))


def find(admin: CustomersAdmin, request: HttpRequest) -> HttpResponse:
    """The answer to a search in the header.

    To a request of htmx it is a piece of a page with the first customers that `q` finds. To any other request it is a
    redirect: to the customer if there is exactly one, else to the list with the search.

    It searches as the list does, among customers who are not archived. A complete customer number and the number of a
    card mean that one customer.
    """
    admin.demand(request, "view")
    words = request.GET.get("q", "").replace("\0", " ")[:_LONGEST].strip()
    scope = scope_of(request)
    card = card_of(scope.base, words)
    found = CustomerPaginator(Selection(words=words).rows(Asker.now(scope), card=card), SHOWN, order="sort_name")
    numbered = _numbered(Customer.objects.in_base(scope.base).active(), words)
    response = (
        _piece(admin, request, words, found, numbered, card)
        if _is_htmx(request)
        else _on(admin, words, found, numbered, card)
    )
    patch_vary_headers(response, ["HX-Request"])
    return response


def _numbered(rows: CustomerQuerySet, words: str) -> int | None:
    """The id of the customer whose number this is, or None."""
    is_number = words.isascii() and words.isdigit() and len(words) <= _LONGEST_NUMBER
    return rows.filter(customer_number=int(words)).values_list("pk", flat=True).first() if is_number else None


def _piece(
    admin: CustomersAdmin,
    request: HttpRequest,
    words: str,
    found: CustomerPaginator,
    numbered: int | None,
    card: Card | None,
) -> HttpResponse:
    context: dict[str, object] = {"words": words, "customers": [], "card": card}
    if words:
        meant = [*([numbered] if numbered else []), *([card.customer_id] if card else [])]
        ids = list(dict.fromkeys([*meant, *found.ids(1)]))[:SHOWN]
        rows = Customer.objects.in_base(scope_of(request).base).only(*_NEEDED).in_bulk(ids)
        context |= {
            "customers": [rows[pk] for pk in ids if pk in rows],
            "count": found.count,
            "is_more": found.is_more,
            "limit": LIMIT,
            "has_more": found.count > SHOWN,
            "may_add": admin.has_add_permission(request),
            "is_new": bool(fields_of(words)),
        }
    return render(request, "customers/found.html", context)


def _on(
    admin: CustomersAdmin, words: str, found: CustomerPaginator, numbered: int | None, card: Card | None
) -> HttpResponse:
    """A redirect to the page of the customer who is meant, or to the list with the search.

    If a card was scanned that is blocked, the page of its customer says so. A number that is the number of one customer
    and the card of another leads to the list.
    """
    if card is not None and numbered in (None, card.customer_id):
        return HttpResponseRedirect(f"{admin.address('change', card.customer_id)}?{urlencode({'card': card.number})}")
    is_certain = words and numbered is None and card is None and found.count == 1
    only = found.ids(1)[0] if is_certain else numbered if card is None else None
    if only is not None:
        return HttpResponseRedirect(admin.address("change", only))
    address = admin.address("changelist")
    return HttpResponseRedirect(f"{address}?{urlencode({'q': words})}" if words else address)


def _is_htmx(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"
