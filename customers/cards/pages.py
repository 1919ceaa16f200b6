"""The cards of a customer: a section of his form, and the page that shows it alone where something was refused."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from customers.cards.forms import CardForm
from customers.cards.operations import assign_card, block_card, remove_card, replace_card, unblock_card
from customers.choices import CardReason
from customers.console.base import CustomersAdmin
from customers.edit_side import is_edited_here, standing
from customers.models import Card, Customer
from locations.permissions import Right
from mcp.console.operation_forms import show_refusal
from mcp.console.site import scope_of
from mcp.isolation.scope import Scope

ANCHOR = "#cards"
MOST_SHOWN = 100
_DIGITS_OF_AN_ID = 18
_REFUSED_FIELDS = {"card_number_unique": "number", "invalid_card_number": "number"}


def section(request: HttpRequest, customer: Customer) -> dict[str, object]:
    """Context of the section of a customer's cards."""
    scope = scope_of(request)
    is_open = is_edited_here(scope.base) or request.method == "POST"  # what was typed is shown with its refusal
    cards = list(Card.objects.of_customer(customer).select_related("successor")[: MOST_SHOWN + 1])
    replaced = {card.successor_id for card in cards if card.successor_id}
    return {
        "cards": [(card, card.pk in replaced) for card in cards[:MOST_SHOWN]],
        "has_more_cards": len(cards) > MOST_SHOWN,
        "most_cards": MOST_SHOWN,
        "card_reasons": CardReason.choices,
        "may_change_cards": scope.allows(Right.CHANGE_CUSTOMERS) and is_open,
        "edit_side": standing(scope.base),
        "cards_address": reverse("admin:customers_customer_cards", args=[customer.pk]),
        "sought_card": _sought(request, customer),
    }


def _sought(request: HttpRequest, customer: Customer) -> Card | None:
    """The blocked card by whose number the customer was found (`?card=`); None where there is none."""
    typed = request.GET.get("card", "")
    card = Card.objects.of_customer(customer).sought(typed).select_related("successor").first() if typed else None
    return card if card is not None and not card.is_active else None


def cards(admin: CustomersAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """The page of a customer's cards. A step that was taken on the form of the customer leads back to the form."""
    admin.demand(request, "view")
    if request.method == "POST":
        admin.demand(request, "change")
    customer = admin.row_or_404(request, object_id)
    form = CardForm(request.POST or None)
    step = request.POST.get("step", "")
    if request.method == "POST" and form.is_valid() and _done(request, form, customer, step):
        page = "change" if request.POST.get("back") == "form" else "cards"
        return HttpResponseRedirect(admin.address(page, customer.pk) + ANCHOR)
    context = {
        "title": _("Cards of %(customer)s") % {"customer": customer},
        "customer": customer,
        "card_form": form,
        "card_step": step,
        "card_asked": request.POST.get("card", ""),
        **section(request, customer),
    }
    return admin.show(request, "customers/cards.html", context)


def _done(request: HttpRequest, form: CardForm, customer: Customer, step: str) -> bool:
    """Take the step. False where it was refused; the form then says why. Raises Http404 for an unknown step."""
    if (perform := _STEPS.get(step)) is None:
        raise Http404
    try:
        sentence = perform(request, form.cleaned_data, customer, scope_of(request))
    except ValidationError as refusal:
        show_refusal(form, refusal, _REFUSED_FIELDS)
        return False
    messages.success(request, sentence)
    return True


def _assign(request: HttpRequest, typed: dict[str, str], customer: Customer, scope: Scope) -> str:
    card = assign_card(customer=customer.pk, number=typed["number"], actor=scope)
    return _("Card %(card)s is assigned.") % {"card": card.number}


def _block(request: HttpRequest, typed: dict[str, str], customer: Customer, scope: Scope) -> str:
    card = block_card(card=_card(request, customer), reason=typed["reason"], actor=scope)
    return _("Card %(card)s is blocked.") % {"card": card.number}


def _unblock(request: HttpRequest, typed: dict[str, str], customer: Customer, scope: Scope) -> str:
    card = unblock_card(card=_card(request, customer), actor=scope)
    return _("Card %(card)s is active again.") % {"card": card.number}


def _replace(request: HttpRequest, typed: dict[str, str], customer: Customer, scope: Scope) -> str:
    old = _card(request, customer)
    new = replace_card(card=old, number=typed["number"], reason=typed["reason"] or CardReason.LOST, actor=scope)
    before = Card.objects.of_customer(customer).get(pk=old)
    return _("Card %(card)s is assigned; %(before)s is blocked.") % {"card": new.number, "before": before.number}


def _remove(request: HttpRequest, typed: dict[str, str], customer: Customer, scope: Scope) -> str:
    number = remove_card(card=_card(request, customer), actor=scope)
    return _("Card %(card)s is removed.") % {"card": number}


_STEPS: dict[str, Callable[[HttpRequest, dict[str, str], Customer, Scope], str]] = {
    "assign": _assign,
    "block": _block,
    "unblock": _unblock,
    "replace": _replace,
    "remove": _remove,
}


def _card(request: HttpRequest, customer: Customer) -> int:
    """The id of the card that was posted, if it is one of this customer's. Raises Http404."""
    value = request.POST.get("card", "")
    if not value.isdecimal() or len(value) > _DIGITS_OF_AN_ID:
        raise Http404
    return get_object_or_404(Card.objects.of_customer(customer), pk=int(value)).pk
