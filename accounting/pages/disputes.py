"""That a customer disputes an invoice, and how that ended."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounting.choices import InvoiceKind
from accounting.models import Dispute
from accounting.operations.disputing import dispute_invoice, end_dispute
from accounting.pages.debits import collector
from accounting.pages.forms import PlainForm
from accounting.pages.frame import INVOICE, address_of, show_billing_page
from accounting.pages.invoices import seen_by
from mcp.console.operation_forms import show_refusal


class BeginForm(PlainForm):
    words = forms.CharField(label=gettext_lazy("What the customer disputes"), max_length=200)


class EndForm(PlainForm):
    words = forms.CharField(label=gettext_lazy("How the dispute has ended"), max_length=200)


def dispute_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A form that begins the dispute about an invoice, or ends the one that is open."""
    scope = collector(request)
    invoice = get_object_or_404(seen_by(scope).filter(kind=InvoiceKind.INVOICE), pk=pk)
    standing = Dispute.objects.filter(base=invoice.base_id, invoice=invoice, ended_at=None).first()
    form = (EndForm if standing else BeginForm)(request.POST or None)
    if request.method == "POST" and form.is_valid():
        words = form.cleaned_data["words"]
        try:
            if standing:
                end_dispute(dispute=standing.pk, outcome=words, actor=scope)
            else:
                dispute_invoice(invoice=invoice.pk, reason=words, actor=scope)
        except ValidationError as refusal:
            show_refusal(form, refusal, {"reason": "words", "outcome": "words"})
        else:
            messages.success(request, _("The dispute has ended.") if standing else _("The invoice is disputed."))
            return HttpResponseRedirect(address_of(INVOICE, invoice.pk))
    context = {
        "form": form, "button": _("End dispute") if standing else _("Dispute invoice"),
        "back": address_of(INVOICE, invoice.pk),
        "sentence": standing.reason if standing else _(
            "While it is disputed nothing is debited for it, and nobody is reminded of it."
        ),
    }  # fmt: skip
    return show_billing_page(
        request, "form", _("Dispute about the invoice %(invoice)s") % {"invoice": invoice}, context
    )
