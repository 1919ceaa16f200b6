"""Booking by hand: a form for each way, for a correction, for a reversal, and for the terms of the account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounting.amounts import ZERO, shown
from accounting.balances import Standing, standing
from accounting.choices import MovementKind
from accounting.models import Movement
from accounting.operations import (
    Posted,
    correct,
    pay_out,
    post_sale,
    receive_payment,
    reverse,
    set_terms,
    top_up,
    use_credit,
)
from accounting.operations.opening import OF_MEMOS, demand_accounts
from accounting.operations.opening import TERMS as TERM_NAMES
from accounting.pages.forms import BookingForm, CorrectionForm, ReversalForm, TermsForm
from accounting.pages.frame import (
    ACCOUNT,
    OF_BEFORE,
    account_or_404,
    address_of,
    customer_or_404,
    ledger_asked,
    may,
    seer,
    show_page,
)
from customers.field_groups import FieldGroup
from customers.models import Customer
from locations.permissions import Right
from mcp.console.operation_forms import show_refusal
from mcp.isolation.scope import Scope

_REFUSED_FIELDS = {
    "amount_invalid": "amount",
    "amount_of_less_than_a_cent": "amount",
    "limit": "amount",
    "below_zero": "amount",
    "movement_with_reason": "reason",
    "accountterms_limits_positive": "hard_limit",
    "accountterms_soft_below_hard": "soft_limit",
    "accountterms_reason_when_blocked": "blocked_reason",
}


@dataclass(frozen=True)
class Way:
    """A way to book by hand."""

    title: Promise
    button: Promise
    operation: Callable[..., Posted]
    right: Right
    """What it takes; the operation asks for it as well."""
    is_of_before: bool = False
    """Whether it can be booked in the ledger of before a switch: it pays what is open there."""


WAYS: Mapping[str, Way] = {
    MovementKind.TOP_UP.value: Way(gettext_lazy("Top up credit"), gettext_lazy("Top up"), top_up, Right.TOP_UP_CREDIT),
    MovementKind.PAY_OUT.value: Way(
        gettext_lazy("Pay out credit"), gettext_lazy("Pay out"), pay_out, Right.PAY_OUT_CREDIT, is_of_before=True
    ),
    MovementKind.PAYMENT.value: Way(
        gettext_lazy("Payment received"),
        gettext_lazy("Book payment"),
        receive_payment,
        Right.RECEIVE_PAYMENTS,
        is_of_before=True,
    ),
    MovementKind.SALE.value: Way(
        gettext_lazy("Sale on account"), gettext_lazy("Book sale"), post_sale, Right.POST_TO_ACCOUNTS
    ),
    MovementKind.USE.value: Way(
        gettext_lazy("Use credit"), gettext_lazy("Book use"), use_credit, Right.POST_TO_ACCOUNTS
    ),
}
"""By the kind of movement, in the order of the buttons."""


def book_page(request: HttpRequest, customer: int, kind: str) -> HttpResponse:
    """One of WAYS: the amount, a document and the day."""
    scope = seer(request)
    if (way := WAYS.get(kind)) is None:
        raise Http404
    scope.demand(way.right)
    whose = customer_or_404(customer, scope)
    ledger = ledger_asked(request, scope)
    if ledger is not None and not way.is_of_before:
        raise Http404
    now = account_or_404(whose, scope, ledger)
    form = BookingForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = {name: form.cleaned_data[name] for name in ("amount", "document", "business_day", "key")}
        values |= {"ledger": ledger.pk} if ledger is not None else {}
        done = _tried(form, lambda: way.operation(customer=whose.pk, **values, actor=scope))
        if done is not None:
            return _booked(request, done, whose, OF_BEFORE if ledger else "")
    return _form_page(request, whose, now, form, str(way.title), str(way.button))


def correct_page(request: HttpRequest, customer: int) -> HttpResponse:
    """A correction of either balance, with its reason."""
    scope = seer(request)
    scope.demand(Right.CORRECT_ACCOUNTS)
    whose = customer_or_404(customer, scope)
    now = account_or_404(whose, scope)
    form = CorrectionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        kind, is_in_favour = form.meant()
        values = {name: form.cleaned_data[name] for name in ("amount", "reason", "key")}
        done = _tried(
            form,
            lambda: correct(customer=whose.pk, kind=kind, is_in_favour=is_in_favour, **values, actor=scope),
        )
        if done is not None:
            return _booked(request, done, whose)
    return _form_page(request, whose, now, form, _("Correct the account"), _("Book correction"))


def reverse_page(request: HttpRequest, movement: UUID) -> HttpResponse:
    """The reversal of one movement of a customer, with its reason."""
    scope = seer(request)
    scope.demand(Right.CORRECT_ACCOUNTS)
    rows = Movement.objects.in_base(scope.base).select_related("location", "debit", "credit", "ledger")
    wrong = get_object_or_404(rows, pk=movement)
    whose = customer_or_404(wrong.debit.customer_id or wrong.credit.customer_id or 0, scope)
    now = account_or_404(whose, scope, wrong.ledger)
    form = ReversalForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = {name: form.cleaned_data[name] for name in ("reason", "key")}
        done = _tried(form, lambda: reverse(movement=wrong.pk, **values, actor=scope))
        if done is not None:
            return _booked(request, done, whose)
    return _form_page(
        request, whose, now, form, _("Reverse a booking"), _("Reverse"), movement=wrong,
        currency=now.terms.organization.currency,
    )  # fmt: skip


def terms_page(request: HttpRequest, customer: int) -> HttpResponse:
    """The terms of the account; the first ones open it."""
    scope = seer(request)
    scope.demand(Right.MANAGE_ACCOUNT_TERMS)
    demand_base_or_404(scope)
    whose = customer_or_404(customer, scope)
    now = standing(whose, scope)
    form = TermsForm(request.POST or None, initial=_kept(whose, now))
    if not may(scope, FieldGroup.MEMO.right):
        for name in OF_MEMOS:
            del form.fields[name]
    if request.method == "POST" and form.is_valid():
        values = {name: form.cleaned_data[name] for name in TERM_NAMES if name in form.cleaned_data}
        if _tried(form, lambda: set_terms(customer=whose.pk, **values, actor=scope)) is not None:
            sentence = _("The terms are set.") if now else _("The account is opened.")
            messages.success(request, sentence)
            return HttpResponseRedirect(address_of(ACCOUNT, whose.pk))
    title = _("Terms of the account") if now else _("Open an account")
    return _form_page(request, whose, now, form, title, _("Set terms") if now else _("Open account"))


def demand_base_or_404(scope: Scope) -> None:
    """Raise Http404 where no accounts are kept, because the location works on a base 1.0."""
    try:
        demand_accounts(scope)
    except ValidationError as refusal:
        raise Http404 from refusal


def _kept(customer: Customer, now: Standing | None) -> dict[str, Any]:
    """What the form begins with: the terms as they are, or the credit limit that the customer has from before."""
    if now is None:
        limit = customer.credit_limit
        return {"hard_limit": _written(limit) if limit is not None else "0", "may_buy_on_account": limit is not None}
    values = {name: getattr(now.terms, name) for name in TERM_NAMES}
    return values | {name: _written(values[name]) for name in ("soft_limit", "hard_limit")}


def _written(amount: Any) -> str:
    """An amount as it can be typed."""
    return "" if amount is None else number_format(amount, decimal_pos=2)


def _tried[Answer](form: forms.Form, operation: Callable[[], Answer]) -> Answer | None:
    """What the operation gives; None where it refuses, which the form says then."""
    try:
        return operation()
    except ValidationError as refusal:
        show_refusal(form, refusal, _REFUSED_FIELDS)
        return None


def _booked(request: HttpRequest, done: Posted, customer: Customer, query: str = "") -> HttpResponse:
    currency = done.standing.terms.organization.currency
    messages.success(
        request,
        _("%(kind)s of %(amount)s is booked.")
        % {"kind": done.movement.get_kind_display(), "amount": shown(done.movement.amount, currency)},
    )
    for warning in done.warnings:
        messages.warning(request, warning)
    return HttpResponseRedirect(address_of(ACCOUNT, customer.pk) + query)


def _form_page(
    request: HttpRequest,
    customer: Customer,
    now: Standing | None,
    form: forms.Form,
    title: str,
    button: str,
    **more: object,
) -> HttpResponse:
    currency = customer.organization.currency
    balances = (
        [(_("Open amount"), shown(now.open_amount, currency)), (_("Credit"), shown(now.credit_amount + ZERO, currency))]
        if now
        else []
    )
    context = {
        "customer": customer, "form": form, "button": button, "balances": balances,
        "back": address_of(ACCOUNT, customer.pk), **more,
    }  # fmt: skip
    return show_page(request, "form", f"{title}: {customer}", context)
