"""Which items a payment pays: what it pays now, and what somebody chooses instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from accounting.amounts import ZERO
from accounting.choices import AccountKind, MovementKind
from accounting.models import Allocation, Movement
from accounting.open_items import open_items
from accounting.operations import Part, allocate
from accounting.pages.forms import AmountField, PlainForm
from accounting.pages.frame import ACCOUNT, account_or_404, address_of, customer_or_404, seer, show_page
from locations.permissions import Right
from mcp.console.operation_forms import show_refusal

_FIXED = (MovementKind.REVERSAL, MovementKind.TRANSFER)
"""What takes a movement back, and what a company takes over of its members, pays just that."""


@dataclass(frozen=True)
class Payable:
    """An item that a payment pays, or could pay."""

    movement: Movement
    paid: Decimal
    """By this payment."""
    rest: Decimal
    """What is open of it besides."""

    @property
    def name(self) -> str:
        return f"part_{self.movement.pk.hex}"

    @property
    def most(self) -> Decimal:
        return self.paid + self.rest


class PartsForm(PlainForm):
    """An amount for each item, which may be empty."""

    def __init__(self, items: Sequence[Payable], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for one in items:
            field = AmountField(label=one.movement.get_kind_display(), required=False)
            field.widget.attrs |= {"class": "customer-input", "aria-describedby": f"most_{one.name}"}
            field.initial = number_format(one.paid, decimal_pos=2) if one.paid else ""
            self.fields[one.name] = field

    def parts(self, items: Sequence[Payable]) -> list[Part]:
        """What was typed, in the order of the items; nothing and 0.00 are no part."""
        return [Part(one.movement.pk, self.cleaned_data[one.name]) for one in items if self.cleaned_data.get(one.name)]


def allocate_page(request: HttpRequest, movement: UUID) -> HttpResponse:
    """The items that a payment of a customer pays, with an amount to each; what is left goes to the oldest."""
    scope = seer(request)
    scope.demand(Right.CORRECT_ACCOUNTS)
    rows = Movement.objects.in_base(scope.base).select_related("location", "credit")
    payment = get_object_or_404(rows, pk=movement)
    is_payment = payment.credit.kind == AccountKind.OWED and payment.kind not in _FIXED
    if not is_payment or _is_reversed(payment):
        raise Http404
    whose = customer_or_404(payment.credit.customer_id or 0, scope)
    now = account_or_404(whose, scope)
    items = payables(payment)
    form = PartsForm(items, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            allocate(payment=payment.pk, parts=form.parts(items), actor=scope)
        except ValidationError as refusal:
            show_refusal(form, refusal, {})
        else:
            messages.success(request, _("The payment is allocated."))
            return HttpResponseRedirect(address_of(ACCOUNT, whose.pk))
    context = {
        "customer": whose, "back": address_of(ACCOUNT, whose.pk), "payment": payment, "form": form,
        "lines": [(one, form[one.name]) for one in items], "currency": now.terms.organization.currency,
        "left": payment.amount - sum((one.paid for one in items), ZERO),
    }  # fmt: skip
    return show_page(request, "allocate", _("Allocate a payment: %(customer)s") % {"customer": whose}, context)


def payables(payment: Movement) -> list[Payable]:
    """What the payment pays now and what is open, the oldest first."""
    sums = Allocation.objects.filter(base=payment.base_id, payment=payment.pk).values("item")
    paid = {one["item"]: one["amount"] for one in sums.annotate(amount=Sum("amount")) if one["amount"]}
    found = open_items(payment.credit).items
    rests = {one.movement.pk: one.rest for one in found}
    others = Movement.objects.filter(base=payment.base_id, pk__in=paid.keys() - rests.keys()).select_related("location")
    movements = sorted([*others, *(one.movement for one in found)], key=lambda one: (one.posted_at, one.pk))
    return [Payable(one, paid.get(one.pk, ZERO), rests.get(one.pk, ZERO)) for one in movements]


def _is_reversed(movement: Movement) -> bool:
    return Movement.objects.filter(base=movement.base_id, reverses=movement.pk).exists()
