"""Invoices: the list, one of them with its documents, and cancelling it."""

from __future__ import annotations

import io
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, Sum
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
from accounting.invoicing.making import document_of
from accounting.models import Dispute, Invoice, InvoiceLine, InvoiceVat
from accounting.models.ledgers import OF_ALL
from accounting.owners import Owners, owners_shown
from accounting.pages.frame import INVOICE, INVOICES, RUNS, address_of, may, seer, show_billing_page
from accounting.pages.invoice_events import events_of
from accounting.pages.invoice_forms import OVERDUE, CancelForm, SearchForm
from accounting.pages.letters import letters_shown
from accounting.querysets import InvoiceQuerySet
from customers.field_groups import FieldGroup
from customers.models import Customer
from locations.permissions import Right
from mcp.console.operation_forms import show_refusal
from mcp.isolation.scope import Scope

PAGE = 50
SHOWN_LINES = 500
_TYPES = {DocumentFormat.PDF: "application/pdf", DocumentFormat.XML: "application/xml"}


OF_CENTRAL = "central"
"""What ?of= says for those that the central makes, at a location that makes invoices of its own."""


def seen_by(scope: Scope) -> InvoiceQuerySet:
    """At the central its invoices, at a location with accounts of its own those of that location, and at another branch
    those of the customers who are registered there; with these its own ones where it had accounts of its own.
    """
    owners, found = owners_shown(scope), Invoice.objects.in_base(scope.base)
    if owners.billing is None:
        return found.of_customers_at(scope.location)
    of_its_own = Q(owner_key=owners.billing)
    return found.filter(of_its_own | _of_central(scope)) if owners.is_back else found.filter(of_its_own)


def read_by(scope: Scope) -> InvoiceQuerySet:
    """Those of `seen_by`, and at a location on its own what the central has made for customers registered there."""
    if not owners_shown(scope).bills_on_its_own:
        return seen_by(scope)
    own = Q(owner_key=scope.location.pk)
    return Invoice.objects.in_base(scope.base).filter(own | _of_central(scope))


def _of_central(scope: Scope) -> Q:
    return Q(owner_key=OF_ALL, customer__home_location=scope.location)


def may_bill(scope: Scope) -> bool:
    return may(scope, Right.BILL_CUSTOMERS) and owners_shown(scope).billing is not None


def invoices_page(request: HttpRequest) -> HttpResponse:
    """The latest first; ?q= is a number or that of a customer, ?state= and ?run= narrow, ?before= goes on from one.

    At a location on its own ?of=central shows those that the central makes of customers who are registered there.
    """
    scope = seer(request)
    owners = owners_shown(scope)
    is_of_central = owners.bills_on_its_own and not owners.is_back and request.GET.get("of") == OF_CENTRAL
    form = SearchForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    found = read_by(scope).filter(owner_key=OF_ALL) if is_of_central else seen_by(scope)
    rows = list(_before(request, _asked(found, asked, scope))[: PAGE + 1])
    shown = rows[:PAGE]
    kept = {name: value for name, value in asked.items() if value}
    of = {"of": OF_CENTRAL} if is_of_central else {}
    older = urlencode({**kept, **of, "before": shown[-1].pk}) if len(rows) > PAGE else ""
    context = {
        "form": SearchForm(initial=asked),
        "rows": [(one, buyer_name(one.buyer_data), _is_overdue(one)) for one in shown],
        "is_narrowed": bool(kept),
        "older": older,
        "is_first": "before" not in request.GET,
        "runs_address": address_of(RUNS) if may_bill(scope) else "",
        "names_issuer": owners.is_back,
        **_whose(owners, scope, is_of_central=is_of_central),
    }
    title = _("Invoices of the central") if is_of_central else _("Invoices")
    return show_billing_page(request, "invoices", title, context, names_place=not owners.is_back and not is_of_central)


def _whose(owners: Owners, scope: Scope, *, is_of_central: bool) -> dict[str, object]:
    """At a location on its own the way to the other invoices, and of those of the central whose they are."""
    if is_of_central:
        sentence = _("The central has made these for customers who are registered at %(location)s.")
        return {
            "of": OF_CENTRAL,
            "own_address": address_of(INVOICES),
            "for_whom": sentence % {"location": scope.location.name},
        }
    if owners.bills_on_its_own and not owners.is_back:
        return {"central_address": f"{address_of(INVOICES)}?of={OF_CENTRAL}"}
    return {}


def _asked(found: InvoiceQuerySet, asked: dict[str, Any], scope: Scope) -> InvoiceQuerySet:
    words, state = str(asked.get("q", "")).strip(), asked.get("state", "")
    if words.isdecimal() and len(words) <= 9:
        whose = Customer.objects.in_base(scope.base).filter(customer_number=int(words)).values_list("pk", flat=True)
        found = found.filter(customer__in=list(whose))
    elif words:
        found = found.filter(number=words.upper())
    if asked.get("run"):
        found = found.filter(run=asked["run"])
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
    owners = owners_shown(scope)
    may_cancel = one.owner_key == owners.billing and may(scope, Right.BILL_CUSTOMERS)
    is_address_shown = may(scope, FieldGroup.CONTACT.right)
    context = {
        "one": one,
        "buyer": buyer_name(one.buyer_data),
        "is_overdue": _is_overdue(one),
        "lines": lines[:SHOWN_LINES],
        "rates": InvoiceVat.objects.filter(base=one.base_id, invoice=one).order_by("-rate"),
        "cancellation": Invoice.objects.filter(base=one.base_id, cancels=one).first(),
        "is_cancellable": one.kind == InvoiceKind.INVOICE and not one.is_cancelled and may_cancel,
        "dispute": Dispute.objects.filter(base=one.base_id, invoice=one, ended_at=None).first(),
        "may_dispute": (
            one.kind == InvoiceKind.INVOICE and one.owner_key in owners.all and may(scope, Right.COLLECT_PAYMENTS)
        ),
        "formats": list(DocumentFormat) if is_address_shown else (),
        "is_address_shown": is_address_shown,
        "events": events_of(one) if may(scope, Right.COLLECT_PAYMENTS) else (),
        **letters_shown(one, scope),
        "back": address_of(INVOICES),
        **_whose(owners, scope, is_of_central=owners.bills_on_its_own and one.owner_key == OF_ALL),
    }
    return show_billing_page(request, "invoice", f"{one.get_kind_display()} {one.number}", context)


def invoice_file(request: HttpRequest, pk: UUID, kind: str) -> HttpResponseBase:
    """The PDF or the XML of an invoice, for whoever sees the address that stands in it."""
    scope = seer(request)
    scope.demand(FieldGroup.CONTACT.right)
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
    if owners_shown(scope).billing not in (None, one.owner_key):  # where the central bills, the operation says so
        raise Http404
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
    return show_billing_page(request, "form", _("Cancel %(number)s") % {"number": one.number}, context)


def _invoice_or_404(pk: UUID, scope: Scope) -> Invoice:
    return get_object_or_404(read_by(scope).select_related("customer", "cancels", "run"), pk=pk)
