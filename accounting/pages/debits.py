"""Debit files: the list, a new one, one of them with its preview and its steps, and its bytes."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Sum
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounting.banking.return_reasons import REASONS, USUAL, ReturnReason
from accounting.choices import DebitFileState, DebitLeftOut, DebitState
from accounting.debits.calls import demand_collector
from accounting.debits.files import announce_debits, cancel_file, demand_creditor, prepare_debits, start_file
from accounting.debits.notices import AT_ONCE, announced_in_part, pdf_of, to_print
from accounting.debits.outcomes import return_debit, start_collecting
from accounting.letter_choices import LetterSource
from accounting.mailing import mail_documents
from accounting.models import DebitFile, DebitFileChunk, DebitItem
from accounting.owners import owners_shown
from accounting.pages.forms import AmountField, PlainForm, day_field
from accounting.pages.frame import (
    DEBIT_FILE,
    DEBIT_NEW,
    DEBITS,
    ISSUER,
    address_of,
    may,
    seer,
    show_billing_page,
    table_address,
)
from accounting.pages.letters import mailing_of, part_asked, told_of
from accounting.querysets import DebitFileQuerySet
from customers.console.frame import page_number, whole_page_again
from files import chunks
from locations.permissions import Right
from mcp.console.operation_forms import show_refusal
from mcp.isolation.scope import Scope

PAGE = 50
SHOWN_NAMES = 20
KINDS: Mapping[str, tuple[Right, ...]] = {
    "xml": (Right.SEE_BANK_DATA,), "announcements": (Right.SEE_BANK_DATA, Right.SEE_CONTACT_DATA),
}  # fmt: skip
"""The files of a debit file, with what they take besides: announcements have addresses on them."""
UNDER_WAY = (DebitFileState.RUNNING, DebitFileState.COLLECTING)
PROGRESS = "run-progress"
"""The part of the page that asks until the worker is done."""
USUAL_DAYS = 15
"""Proposed for the day of a debit: a mandate is usually announced 14 days before."""


class DebitFileForm(PlainForm):
    due_until = day_field(gettext_lazy("Invoices that are due until"))
    collect_on = day_field(
        gettext_lazy("Day of the debit"), help_text=gettext_lazy("Later than today, and late enough to announce it.")
    )


class DayForm(PlainForm):
    on = day_field(gettext_lazy("Day"))


def _choice(reason: ReturnReason) -> tuple[str, Any]:
    return reason.code, format_lazy("{}: {}", reason.code, reason.sentence)


class ReturnForm(PlainForm):
    code = forms.ChoiceField(
        label=gettext_lazy("Why the bank has sent it back"),
        choices=[
            ("", ""),
            (gettext_lazy("The usual ones"), [_choice(REASONS[code]) for code in USUAL]),
            (gettext_lazy("All others"), [_choice(one) for one in REASONS.values() if one.code not in USUAL]),
        ],
    )
    on = day_field(gettext_lazy("Day"))
    charges = AmountField(label=gettext_lazy("Charges of the bank"), required=False)
    is_charged = forms.BooleanField(label=gettext_lazy("the customer pays the charges"), required=False)


@dataclass(frozen=True)
class Left:
    """Who is not debited, for one reason."""

    reason: str
    count: int
    amount: Decimal
    names: Sequence[str]


def collector(request: HttpRequest) -> Scope:
    """The scope of whoever may make debits here. Raises MissingRight."""
    scope = seer(request)
    scope.demand(Right.COLLECT_PAYMENTS)
    return scope


def files_of(scope: Scope) -> DebitFileQuerySet:
    """Those of whose ledger is debited here; none where the central does so: invoices of others are in them."""
    return DebitFile.objects.in_base(scope.base).filter(owner_key__in=owners_shown(scope).billed)


def debits_page(request: HttpRequest) -> HttpResponse:
    """The latest first."""
    scope = collector(request)
    page = page_number(request)
    rows = list(files_of(scope).order_by("-created_at")[(page - 1) * PAGE : page * PAGE + 1])
    context = {
        "rows": rows[:PAGE], "currency": scope.organization.currency, "new_address": address_of(DEBIT_NEW),
        "problem": _problem(scope), "issuer_address": address_of(ISSUER) if may(scope, Right.MANAGE_LOCATION) else "",
        "newer": page - 1, "older": page + 1 if len(rows) > PAGE else 0,
    }  # fmt: skip
    return show_billing_page(request, "debits", _("SEPA debits"), context, names_place=True)


def _problem(scope: Scope) -> str:
    """Why no file can be made here; empty where one can."""
    try:
        demand_collector(scope)
        demand_creditor(scope)
    except ValidationError as refusal:
        return " ".join(refusal.messages)
    return ""


def debit_new_page(request: HttpRequest) -> HttpResponse:
    """Until which day invoices are due, and when they are debited; its answer is the preview."""
    scope = collector(request)
    today = timezone.localdate()
    usual = {"due_until": today + timedelta(days=USUAL_DAYS), "collect_on": today + timedelta(days=USUAL_DAYS)}
    form = DebitFileForm(request.POST or None, initial=usual)
    if request.method == "POST" and form.is_valid():
        try:
            file = prepare_debits(**form.cleaned_data, actor=scope)
        except ValidationError as refusal:
            show_refusal(form, refusal, {"debitfile_collects_what_is_due": "collect_on"})
        else:
            return HttpResponseRedirect(address_of(DEBIT_FILE, file.pk))
    context = {"form": form, "button": _("Preview"), "back": address_of(DEBITS)}
    return show_billing_page(request, "form", _("New debit file"), context)


def debit_file_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The preview and what has become of a file; `step` of a POST takes it further."""
    scope = collector(request)
    file = get_object_or_404(files_of(scope), pk=pk)
    if request.method == "POST":
        return _stepped(request, file, scope)
    if request.headers.get("HX-Target") == PROGRESS and file.state not in UNDER_WAY:
        return whole_page_again()  # the worker is done: now there is a file to be fetched
    items = DebitItem.objects.of_file(file)
    is_open = file.state in (DebitFileState.PREVIEWED, DebitFileState.FAILED)
    may_print = all(may(scope, right) for right in KINDS["announcements"])
    page = page_number(request)
    listed = items.exclude(state=DebitState.LEFT_OUT).select_related("invoice", "customer")
    rows = list(listed.order_by("position", "invoice__number")[(page - 1) * PAGE : page * PAGE + 1])
    context = {
        "table_address": table_address("debits", scope, file.pk),
        "file": file, "currency": scope.organization.currency, "today": timezone.localdate(), "rows": rows[:PAGE],
        "newer": page - 1, "older": page + 1 if len(rows) > PAGE else 0, "left_out": left_out_of(file),
        "parts": range(1, -(-to_print(file).count() // AT_ONCE) + 1) if is_open and may_print else (),
        "mailing": mailing_of(file, scope) if is_open or file.state == DebitFileState.DONE else None,
        "is_open": is_open, "is_under_way": file.state in UNDER_WAY,
        "unannounced": items.filter(state=DebitState.PROPOSED, announced_on=None).count(),
        "announced": items.filter(state=DebitState.PROPOSED).exclude(announced_on=None).count(),
        "pending": items.pending().count(),
        "may_fetch": file.sha256 and may(scope, Right.SEE_BANK_DATA),
        "may_cancel": is_open or (file.state == DebitFileState.DONE and not _is_settled(items)),
        "back": address_of(DEBITS),
    }  # fmt: skip
    day = date_format(file.collect_on, "SHORT_DATE_FORMAT")
    return show_billing_page(request, "debit_file", _("Debits of %(day)s") % {"day": day}, context)


def _is_settled(items: Any) -> bool:
    """Whether a debit was collected or returned."""
    return bool(items.filter(state__in=[DebitState.COLLECTED, DebitState.RETURNED]).exists())


def left_out_of(file: DebitFile) -> list[Left]:
    """Who is not debited, by reason: one query, and one for each reason."""
    rows = DebitItem.objects.of_file(file).filter(state=DebitState.LEFT_OUT)
    sums = rows.values("left_out").annotate(count=Count("pk"), sum=Sum("amount")).order_by("left_out")
    return [
        Left(
            str(DebitLeftOut(one["left_out"]).label), one["count"], one["sum"],
            [f"{row.customer} ({row.invoice})" for row in rows.filter(left_out=one["left_out"]).select_related(
                "customer", "invoice"
            ).order_by("invoice__number")[:SHOWN_NAMES]],
        )
        for one in sums
    ]  # fmt: skip


def _announce(file: DebitFile, on: date, scope: Scope) -> str:
    many = announce_debits(file=file.pk, on=on, actor=scope)
    return ngettext("%(many)s debit is announced.", "%(many)s debits are announced.", many) % {"many": many}


def _start(file: DebitFile, _on: date, scope: Scope) -> str:
    start_file(file=file.pk, actor=scope)
    return ""


def _cancel(file: DebitFile, _on: date, scope: Scope) -> str:
    cancel_file(file=file.pk, actor=scope)
    return _("The debit file is cancelled.")


def _collect(file: DebitFile, on: date, scope: Scope) -> str:
    many = start_collecting(file=file.pk, on=on, actor=scope)
    if many is None:
        return ""
    return ngettext("%(many)s debit is collected.", "%(many)s debits are collected.", many) % {"many": many}


def _mail(file: DebitFile, _on: date, scope: Scope) -> str:
    return told_of(mail_documents(source=LetterSource.DEBIT_FILE, pk=file.pk, actor=scope))


STEPS: Mapping[str, Callable[[DebitFile, date, Scope], str]] = {
    "announce": _announce, "mail": _mail, "start": _start, "cancel": _cancel, "collect": _collect,
}  # fmt: skip


def _stepped(request: HttpRequest, file: DebitFile, scope: Scope) -> HttpResponse:
    form, step = DayForm(request.POST), STEPS.get(request.POST.get("step", ""))
    on = form.cleaned_data["on"] if form.is_valid() else timezone.localdate()
    try:
        demand_collector(scope)
        if step is not None and (said := step(file, on, scope)):
            messages.success(request, said)
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    return HttpResponseRedirect(address_of(DEBIT_FILE, file.pk))


def debit_file_bytes(request: HttpRequest, pk: UUID, kind: str) -> HttpResponseBase:
    """The file for the bank, or the announcements as PDF (a part of them, ?part=)."""
    scope = collector(request)
    if kind not in KINDS:
        raise Http404
    for right in KINDS[kind]:
        scope.demand(right)
    file = get_object_or_404(files_of(scope), pk=pk)
    content = _xml(file) if kind == "xml" else _announcements(request, file, scope)
    name = f"{file.message_id}.xml" if kind == "xml" else f"{_('announcements')}-{file}.pdf"
    response = FileResponse(content, as_attachment=True, filename=name, content_type="application/octet-stream")
    response["Cache-Control"] = "no-store"
    return response


def _xml(file: DebitFile) -> io.BytesIO:
    """The file as it was made; ten thousand debits are eight megabytes. Raises Http404 where it is not there."""
    if file.state != DebitFileState.DONE or not chunks.is_intact(DebitFileChunk, file=file):
        raise Http404
    return io.BytesIO(b"".join(chunks.read(DebitFileChunk, file=file)))


def _announcements(request: HttpRequest, file: DebitFile, scope: Scope) -> io.BytesIO:
    found = announced_in_part(file, part_asked(request))
    if not found:
        raise Http404
    try:
        creditor = demand_creditor(scope)
    except ValidationError as refusal:
        raise Http404 from refusal
    return io.BytesIO(pdf_of(file, found, creditor))


def debit_return_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Why the bank has sent a debit back, and what it charges for it."""
    scope = collector(request)
    states = [DebitState.PENDING, DebitState.COLLECTED]
    owned = DebitItem.objects.in_base(scope.base).filter(owner_key__in=owners_shown(scope).billed)
    rows = owned.filter(state__in=states).select_related("invoice", "customer")
    one = get_object_or_404(rows, pk=pk)
    form = ReturnForm(request.POST or None, initial={"on": timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            return_debit(
                debit=one.pk, code=asked["code"], on=asked["on"], charges=asked["charges"] or Decimal(0),
                is_charged=asked["is_charged"], actor=scope,
            )  # fmt: skip
        except ValidationError as refusal:
            show_refusal(form, refusal, {"amount_invalid": "charges", "amount_of_less_than_a_cent": "charges"})
        else:
            messages.success(request, _("The debit is returned: what it has paid is open again."))
            return HttpResponseRedirect(address_of(DEBIT_FILE, one.file_id))
    context = {
        "form": form, "button": _("Book the return"), "back": address_of(DEBIT_FILE, one.file_id),
        "sentence": _("A payment that was booked is reversed. That cannot be taken back."),
    }  # fmt: skip
    title = _("Returned debit: %(customer)s, invoice %(invoice)s") % {"customer": one.customer, "invoice": one.invoice}
    return show_billing_page(request, "form", title, context)
