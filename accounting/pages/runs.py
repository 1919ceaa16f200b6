"""Runs of invoices: the list, a new one, and one with its preview, its progress, and what it left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from accounting.amounts import ZERO
from accounting.choices import Bundling, LeftOut, RunState
from accounting.invoicing import cancel_run, issuer_of, missing_of, prepare_run, start_run
from accounting.invoicing.contents import buyer_name
from accounting.letter_choices import LetterSource
from accounting.mailing import mail_documents
from accounting.mailing.printing import AT_ONCE, to_print
from accounting.models import Invoice, InvoiceRun, RunOrder
from accounting.owners import owners_shown
from accounting.pages.frame import INVOICES, ISSUER, RUN, RUN_NEW, RUNS, address_of, may, seer, show_billing_page
from accounting.pages.invoice_forms import RunForm
from accounting.pages.letters import mailing_of, told_of
from accounting.querysets import RunQuerySet
from customers.console.frame import page_number, whole_page_again
from customers.field_groups import FieldGroup
from customers.models import Customer
from locations.models import Location
from locations.permissions import Right
from mcp.console.operation_forms import show_refusal
from mcp.isolation.scope import Scope
from mcp.worker.mailing import is_configured

PAGE = 50
_OF_MINIMUM = ("amount_invalid", "amount_of_less_than_a_cent", "invoicerun_minimum_positive")
PROGRESS = "run-progress"
"""The part of the page that asks until the worker is done."""
SHOWN_NAMES, SHOWN_INVOICES = 20, 100


@dataclass(frozen=True)
class ToCome:
    """An invoice that a run would issue: to whom, for how many orders, and of which sum."""

    payer: str
    orders: int
    amount: Decimal


@dataclass(frozen=True)
class Left:
    """Who comes onto no invoice of a run, for one reason."""

    reason: str
    orders: int
    amount: Decimal
    names: Sequence[str]
    """The first of them."""
    is_more: bool


def biller(request: HttpRequest) -> Scope:
    """The scope of whoever may make invoices here. Raises MissingRight."""
    scope = seer(request)
    scope.demand(Right.BILL_CUSTOMERS)
    return scope


def runs_of(scope: Scope) -> RunQuerySet:
    """Those of whose ledger is billed here. Where the central bills there are none: customers of all are in them."""
    return InvoiceRun.objects.in_base(scope.base).filter(owner_key__in=owners_shown(scope).billed)


def runs_page(request: HttpRequest) -> HttpResponse:
    """The latest first."""
    scope = biller(request)
    page = page_number(request)
    rows = list(runs_of(scope).order_by("-created_at")[(page - 1) * PAGE : page * PAGE + 1])
    issuer = issuer_of(scope)
    context = {
        "rows": rows[:PAGE],
        "currency": scope.organization.currency,
        "missing": [str(one) for one in missing_of(issuer)],
        "issuer_address": address_of(ISSUER) if may(scope, Right.MANAGE_LOCATION) else "",
        "new_address": address_of(RUN_NEW),
        "newer": page - 1,
        "older": page + 1 if len(rows) > PAGE else 0,
        "back": address_of(INVOICES),
    }
    return show_billing_page(request, "runs", _("Runs of invoices"), context, names_place=True)


def run_new_page(request: HttpRequest) -> HttpResponse:
    """Which orders are billed; its answer is the preview."""
    scope = biller(request)
    form = RunForm(request.POST or None, scope=scope)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            run = prepare_run(
                until=asked["until"], locations=[one.pk for one in asked.get("locations", ())],
                groups=[one.pk for one in asked["groups"]], bundling=Bundling(asked["bundling"]),
                minimum=asked["minimum"] or ZERO, actor=scope,
            )  # fmt: skip
        except ValidationError as refusal:
            show_refusal(form, refusal, dict.fromkeys(_OF_MINIMUM, "minimum"))
        else:
            return HttpResponseRedirect(address_of(RUN, run.pk))
    context = {"form": form, "button": _("Preview"), "back": address_of(RUNS)}
    return show_billing_page(request, "form", _("Bill customers"), context)


def run_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The preview and the progress of a run; `step` of a POST starts, cancels or mails it."""
    scope = biller(request)
    run = get_object_or_404(runs_of(scope), pk=pk)
    if request.method == "POST":
        return _stepped(request, run, scope)
    if request.headers.get("HX-Target") == PROGRESS and run.state != RunState.RUNNING:
        return whole_page_again()  # the worker is done: now there are invoices, and who was left out
    is_issued = run.state == RunState.DONE
    may_print = may(scope, FieldGroup.CONTACT.right)
    places = Location.objects.filter(organization=scope.organization, pk__in=run.locations)
    context = {
        "run": run,
        "currency": scope.organization.currency,
        "places": [one.name for one in places],
        "left_out": left_out_of(run),
        "is_under_way": run.state == RunState.RUNNING,
        "to_come": to_come_of(run) if run.state == RunState.PREVIEWED else (),
        "may_start": run.state in (RunState.PREVIEWED, RunState.FAILED) and run.invoices,
        "may_cancel": run.state in (RunState.PREVIEWED, RunState.FAILED),
        "first": [
            (one, buyer_name(one.buyer_data))
            for one in Invoice.objects.filter(base=run.base_id, run=run).order_by("pk")[:SHOWN_INVOICES]
        ],
        "all_address": f"{address_of(INVOICES)}?run={run.pk}",
        "may_mail": is_configured(),
        "mailing": mailing_of(run, scope) if is_issued else None,
        "parts": range(1, -(-to_print(run).count() // AT_ONCE) + 1) if is_issued and may_print else (),
        "back": address_of(RUNS),
    }
    return show_billing_page(request, "run", _("Run of %(day)s") % {"day": run}, context)


def _stepped(request: HttpRequest, run: InvoiceRun, scope: Scope) -> HttpResponse:
    step = request.POST.get("step", "")
    try:
        if step == "start":
            start_run(run=run.pk, is_mailed="is_mailed" in request.POST, actor=scope)
        elif step == "cancel":
            cancel_run(run=run.pk, actor=scope)
        elif step == "mail":
            messages.success(request, told_of(mail_documents(source=LetterSource.RUN, pk=run.pk, actor=scope)))
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    return HttpResponseRedirect(address_of(RUN, run.pk))


def to_come_of(run: InvoiceRun) -> list[ToCome]:
    """The first invoices of a preview: two queries."""
    rows = list(RunOrder.objects.of_run(run).invoices_to_come()[:SHOWN_INVOICES])
    payers = Customer.objects.filter(base=run.base_id).in_bulk({one["payer"] for one in rows})
    return [ToCome(str(payers.get(one["payer"], "")), one["orders"], one["sum"]) for one in rows]


def left_out_of(run: InvoiceRun) -> list[Left]:
    """Who is left out of a run, by reason: one query, and one for each reason."""
    rows = RunOrder.objects.of_run(run).exclude(left_out="")
    sums = rows.values("left_out").annotate(orders=Count("order"), sum=Sum("amount")).order_by("left_out")
    return [_left(run, LeftOut(one["left_out"]), one["orders"], one["sum"]) for one in sums]


def _left(run: InvoiceRun, reason: LeftOut, orders: int, amount: Decimal) -> Left:
    rows = RunOrder.objects.of_run(run).filter(left_out=reason, payer__isnull=False).select_related("payer")
    names = list(dict.fromkeys(str(one.payer) for one in rows.order_by("bundle")[: SHOWN_NAMES * 5]))
    return Left(str(reason.label), orders, amount, names[:SHOWN_NAMES], len(names) > SHOWN_NAMES)
