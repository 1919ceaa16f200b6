"""Saying which items a payment pays. What nobody says counts against the oldest items, by itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from accounting.amounts import exact
from accounting.models import Movement
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope


@dataclass(frozen=True)
class Part:
    """A part of a payment, for one item: its amount, or as much as the payment and the item have left."""

    item: UUID
    amount: Decimal | None = None

    def told(self) -> dict[str, str | None]:
        """As the functions of the database take it. Raises ValidationError for an amount that cannot be."""
        return {"item": str(self.item), "amount": None if self.amount is None else str(exact(self.amount))}


class NotAllocated(ValidationError):
    """A payment cannot pay these items so; `code` is the constraint that keeps it from it."""


_SENTENCES = {
    "allocation_payment_there": _("This payment was taken back meanwhile. Look at the account again."),
    "allocation_item_there": _("One of these items was taken back meanwhile. Look at the account again."),
    "allocation_payment_of_order": _(
        "This booking pays the orders for which it was made. Reverse it, or cancel their invoice, if that is wrong."
    ),
    "allocation_within_both": _(
        "The parts are more than the payment, or more than an item has left. Lower them and save again."
    ),
    "invoice_paid_within_sum": _("More is paid by this than the invoice has left. Lower it and save again."),
}


@busy_told()
def allocate(*, payment: UUID, parts: Sequence[Part], actor: Scope) -> None:
    """Let a payment pay these items, in this order, whatever it has paid until now.

    What was allocated to them by age alone gives way; what is left of the payment, and what the items do not need any
    more, counts against the oldest open items. Without parts all of it does. Raises MissingRight,
    Movement.DoesNotExist, NotAllocated, ValidationError for an amount that cannot be, or Busy.
    """
    actor.demand(Right.CORRECT_ACCOUNTS)
    items = json.dumps([one.told() for one in parts])
    with row_scope.within(actor):
        paid = Movement.objects.in_base(actor.base).get(pk=payment)
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    "SELECT accounting_allocate(%s, %s, %s, %s::jsonb)",
                    [actor.base.pk, paid.pk, actor.actor_name[:200], items],
                )
        except IntegrityError as error:
            raise (refused_allocation(error) or error) from error


def refused_allocation(error: IntegrityError) -> NotAllocated | None:
    """What the database has refused to allocate, as a sentence; None for another error."""
    name = str(getattr(getattr(error.__cause__, "diag", None), "constraint_name", None))
    return NotAllocated(_SENTENCES[name], code=name) if name in _SENTENCES else None
