"""Rows that were ticked in the list. Their ids stand in the address of the page that asks what to do with them."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from customers.console.base import CustomersAdmin
from customers.models import Customer
from customers.paginator import PAGE_SIZES
from mcp.isolation.scope import Scope

_DIGITS_OF_AN_ID = 18


def chosen_for(request: HttpRequest, address: str) -> HttpResponse:
    """Redirect to an address, with the ids of the ticked rows as `?id=`."""
    ids = "&".join(f"id={pk}" for pk in _ids(request.POST.getlist(ACTION_CHECKBOX_NAME)))
    return HttpResponseRedirect(f"{address}?{ids}")


def customers_of(request: HttpRequest, scope: Scope) -> list[Customer]:
    """The customers whose ids stand in the address. Raises Http404 if one of them is not in the scope's base."""
    ids = _ids(request.GET.getlist("id"))[: max(PAGE_SIZES)]
    found = list(Customer.objects.in_base(scope.base).filter(pk__in=ids).order_by("sort_name", "id"))
    if not ids or len(found) != len(set(ids)):
        raise Http404
    return found


def _ids(values: list[str]) -> list[int]:
    return [int(value) for value in values if value.isdecimal() and len(value) <= _DIGITS_OF_AN_ID]


def back(admin: CustomersAdmin, request: HttpRequest, sentence: str, customers: list[Customer]) -> HttpResponse:
    """Redirect with a message: to the customer if it is one, else to the list."""
    messages.success(request, sentence)
    if len(customers) == 1:
        return HttpResponseRedirect(admin.address("change", customers[0].pk))
    return HttpResponseRedirect(admin.address("changelist"))
