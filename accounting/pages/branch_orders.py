"""What a branch with a base 1.0 has sold on account: a list at both sides, and leaving one out at the central."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounting.at_branch.leaving_out import leave_out
from accounting.at_branch.needs import Need, needs_at_central, needs_of_branch
from accounting.at_branch.selling import known_account
from accounting.balances import mode_of
from accounting.choices import AccountingMode, BranchOrderState
from accounting.models import BranchOrder
from accounting.pages.forms import PlainForm
from accounting.pages.frame import BRANCH_ORDERS, address_of, may, seer, show_page
from accounting.querysets import BranchOrderQuerySet
from clearing.models import Node, OwnNode
from customers.console.frame import page_number
from customers.models import Customer
from locations.permissions import Right
from mcp.console.operation_forms import show_refusal
from mcp.isolation.branch import is_branch
from mcp.isolation.scope import Scope

PAGE = 50
SHOWN = 20
LONGEST = 200


class LeavingOutForm(PlainForm):
    """Why an order is never booked."""

    note = forms.CharField(label=gettext_lazy("Why it is left out"), max_length=LONGEST, required=False)


def branch_orders_page(request: HttpRequest) -> HttpResponse:
    """Those that wait, the latest first; with ?all=1 also the others. Above it what keeps the branch from selling."""
    scope = seer(request)
    is_all = request.GET.get("all") == "1"
    found = _rows(scope) if is_all else _rows(scope).waiting()
    page = page_number(request)
    rows = list(found.order_by("-id")[(page - 1) * PAGE : page * PAGE + 1])
    context = {
        "lines": lines_of(rows[:PAGE], scope),
        "is_all": is_all,
        "newer": page - 1,
        "older": page + 1 if len(rows) > PAGE else 0,
        "may_leave_out": not is_branch() and may(scope, Right.CORRECT_ACCOUNTS),
        "needs": needs_here(scope),
        **_facts(scope),
    }
    return show_page(request, "branch_orders", _("Orders of the branch"), context)


def branch_order_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One order that waits at the central, and the form that leaves it out."""
    scope = seer(request)
    scope.demand(Right.CORRECT_ACCOUNTS)
    row = get_object_or_404(_rows(scope), pk=pk)
    form = LeavingOutForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            leave_out(order=row.pk, note=form.cleaned_data["note"], actor=scope)
        except ValidationError as refusal:
            show_refusal(form, refusal, {"note_missing": "note"})
        else:
            messages.success(request, _("The order is left out."))
            return HttpResponseRedirect(address_of(BRANCH_ORDERS))
    [line] = lines_of([row], scope)
    context = {
        "line": line,
        "form": form,
        "can_leave_out": row.state == BranchOrderState.WAITING and not is_branch(),
        "back": address_of(BRANCH_ORDERS),
        **_facts(scope),
    }
    return show_page(request, "branch_order", _("Order of the branch"), context)


def account_at_branch(request: HttpRequest, customer: Customer, scope: Scope) -> HttpResponse:
    """The account of a customer as his branch knows it: what was told with the last run, and what was sold here."""
    known = known_account(customer, scope)
    rows = _rows(scope).filter(uid=customer.uid).order_by("-id")
    context = {
        "customer": customer,
        "back": address_of("customers_customer_change", customer.pk),
        "known": known,
        "lines": lines_of(list(rows[:SHOWN]), scope),
        "needs": needs_here(scope),
        **_facts(scope),
    }
    return show_page(request, "account_at_branch", _("Account of %(customer)s") % {"customer": customer}, context)


def lines_of(rows: list[BranchOrder], scope: Scope) -> list[dict[str, Any]]:
    """Each order with its customer and the words for its state. One query."""
    uids = {one.uid for one in rows if one.uid}
    found = {one.uid: one for one in Customer.objects.in_base(scope.base).filter(uid__in=uids)}
    return [{"order": one, "customer": found.get(one.uid) if one.uid else None, "state": state_of(one)} for one in rows]


def state_of(order: BranchOrder) -> str:
    """In words; at a branch also that it was not sent yet."""
    if is_branch() and not order.is_sent and order.state == BranchOrderState.WAITING:
        return _("Goes with the next reconciliation")
    return str(BranchOrderState(order.state).label)


def needs_here(scope: Scope) -> list[Need]:
    """What must be so before the branch sells, as this side knows it; nothing where it works with a base 2.0."""
    if not scope.base.is_discontinued:
        return []
    if is_branch():
        return needs_of_branch(scope)
    nodes = list(Node.objects.in_use().filter(location=scope.location))
    is_with_central = mode_of(scope.base, scope.location) != AccountingMode.OWN
    return needs_at_central(scope.location, nodes, is_with_central=is_with_central)


def _rows(scope: Scope) -> BranchOrderQuerySet:
    return BranchOrder.objects.in_base(scope.base).filter(location=scope.location)


def _facts(scope: Scope) -> dict[str, object]:
    own = OwnNode.objects.filter(base=scope.base).first() if is_branch() else None
    return {
        "is_branch": is_branch(),
        "currency": scope.organization.currency,
        "reconciled_at": own.succeeded_at if own else None,
    }
