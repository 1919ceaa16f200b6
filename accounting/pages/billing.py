"""Who issues invoices, and how a customer is billed: two forms."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from accounting.invoicing import billing_terms_of, issuer_of, missing_of, set_billing_terms, set_issuer
from accounting.invoicing.billing import FIELDS as BILLING_FIELDS
from accounting.invoicing.billing import fields_for
from accounting.invoicing.issuers import FIELDS as ISSUER_FIELDS
from accounting.invoicing.issuers import first_issuer
from accounting.models import BillingTerms, Issuer
from accounting.owners import owners_shown
from accounting.pages.booking import demand_base_or_404
from accounting.pages.frame import (
    ACCOUNT,
    INVOICES,
    ISSUER,
    OF_BEFORE,
    account_or_404,
    address_of,
    customer_or_404,
    ledger_asked,
    seer,
    show_billing_page,
    show_page,
)
from accounting.pages.invoice_forms import BillingForm, IssuerForm
from locations.permissions import Right
from mcp.console.operation_forms import show_refusal

_AT_FIELDS = {
    "issuer_prefixes_plain": "prefix",
    "issuer_prefixes_differ": "cancellation_prefix",
    "issuer_term_within_a_year": "payment_term",
    "billingterms_term_within_a_year": "payment_term",
    "billingterms_reason_when_held": "held_reason",
}


def issuer_page(request: HttpRequest) -> HttpResponse:
    """What stands on invoices about the business."""
    scope = seer(request)
    scope.demand(Right.MANAGE_LOCATION)
    found = issuer_of(scope)
    first = first_issuer(scope.location if owners_shown(scope).bills_on_its_own else None)
    form = IssuerForm(request.POST or None, instance=found or first)
    if request.method == "POST" and form.is_valid():
        try:
            one = set_issuer(values={name: form.cleaned_data[name] for name in ISSUER_FIELDS}, actor=scope)
        except ValidationError as refusal:
            show_refusal(form, refusal, _AT_FIELDS)
        else:
            _tell(request, one)
            return HttpResponseRedirect(address_of(ISSUER))
    context = {"form": form, "button": _("Save"), "back": address_of(INVOICES)}
    return show_billing_page(request, "form", _("Issuer of invoices"), context, names_place=True)


def _tell(request: HttpRequest, one: Issuer) -> None:
    missing = [str(label) for label in missing_of(one)]
    messages.success(request, _("The issuer is saved. Invoices that were issued stay as they are."))
    if missing:
        messages.warning(
            request, _("Before the first invoice is missing: %(missing)s.") % {"missing": ", ".join(missing)}
        )


def billing_page(request: HttpRequest, customer: int) -> HttpResponse:
    """How one customer is billed; with ?in=before in the ledger of before a switch, where that is billed here."""
    scope = seer(request)
    scope.demand(Right.MANAGE_ACCOUNT_TERMS)
    demand_base_or_404(scope)
    whose = customer_or_404(customer, scope)
    before = ledger_asked(request, scope)
    if before is not None and before.owner_key not in owners_shown(scope).all:
        raise Http404
    account_or_404(whose, scope, before)
    form = BillingForm(request.POST or None, instance=billing_terms_of(whose, scope, before) or BillingTerms())
    with scope.asked.only_looking():
        shown = fields_for(scope)
    for name in set(BILLING_FIELDS) - set(shown):
        del form.fields[name]
    back = address_of(ACCOUNT, whose.pk) + (OF_BEFORE if before else "")
    if request.method == "POST" and form.is_valid():
        values = {name: form.cleaned_data[name] for name in shown}
        try:
            set_billing_terms(customer=whose.pk, values=values, ledger=before.pk if before else None, actor=scope)
        except ValidationError as refusal:
            show_refusal(form, refusal, _AT_FIELDS)
        else:
            messages.success(request, _("The terms of billing are set."))
            return HttpResponseRedirect(back)
    context = {"form": form, "button": _("Save"), "back": back, "customer": whose}
    return show_page(request, "form", _("Billing of %(customer)s") % {"customer": whose}, context)
