"""What keeps an order of a till from being paid, cancelled or taken back, as sentences for people."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounting.choices import OrderState
from accounting.models import Movement, PaymentOrder


class OrderRefused(ValidationError):
    """What is there keeps the order from it; `code` says what."""


def not_open(order: PaymentOrder) -> OrderRefused:
    """That the order cannot be paid or cancelled in the state that it is in."""
    sentences = {
        OrderState.PAID: _("The order %(order)s is paid already."),
        OrderState.INVOICED: _("The order %(order)s stands on an invoice. Whoever wants it away cancels the invoice."),
        OrderState.CANCELLED: _("The order %(order)s was cancelled."),
    }
    state = OrderState(order.state)
    sentence = sentences.get(state, _("The order %(order)s was changed meanwhile. Look at it again."))
    return OrderRefused(sentence, code=f"order_{state}", params={"order": str(order)})


def paid_on_account(order: PaymentOrder) -> OrderRefused:
    """That a payment on the account was booked for this very order, so that it is not paid a second time."""
    return OrderRefused(
        _(
            "The order %(order)s, or a part of it, is paid by a payment on the account already. If something is left "
            "of it, receive that as a payment on the account."
        ),
        code="order_paid",
        params={"order": str(order)},
    )


def demand_no_order(movement: Movement) -> None:
    """Raise OrderRefused where the movement is the sale of an order that is paid or on an invoice.

    Whoever reverses the sale of an open order cancels it, and whoever reverses its payment opens it again.
    """
    one = PaymentOrder.objects.filter(base=movement.base_id, booking=movement.pk).first()
    if one is None or (one.payment_id is None and one.state != OrderState.INVOICED):
        return
    if one.state == OrderState.INVOICED:
        raise not_open(one)
    raise OrderRefused(
        _("The order %(order)s is paid. Reverse its payment first, or cancel the order at its till."),
        code="order_paid",
        params={"order": str(one)},
    )
