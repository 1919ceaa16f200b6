"""Reminders: the list of runs, one of them with its preview and its PDF, and the levels."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Sum
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounting.amounts import ZERO
from accounting.choices import DunningLeftOut, DunningRunState, NoticeState
from accounting.dunning import cancel_run, levels_of, prepare_run, send_run, set_level
from accounting.dunning.notices import AT_ONCE, pdf_of, printed_in_part, to_print
from accounting.dunning.runs import demand_reminder
from accounting.invoicing.issuers import issuer_of
from accounting.letter_choices import LetterSource
from accounting.mailing import mail_documents
from accounting.models import DunningNotice, DunningRun
from accounting.owners import owners_shown
from accounting.pages.debits import SHOWN_NAMES, Left, collector
from accounting.pages.forms import AmountField, PlainForm
from accounting.pages.frame import (
    LEVELS,
    REMINDERS,
    REMINDERS_RUN,
    address_of,
    may,
    seer,
    show_billing_page,
    table_address,
)
from accounting.pages.letters import mailing_of, part_asked, told_of
from accounting.querysets import DunningRunQuerySet
from customers.console.frame import page_number
from customers.field_groups import FieldGroup
from locations.permissions import Right
from mcp.console.operation_forms import show_refusal
from mcp.isolation.scope import Scope

PAGE = 50
STEPS: Mapping[str, Callable[..., DunningRun]] = {"send": send_run, "cancel": cancel_run}


class LevelForm(PlainForm):
    title = forms.CharField(label=gettext_lazy("Heading"), max_length=80)
    days_after_due = forms.IntegerField(label=gettext_lazy("Days after the due day"), min_value=1, max_value=365)
    days_to_pay = forms.IntegerField(label=gettext_lazy("Days to pay"), min_value=1, max_value=90)
    fee = AmountField(label=gettext_lazy("Fee"), required=False)
    is_fee_posted = forms.BooleanField(
        label=gettext_lazy("the fee is booked"), required=False,
        help_text=gettext_lazy("On the account of the customer; otherwise it is printed alone."),
    )  # fmt: skip
    text = forms.CharField(label=gettext_lazy("Text"), max_length=2000, widget=forms.Textarea(attrs={"rows": 6}))


def runs_of(scope: Scope) -> DunningRunQuerySet:
    """Those of whose ledger is reminded here; none where the central does so: invoices of others are in them."""
    return DunningRun.objects.in_base(scope.base).filter(owner_key__in=owners_shown(scope).billed)


def reminders_page(request: HttpRequest) -> HttpResponse:
    """The latest runs first; a POST prepares a new one."""
    scope = collector(request)
    if request.method == "POST":
        return _prepared(request, scope)
    page = page_number(request)
    rows = list(runs_of(scope).order_by("-created_at")[(page - 1) * PAGE : page * PAGE + 1])
    context = {
        "rows": rows[:PAGE], "currency": scope.organization.currency, "levels_address": address_of(LEVELS),
        "newer": page - 1, "older": page + 1 if len(rows) > PAGE else 0,
    }  # fmt: skip
    return show_billing_page(request, "reminders", _("Reminders"), context, names_place=True)


def _prepared(request: HttpRequest, scope: Scope) -> HttpResponse:
    try:
        run = prepare_run(actor=scope)
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
        return HttpResponseRedirect(address_of(REMINDERS))
    return HttpResponseRedirect(address_of(REMINDERS_RUN, run.pk))


def reminders_run_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Who gets which level, and who is left out and why; `step` of a POST sends, cancels or mails the run."""
    scope = collector(request)
    run = get_object_or_404(runs_of(scope), pk=pk)
    if request.method == "POST":
        return _stepped(request, run, scope)
    page = page_number(request)
    listed = DunningNotice.objects.of_run(run).exclude(state=NoticeState.LEFT_OUT).select_related("invoice", "customer")
    rows = list(listed.order_by("-level", "invoice__number")[(page - 1) * PAGE : page * PAGE + 1])
    context = {
        "table_address": table_address("reminders", scope, run.pk),
        "run": run, "currency": scope.organization.currency, "rows": rows[:PAGE], "left_out": left_out_of(run),
        "newer": page - 1, "older": page + 1 if len(rows) > PAGE else 0,
        "is_open": run.state == DunningRunState.PREVIEWED,
        "parts": range(1, -(-to_print(run).count() // AT_ONCE) + 1) if _is_printed(run, scope) else (),
        "mailing": mailing_of(run, scope) if run.state == DunningRunState.SENT else None,
        "back": address_of(REMINDERS),
    }  # fmt: skip
    return show_billing_page(request, "reminders_run", _("Reminders of %(day)s") % {"day": run}, context)


def _is_printed(run: DunningRun, scope: Scope) -> bool:
    """Whether it is sent, and may be printed by whoever sees the addresses on it."""
    return run.state == DunningRunState.SENT and may(scope, FieldGroup.CONTACT.right)


def left_out_of(run: DunningRun) -> list[Left]:
    """Who is not reminded, by reason: one query, and one for each reason."""
    rows = DunningNotice.objects.of_run(run).filter(state=NoticeState.LEFT_OUT)
    sums = rows.values("left_out").annotate(count=Count("pk"), sum=Sum("amount")).order_by("left_out")
    return [
        Left(str(DunningLeftOut(one["left_out"]).label), one["count"], one["sum"], _names(rows, one["left_out"]))
        for one in sums
    ]


def _names(rows: Any, reason: str) -> list[str]:
    shown = rows.filter(left_out=reason).select_related("customer", "invoice").order_by("invoice__number")
    return [f"{one.customer} ({one.invoice})" for one in shown[:SHOWN_NAMES]]


def _stepped(request: HttpRequest, run: DunningRun, scope: Scope) -> HttpResponse:
    asked = request.POST.get("step", "")
    step = STEPS.get(asked)
    try:
        demand_reminder(scope)
        if step is not None:
            step(run=run.pk, actor=scope)
        elif asked == "mail":
            done = mail_documents(source=LetterSource.REMINDERS, pk=run.pk, actor=scope)
            messages.success(request, told_of(done))
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    return HttpResponseRedirect(address_of(REMINDERS_RUN, run.pk))


def reminders_file(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The reminders of a run as PDF, a page for each (a part of them, ?part=)."""
    scope = collector(request)
    scope.demand(FieldGroup.CONTACT.right)
    run = get_object_or_404(runs_of(scope).filter(state=DunningRunState.SENT), pk=pk)
    found = printed_in_part(run, part_asked(request))
    issuer = issuer_of(scope)
    if not found or issuer is None:
        raise Http404
    content, name = io.BytesIO(pdf_of(run, found, issuer)), f"{_('reminders')}-{run.day:%Y-%m-%d}.pdf"
    response = FileResponse(content, as_attachment=True, filename=name, content_type="application/pdf")
    response["Cache-Control"] = "no-store"
    return response


def levels_page(request: HttpRequest) -> HttpResponse:
    """The levels in their order."""
    scope = collector(request)
    context = {
        "rows": levels_of(scope), "currency": scope.organization.currency, "back": address_of(REMINDERS),
        "may_write": may(scope, Right.MANAGE_ACCOUNT_TERMS) and owners_shown(scope).billing is not None,
    }  # fmt: skip
    return show_billing_page(request, "levels", _("Levels of reminders"), context, names_place=True)


def level_page(request: HttpRequest, level: str) -> HttpResponse:
    """A form for one level."""
    scope = seer(request)
    scope.demand(Right.MANAGE_ACCOUNT_TERMS)
    one = next((found for found in levels_of(scope) if str(found.level) == level), None)
    if one is None:
        raise Http404
    known = {name: getattr(one, name) for name in LevelForm.base_fields}
    form = LevelForm(request.POST or None, initial=known | {"fee": number_format(one.fee, decimal_pos=2)})
    if request.method == "POST" and form.is_valid():
        try:
            set_level(
                level=one.level, values=form.cleaned_data | {"fee": form.cleaned_data["fee"] or ZERO}, actor=scope
            )
        except ValidationError as refusal:
            show_refusal(form, refusal, {"dunninglevel_fee_positive": "fee"})
        else:
            messages.success(request, _("The level is changed."))
            return HttpResponseRedirect(address_of(LEVELS))
    context = {"form": form, "button": _("Save"), "back": address_of(LEVELS)}
    return show_billing_page(request, "form", _("Level %(level)s of reminders") % {"level": level}, context)
