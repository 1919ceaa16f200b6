"""The SEPA mandates of a customer: the list, a form for a new one, and its end."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounting.balances import ledger_of
from accounting.choices import MandateScheme, MandateState
from accounting.debits.mandates import Signature, add_mandate, revoke_mandate
from accounting.models import Mandate
from accounting.owners import owners_shown
from accounting.pages.forms import PlainForm, day_field
from accounting.pages.frame import (
    ACCOUNT,
    MANDATE_NEW,
    MANDATES,
    OF_BEFORE,
    account_or_404,
    address_of,
    customer_or_404,
    ledger_asked,
    may,
    seer,
    show_page,
)
from customers.models import Customer
from locations.permissions import Right
from mcp.console.operation_forms import show_refusal
from mcp.isolation.scope import Scope

_FIELDS = {
    "mandate_reference_once": "reference",
    "mandate_reference_of_banks": "reference",
    "mandate_sha256_of_form": "evidence_sha256",
    "mandate_used_after_signature": "last_used_on",
}


class MandateForm(PlainForm):
    reference = forms.CharField(
        label=gettext_lazy("Reference of the mandate"),
        max_length=35,
        required=False,
        help_text=gettext_lazy("Empty: the next one from the number of the customer."),
    )
    holder = forms.CharField(label=gettext_lazy("Account holder"), max_length=70)
    iban = forms.CharField(
        label=gettext_lazy("IBAN"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    signed_on = day_field(gettext_lazy("Signed on"))
    evidence = forms.CharField(
        label=gettext_lazy("How and where it was signed"),
        max_length=200,
        help_text=gettext_lazy("Such as: on paper at the till, filed under 2026/17."),
    )
    evidence_sha256 = forms.CharField(
        label=gettext_lazy("SHA-256 of the signed document"),
        max_length=64,
        required=False,
        help_text=gettext_lazy("Where it is kept as a file."),
    )
    scheme = forms.ChoiceField(label=gettext_lazy("Kind"), choices=MandateScheme)
    is_recurrent = forms.BooleanField(label=gettext_lazy("for any number of debits"), required=False, initial=True)
    notice_days = forms.IntegerField(
        label=gettext_lazy("Days of notice"),
        min_value=1,
        max_value=60,
        initial=14,
        help_text=gettext_lazy("So many days before a debit it is announced, as was agreed."),
    )
    last_used_on = day_field(
        gettext_lazy("Last debited on"),
        required=False,
        help_text=gettext_lazy("Where it was used before, in another program."),
    )


class RevocationForm(PlainForm):
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)


def mandates_page(request: HttpRequest, customer: int) -> HttpResponse:
    """All mandates of a customer in a ledger, the newest first: that of now, or with ?in=before that of before.

    The account is masked for whoever may not see bank data.
    """
    scope = seer(request)
    whose = customer_or_404(customer, scope)
    before = ledger_asked(request, scope)
    account_or_404(whose, scope, before)
    today, ledger = timezone.localdate(), before or ledger_of(scope)
    rows = Mandate.objects.in_base(scope.base).of_customer(whose).filter(ledger=ledger).order_by("-created_at", "-pk")
    may_write = may(scope, Right.COLLECT_PAYMENTS)
    context = {
        "customer": whose,
        "back": address_of(ACCOUNT, whose.pk) + (OF_BEFORE if before else ""),
        "rows": [(one, state_of(one, today)) for one in rows],
        "account_shown": may(scope, Right.SEE_BANK_DATA),
        "may_write": may_write and ledger is not None and ledger.owner_key in owners_shown(scope).all,
        "new_address": "" if before else address_of(MANDATE_NEW, whose.pk),
    }
    return show_page(request, "mandates", _("SEPA mandates: %(customer)s") % {"customer": whose}, context)


def state_of(mandate: Mandate, on: Any) -> str:
    """Its state in words, as of a day: one that was not used for long has expired by itself."""
    if mandate.state == MandateState.ACTIVE and mandate.is_expired(on):
        return _("Expired") if mandate.is_recurrent or mandate.last_used_on is None else _("Used up")
    return str(MandateState(mandate.state).label)


def mandate_new_page(request: HttpRequest, customer: int) -> HttpResponse:
    """A form for a mandate that the customer has signed."""
    scope = _collector(request)
    whose = customer_or_404(customer, scope)
    account_or_404(whose, scope)
    form = MandateForm(request.POST) if request.method == "POST" else MandateForm(initial=_known(whose, scope))
    if request.method == "POST" and form.is_valid():
        try:
            made = _added(form, whose, scope)
        except ValidationError as refusal:
            show_refusal(form, refusal, _FIELDS)
        else:
            messages.success(request, _("The mandate %(mandate)s is added.") % {"mandate": made})
            return HttpResponseRedirect(address_of(MANDATES, whose.pk))
    context = {"form": form, "button": _("Add mandate"), "back": address_of(MANDATES, whose.pk), "customer": whose}
    return show_page(request, "form", _("New SEPA mandate: %(customer)s") % {"customer": whose}, context)


def mandate_revoke_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The end of a mandate, with its reason."""
    scope = _collector(request)
    found = Mandate.objects.in_base(scope.base).filter(owner_key__in=owners_shown(scope).all)
    mandate = get_object_or_404(found.filter(state=MandateState.ACTIVE), pk=pk)
    whose = customer_or_404(mandate.customer_id, scope)
    form = RevocationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            revoke_mandate(mandate=mandate.pk, reason=form.cleaned_data["reason"], actor=scope)
        except ValidationError as refusal:
            show_refusal(form, refusal, {})
        else:
            messages.success(request, _("The mandate %(mandate)s is withdrawn.") % {"mandate": mandate})
            return HttpResponseRedirect(address_of(MANDATES, whose.pk))
    context = {
        "form": form, "button": _("Withdraw mandate"), "back": address_of(MANDATES, whose.pk), "customer": whose,
        "sentence": _("Nothing is debited by it any more. That cannot be taken back: the customer gives a new one."),
    }  # fmt: skip
    return show_page(request, "form", _("Withdraw the mandate %(mandate)s") % {"mandate": mandate}, context)


def _collector(request: HttpRequest) -> Scope:
    scope = seer(request)
    scope.demand(Right.COLLECT_PAYMENTS)
    return scope


def _known(customer: Customer, scope: Scope) -> dict[str, str]:
    """What the form begins with: name and account of the customer, for whoever may see them."""
    known = {"holder": f"{customer.first_name} {customer.last_name}".strip() or customer.company}
    if may(scope, Right.SEE_BANK_DATA) and customer.iban:
        known["iban"] = " ".join(re.findall(".{1,4}", customer.iban))
    return known


def _added(form: MandateForm, customer: Customer, scope: Scope) -> Mandate:
    values = form.cleaned_data
    signature = Signature(
        **{name: values[name] for name in ("iban", "holder", "signed_on", "evidence", "evidence_sha256")}
    )
    return add_mandate(
        customer=customer.pk, signature=signature, reference=values["reference"],
        scheme=MandateScheme(values["scheme"]), is_recurrent=values["is_recurrent"],
        notice_days=values["notice_days"], last_used_on=values["last_used_on"], actor=scope,
    )  # fmt: skip
