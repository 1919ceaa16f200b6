"""What the pages of accounts have in common: who may see them, and whose account it is."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from accounting.balances import Standing, standing
from customers.models import Customer
from locations.permissions import Right
from mcp.console.pages import show
from mcp.console.site import scope_of
from mcp.isolation.scope import Scope

ACCOUNT, BOOK, CORRECT, REVERSE, TERMS, STATEMENT, EXCEPTIONS, EXCEPTION = (
    "accounting_account", "accounting_book", "accounting_correct", "accounting_reverse", "accounting_terms",
    "accounting_statement", "accounting_exceptions", "accounting_exception",
)  # fmt: skip


def seer(request: HttpRequest) -> Scope:
    """The scope of whoever may see accounts and customers. Raises MissingRight."""
    scope = scope_of(request)
    scope.demand(Right.SEE_ACCOUNTS)
    scope.demand(Right.VIEW_CUSTOMERS)
    return scope


def customer_or_404(pk: int, scope: Scope) -> Customer:
    return get_object_or_404(Customer.objects.in_base(scope.base).select_related("organization"), pk=pk)


def account_or_404(customer: Customer, scope: Scope) -> Standing:
    """How the customer's account stands. Raises Http404 where he has none here."""
    found = standing(customer, scope)
    if found is None:
        raise Http404
    return found


def address_of(name: str, *arguments: object) -> str:
    return reverse(f"admin:{name}", args=arguments)


def may(scope: Scope, right: Right) -> bool:
    """Whether the right is held, to show more or less of a page."""
    with scope.asked.only_looking():
        return scope.allows(right)


def show_page(
    request: HttpRequest, template: str, title: str, context: Mapping[str, object], *, status: int = 200
) -> HttpResponse:
    return show(request, f"accounting/{template}.html", {"title": title, **context}, status=status)
