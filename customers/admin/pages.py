"""The customers' pages that are no form and no list: archive, restore, possible duplicates, history."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from customers.bulk.views import NEW
from customers.choices import BulkKind
from customers.console.base import CustomersAdmin
from customers.console.frame import page_number
from customers.console.shown_count import SHOWN
from customers.console.ticked import back, chosen_for, customers_of
from customers.duplicates import candidates
from customers.field_groups import MASK, withheld
from customers.forms import ReasonForm, SoughtForm
from customers.history.changes import history_of
from customers.history.versions import customer_of_version, demand_versions, preview_version, restore_version
from customers.models import Customer
from customers.operations import archive_customers, restore_customers
from locations.permissions import Right
from locations.violations import told_as_refusals
from mcp.console.operation_forms import show_refusal
from mcp.console.site import scope_of
from mcp.isolation.scope import Scope

ALL_FOUND = "all_found"
"""Posted by the list where everybody is meant who was found; with the number that it has shown."""
_BULK_ACTIONS = {
    "set_group": BulkKind.GROUP,
    "add_tag": BulkKind.ADD_TAG,
    "remove_tag": BulkKind.REMOVE_TAG,
    "archive": BulkKind.ARCHIVE,
    "restore": BulkKind.RESTORE,
}


def chosen(admin: CustomersAdmin, request: HttpRequest, page: str) -> HttpResponse:
    """Redirect from the ticked rows of the list to the page that asks what to do with them."""
    return chosen_for(request, admin.address(page))


def bulk_address(kind: BulkKind) -> str:
    """The address of the page that asks what to do with many customers at once."""
    return reverse(f"admin:{NEW}", args=[kind.value])


def all_found(admin: CustomersAdmin, request: HttpRequest) -> HttpResponse:
    """Redirect from the list to the page of the action for all customers that search and filters find.

    The address carries the number that the list has shown; where another number is found then, the page says so.
    """
    action = request.POST.get("action", "")
    pages: dict[str, str] = {name: bulk_address(kind) for name, kind in _BULK_ACTIONS.items()}
    pages["export"] = reverse("admin:customers_export")
    if action not in pages:
        sentence = _("A consent is what one person has said: tick the customers of whom you know it.")
        messages.warning(request, sentence if action == "record_consent" else _("Choose what to do first."))
        return HttpResponseRedirect(request.get_full_path())
    asked = request.GET.copy()
    for name in (SHOWN, "p", "id"):
        asked.pop(name, None)
    if (shown := request.POST[ALL_FOUND]).isdecimal():
        asked[SHOWN] = shown
    return HttpResponseRedirect(f"{pages[action]}?{asked.urlencode()}")


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
            show_refusal(form, refusal, {"no_reason": "reason", "reason_too_long": "reason"})
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
        try:
            count = restore_customers(customers=[customer.pk for customer in customers], actor=scope)
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        else:
            sentence = ngettext("%(count)s customer is restored.", "%(count)s customers are restored.", count)
            return back(admin, request, sentence % {"count": count}, customers)
    return _ask(admin, request, {"title": _("Restore customers"), "customers": customers}, customers)


def duplicates(admin: CustomersAdmin, request: HttpRequest) -> HttpResponse:
    """The possible duplicates of what stands in the form so far, as a piece of a page."""
    admin.demand(request, "view")
    if request.method != "POST":  # what is typed belongs into no address and no log
        return HttpResponseNotAllowed(["POST"])
    found = candidates(SoughtForm(request.POST).sought(), scope=scope_of(request))
    return admin.show(request, "customers/candidates.html", {"candidates": found})


def history(admin: CustomersAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """Who changed what, where and when."""
    scope_of(request).demand(Right.SEE_HISTORY)
    admin.demand(request, "view")
    customer = admin.row_or_404(request, object_id)
    page = page_number(request)
    entries, has_more = history_of(customer, page=page, scope=scope_of(request))
    context = {
        "title": _("History of %(customer)s") % {"customer": customer},
        "customer": customer,
        "entries": entries,
        "may_restore": scope_of(request).allows(Right.CHANGE_CUSTOMERS),
        "newer": page - 1,
        "older": page + 1 if has_more else 0,
    }
    return admin.show(request, "customers/history.html", context)


def version(admin: CustomersAdmin, request: HttpRequest, pk: UUID) -> HttpResponse:
    """What bringing back an older state would change; sent, it is brought back."""
    scope = scope_of(request)
    demand_versions(scope)
    if request.method == "POST":
        scope.demand(Right.CHANGE_CUSTOMERS)
    customer = customer_of_version(version=pk, actor=scope)
    if request.method == "POST" and (answer := _restore(admin, request, customer, pk)) is not None:
        return answer
    try:
        restoring, refusal = preview_version(customer=customer, version=pk, actor=scope), ""
    except ValidationError as error:
        restoring, refusal = None, " ".join(error.messages)
    context = {
        "title": _("Restore an older state of %(customer)s") % {"customer": customer},
        "customer": customer,
        "restoring": restoring,
        "refusal": refusal,
        "may_restore": scope.allows(Right.CHANGE_CUSTOMERS),
    }
    return admin.show(request, "customers/version.html", context)


def _restore(admin: CustomersAdmin, request: HttpRequest, customer: Customer, version: UUID) -> HttpResponse | None:
    """Bring the older state back and redirect to the customer. None where it was refused, which the page tells."""
    seen_at = parse_datetime(request.POST.get("seen_at", ""))
    if seen_at is None or timezone.is_naive(seen_at):
        raise Http404
    try:
        with told_as_refusals():
            done = restore_version(customer=customer, version=version, seen_at=seen_at, actor=scope_of(request))
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
        customer.refresh_from_db()
        return None
    sentence = ngettext("%(count)s field is as it was.", "%(count)s fields are as they were.", len(done.changes))
    messages.success(request, sentence % {"count": len(done.changes)})
    for one in done.left_out:
        messages.warning(request, f"{one.label}: {one.reason}")
    return HttpResponseRedirect(admin.address("history", customer.pk))


def _archivist(request: HttpRequest) -> Scope:
    scope = scope_of(request)
    scope.demand(Right.VIEW_CUSTOMERS)
    scope.demand(Right.ARCHIVE_CUSTOMERS)
    return scope


def _customers(request: HttpRequest, scope: Scope, *, archived: bool) -> list[Customer]:
    """The customers of the address that are archived, or are not archived. Raises Http404 as `customers_of` does."""
    return [customer for customer in customers_of(request, scope) if customer.is_archived == archived]


def _ask(
    admin: CustomersAdmin, request: HttpRequest, context: dict[str, object], customers: list[Customer]
) -> HttpResponse:
    """The page that asks before something is done. Without customers it is a redirect to the list, with a message."""
    if not customers:
        messages.info(request, _("There was nothing to do: the customers are in that state already."))
        return HttpResponseRedirect(admin.address("changelist"))
    for customer in customers if "archived_reason" in withheld(scope_of(request)) else []:
        customer.archived_reason = MASK
    address = admin.address("change", customers[0].pk) if len(customers) == 1 else admin.address("changelist")
    return admin.show(request, "customers/archive.html", {**context, "back": address})
