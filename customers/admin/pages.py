"""The customers' pages that are no form and no list: archive, restore, possible duplicates, history."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from customers.admin.base import CustomersAdmin
from customers.admin.changelist import PAGE_SIZES
from customers.changes import history_of
from customers.duplicates import candidates
from customers.forms import ReasonForm, SoughtForm
from customers.models import Customer
from customers.operations import archive_customers, restore_customers
from locations.permissions import Right
from mcp.console import scope_of
from mcp.scope import Scope

_DIGITS_OF_AN_ID = 18


def chosen(admin: CustomersAdmin, request: HttpRequest, page: str) -> HttpResponse:
    """From the ticked rows of the list to the page that asks."""
    return chosen_for(request, admin.address(page))


def chosen_for(request: HttpRequest, address: str) -> HttpResponse:
    """To the address, with the ids of the ticked rows behind it."""
    ids = "&".join(f"id={pk}" for pk in _ids(request.POST.getlist(ACTION_CHECKBOX_NAME)))
    return HttpResponseRedirect(f"{address}?{ids}")


def archive(admin: CustomersAdmin, request: HttpRequest) -> HttpResponse:
    """Ask for the reason, then archive the customers whose ids stand in the address."""
    scope = _archivist(request)
    customers = _customers(request, scope, archived=False)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            count = archive_customers(
                customers=[customer.pk for customer in customers], reason=form.cleaned_data["reason"], actor=scope
            )
        except ValidationError as refusal:
            form.add_error("reason", refusal)
        else:
            sentence = ngettext("%(count)s customer is archived.", "%(count)s customers are archived.", count)
            return back(admin, request, sentence % {"count": count}, customers)
    context = {"title": _("Archive customers"), "customers": customers, "form": form, "is_archiving": True}
    return _ask(admin, request, context, customers)


def restore(admin: CustomersAdmin, request: HttpRequest) -> HttpResponse:
    """Ask, then bring back the archived customers whose ids stand in the address."""
    scope = _archivist(request)
    customers = _customers(request, scope, archived=True)
    if request.method == "POST":
        count = restore_customers(customers=[customer.pk for customer in customers], actor=scope)
        sentence = ngettext("%(count)s customer is restored.", "%(count)s customers are restored.", count)
        return back(admin, request, sentence % {"count": count}, customers)
    return _ask(admin, request, {"title": _("Restore customers"), "customers": customers}, customers)


def duplicates(admin: CustomersAdmin, request: HttpRequest) -> HttpResponse:
    """The possible duplicates of what stands in the form so far, as a piece of a page."""
    admin.demand(request, "view")
    if request.method != "POST":  # what is typed belongs into no address and no log
        return HttpResponseNotAllowed(["POST"])
    found = candidates(SoughtForm(request.POST).sought(), base=scope_of(request).base)
    return admin.show(request, "customers/candidates.html", {"candidates": found})


def history(admin: CustomersAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """Who changed what, where and when."""
    scope_of(request).demand(Right.SEE_HISTORY)
    admin.demand(request, "view")
    customer = admin.row_or_404(request, object_id)
    page = page_number(request)
    entries, has_more = history_of(customer, page=page)
    context = {
        "title": _("History of %(customer)s") % {"customer": customer},
        "customer": customer,
        "entries": entries,
        "newer": page - 1,
        "older": page + 1 if has_more else 0,
    }
    return admin.show(request, "customers/history.html", context)


def _archivist(request: HttpRequest) -> Scope:
    scope = scope_of(request)
    scope.demand(Right.VIEW_CUSTOMERS)
    scope.demand(Right.ARCHIVE_CUSTOMERS)
    return scope


def _customers(request: HttpRequest, scope: Scope, *, archived: bool) -> list[Customer]:
    """Those of the address that are archived, or are not. Raises Http404 as `customers_of` does."""
    return [customer for customer in customers_of(request, scope) if customer.is_archived == archived]


def customers_of(request: HttpRequest, scope: Scope) -> list[Customer]:
    """The customers of the address that exist here. Raises Http404 where one does not, whosever it may be."""
    ids = _ids(request.GET.getlist("id"))[: max(PAGE_SIZES)]
    found = list(Customer.objects.in_base(scope.base).filter(pk__in=ids).order_by("sort_name", "id"))
    if not ids or len(found) != len(set(ids)):
        raise Http404
    return found


def _ids(values: list[str]) -> list[int]:
    return [int(value) for value in values if value.isdecimal() and len(value) <= _DIGITS_OF_AN_ID]


def page_number(request: HttpRequest) -> int:
    value = request.GET.get("p", "")
    return max(1, int(value)) if value.isdecimal() and len(value) <= 6 else 1


def back(admin: CustomersAdmin, request: HttpRequest, sentence: str, customers: list[Customer]) -> HttpResponse:
    """To the one customer, or from several to the list."""
    messages.success(request, sentence)
    if len(customers) == 1:
        return HttpResponseRedirect(admin.address("change", customers[0].pk))
    return HttpResponseRedirect(admin.address("changelist"))


def _ask(
    admin: CustomersAdmin, request: HttpRequest, context: dict[str, Any], customers: list[Customer]
) -> HttpResponse:
    """The page that asks; where there is nothing left to do, the list, with a sentence that says so."""
    if not customers:
        messages.info(request, _("There was nothing to do: the customers are in that state already."))
        return HttpResponseRedirect(admin.address("changelist"))
    address = admin.address("change", customers[0].pk) if len(customers) == 1 else admin.address("changelist")
    return admin.show(request, "customers/archive.html", {**context, "back": address})
