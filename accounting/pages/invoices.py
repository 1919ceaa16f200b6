"""Invoices: the list, one of them with its documents, and cancelling it."""

from __future__ import annotations

import io
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Sum
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounting.amounts import ZERO
from accounting.choices import DocumentFormat, InvoiceKind, InvoiceState
from accounting.invoicing import cancel_invoice
from accounting.invoicing.contents import buyer_name
from accounting.invoicing.issuers import is_billed_elsewhere
from accounting.invoicing.making import document_of
from accounting.models import Dispute, Invoice, InvoiceLine, InvoiceVat
from accounting.pages.frame import INVOICE, INVOICES, RUNS, address_of, may, seer, show_page
from accounting.pages.invoice_forms import OVERDUE, CancelForm, SearchForm
from accounting.querysets import InvoiceQuerySet
from customers.models import Customer
from locations.permissions import Right
from mcp.console.operation_forms import show_refusal
from mcp.isolation.scope import Scope

PAGE = 50
SHOWN_LINES = 500
_TYPES = {DocumentFormat.PDF: "application/pdf", DocumentFormat.XML: "application/xml"}


def seen_by(scope: Scope) -> InvoiceQuerySet:
    """At the central all invoices, at a branch those of the customers who are registered there."""
    found = Invoice.objects.in_base(scope.base)
    return found.of_customers_at(scope.location) if is_billed_elsewhere(scope) else found


def may_bill(scope: Scope) -> bool:
    return may(scope, Right.BILL_CUSTOMERS) and not is_billed_elsewhere(scope)


def invoices_page(request: HttpRequest) -> HttpResponse:
    """The latest first; ?q= is a number or that of a customer, ?state= narrows, ?before= goes on from an invoice."""
    scope = seer(request)
    form = SearchForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    rows = list(_before(request, _asked(seen_by(scope), asked, scope))[: PAGE + 1])
    shown = rows[:PAGE]
    kept = {name: value for name, value in asked.items() if value}
    older = urlencode({**kept, "before": shown[-1].pk}) if len(rows) > PAGE else ""
    context = {
        "form": SearchForm(initial=asked),
        "rows": [(one, buyer_name(one.buyer_data), _is_overdue(one)) for one in shown],
        "is_narrowed": bool(kept),
        "older": older,
        "is_first": "before" not in request.GET,
        "runs_address": address_of(RUNS) if may_bill(scope) else "",
    }
    return show_page(request, "invoices", _("Invoices"), context)


def _asked(found: InvoiceQuerySet, asked: dict[str, Any], scope: Scope) -> InvoiceQuerySet:
    words, state = str(asked.get("q", "")).strip(), asked.get("state", "")
    if words.isdecimal() and len(words) <= 9:
        whose = Customer.objects.in_base(scope.base).filter(customer_number=int(words)).values_list("pk", flat=True)
        found = found.filter(customer__in=list(whose))
    elif words:
        found = found.filter(number=words.upper())
    if state == OVERDUE:
        return found.overdue(timezone.localdate())
    return found.filter(state=state) if state else found


def _before(request: HttpRequest, found: InvoiceQuerySet) -> InvoiceQuerySet:
    """Those after the invoice of ?before=, from the end of the index on."""
    ordered = found.order_by("-issued_on", "-number", "-pk")
    try:
        mark = Invoice.objects.filter(pk=UUID(request.GET.get("before", ""))).first()
    except ValueError:
        return ordered
    if mark is None:
        return ordered
    later = ordered.filter(issued_on__lte=mark.issued_on)
    return later.exclude(issued_on=mark.issued_on, number__gte=mark.number)


def _is_overdue(one: Invoice) -> bool:
    is_to_pay = one.state in (InvoiceState.OPEN, InvoiceState.PARTLY_PAID)
    return is_to_pay and one.due_on is not None and one.due_on < timezone.localdate()


def overdue_facts(scope: Scope) -> dict[str, object]:
    """The context of the panel on the front page: how many are overdue, and what is open of them. One query."""
    found = seen_by(scope).overdue(timezone.localdate()).order_by()
    sums = found.aggregate(count=Count("pk"), gross=Sum("gross"), paid=Sum("paid"))
    amount = (sums["gross"] or ZERO) - (sums["paid"] or ZERO)
    return {"overdue": sums["count"], "amount": amount, "currency": scope.organization.currency}


def invoice_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One invoice: its sums, its lines, what is paid, and its documents."""
    scope = seer(request)
    one = _invoice_or_404(pk, scope)
    lines = InvoiceLine.objects.filter(base=one.base_id, invoice=one).order_by("position")
    is_cancellable = one.kind == InvoiceKind.INVOICE and not one.is_cancelled and may_bill(scope)
    context = {
        "one": one,
        "buyer": buyer_name(one.buyer_data),
        "is_overdue": _is_overdue(one),
        "lines": lines[:SHOWN_LINES],
        "rates": InvoiceVat.objects.filter(base=one.base_id, invoice=one).order_by("-rate"),
        "cancellation": Invoice.objects.filter(base=one.base_id, cancels=one).first(),
        "is_cancellable": is_cancellable,
        "dispute": Dispute.objects.filter(base=one.base_id, invoice=one, ended_at=None).first(),
        "may_dispute": one.kind == InvoiceKind.INVOICE and may(scope, Right.COLLECT_PAYMENTS),
        "formats": list(DocumentFormat),
        "back": address_of(INVOICES),
    }
    return show_page(request, "invoice", f"{one.get_kind_display()} {one.number}", context)


def invoice_file(request: HttpRequest, pk: UUID, kind: str) -> HttpResponseBase:
    """The PDF or the XML of an invoice."""
    scope = seer(request)
    one = _invoice_or_404(pk, scope)
    try:
        asked = DocumentFormat(kind)
    except ValueError as error:
        raise Http404 from error
    content = document_of(one, asked)
    response = FileResponse(
        io.BytesIO(content),
        as_attachment=True,
        filename=f"{one.number}.{kind}",
        content_type=_TYPES[asked],
    )
    response["Cache-Control"] = "no-store"
    return response


def invoice_cancel_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Cancelling an invoice, with the reason."""
    scope = seer(request)
    scope.demand(Right.BILL_CUSTOMERS)
    one = _invoice_or_404(pk, scope)
    form = CancelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            done = cancel_invoice(invoice=one.pk, reason=form.cleaned_data["reason"], actor=scope)
        except ValidationError as refusal:
            show_refusal(form, refusal, {"movement_with_reason": "reason"})
        else:
            sentence = _("%(number)s is cancelled by %(cancellation)s. Its orders are open again.")
            messages.success(request, sentence % {"number": one.number, "cancellation": done.number})
            return HttpResponseRedirect(address_of(INVOICE, done.pk))
    context = {"form": form, "button": _("Cancel the invoice"), "back": address_of(INVOICE, one.pk)}
    return show_page(request, "form", _("Cancel %(number)s") % {"number": one.number}, context)


def _invoice_or_404(pk: UUID, scope: Scope) -> Invoice:
    return get_object_or_404(seen_by(scope).select_related("customer", "cancels", "run"), pk=pk)
