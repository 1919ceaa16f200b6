"""Cards and codes of customers: assigned, blocked, replaced. Each operation asks for the right itself.

A number belongs to one customer of the base and stays so once it was blocked. One that was assigned by mistake can be
removed as long as the card is active and stands in for no other; the history keeps that it was there. Cards are not
reconciled: those of an offline base with a node are kept where its customers are edited (customers/edit_side.py).
"""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Func
from django.utils.translation import gettext_lazy as _

from customers.choices import CardReason, CardState
from customers.formats.cards import normalize_card_number
from customers.models import Card, Customer
from customers.write_order import take_order
from locations.permissions import Right
from locations.violations import refusal_of
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope

NOW = Func(function="clock_timestamp")


class CardTaken(ValidationError):
    """The number is assigned already, to this customer or to another one."""

    def __init__(self, card: Card, customer: Customer) -> None:
        sentence = (
            _("Card %(card)s belongs to this customer already.")
            if card.customer_id == customer.pk
            else _("Card %(card)s belongs to %(customer)s. Look at the number, or remove it there first.")
        )
        super().__init__(
            sentence, code="card_number_unique", params={"card": card.number, "customer": str(card.customer)}
        )


@busy_told()
def assign_card(*, customer: int, number: str, actor: Scope) -> Card:
    """Give a customer of the actor's base the card of this number.

    Raises MissingRight, Customer.DoesNotExist, CardTaken, ValidationError for what is no number or an archived
    customer, or Busy.
    """
    actor.demand(Right.CHANGE_CUSTOMERS)
    take_order(actor.base)
    return _assigned(_locked_customer(customer, actor), number)


@busy_told()
def block_card(*, card: int, reason: str, actor: Scope) -> Card:
    """Block a card, so that it is not accepted any more. One that is blocked already gets the new reason.

    Raises MissingRight, Card.DoesNotExist, ValidationError without a reason, or Busy.
    """
    actor.demand(Right.CHANGE_CUSTOMERS)
    take_order(actor.base)
    return _blocked(_locked_card(card, actor), reason)


@busy_told()
def unblock_card(*, card: int, actor: Scope) -> Card:
    """Make a blocked card active again, as when it was found. One that is active stays so.

    Raises MissingRight, Card.DoesNotExist, ValidationError for one that was replaced or whose customer is archived, or
    Busy.
    """
    actor.demand(Right.CHANGE_CUSTOMERS)
    take_order(actor.base)
    row = _locked_card(card, actor)
    _demand_not_replaced(row)
    _demand_present(_locked_customer(row.customer_id, actor))
    if row.is_active:
        return row
    return _in_state(row, CardState.ACTIVE, "")


@busy_told()
def replace_card(*, card: int, number: str, reason: str = CardReason.LOST, actor: Scope) -> Card:
    """Assign a new card in place of this one, which is blocked for good and refers to it. Returns the new card.

    A card that is blocked already keeps its reason. Raises MissingRight, Card.DoesNotExist, CardTaken, ValidationError
    for one that was replaced before or for an invalid number, or Busy.
    """
    actor.demand(Right.CHANGE_CUSTOMERS)
    take_order(actor.base)
    row = _locked_card(card, actor)
    _demand_not_replaced(row)
    new = _assigned(_locked_customer(row.customer_id, actor), number)
    row.successor = new
    _in_state(row, CardState.BLOCKED, row.reason or _known(reason), "successor")
    return new


@busy_told()
def remove_card(*, card: int, actor: Scope) -> str:
    """Delete a card that was assigned by mistake, so that its number can be assigned again. Returns the number.

    Raises MissingRight, Card.DoesNotExist, ValidationError for one that is blocked or replaces another one, or Busy.
    """
    actor.demand(Right.CHANGE_CUSTOMERS)
    take_order(actor.base)
    row = _locked_card(card, actor)
    if not row.is_active:
        raise ValidationError(
            _("Card %(card)s is blocked and keeps its number. Unblock it first, if it was assigned by mistake."),
            code="card_blocked_stays",
            params={"card": row.number},
        )
    if before := Card.objects.in_base(actor.base).filter(successor=row.pk).first():
        raise ValidationError(
            _("Card %(card)s was given in place of %(before)s and stays. Replace it in its turn."),
            code="card_is_successor",
            params={"card": row.number, "before": before.number},
        )
    row.delete()
    return row.number


def _locked_customer(pk: int, actor: Scope) -> Customer:
    """The customer, locked to the end of the transaction, so that nobody archives him meanwhile."""
    return Customer.objects.in_base(actor.base).select_for_update(no_key=True).get(pk=pk)


def _locked_card(pk: int, actor: Scope) -> Card:
    return Card.objects.in_base(actor.base).select_for_update().get(pk=pk)


def _assigned(customer: Customer, number: str) -> Card:
    _demand_present(customer)
    card = Card(base_id=customer.base_id, customer=customer, number=normalize_card_number(number))
    if not card.number:
        raise ValidationError({"number": ValidationError(_("Enter the number of the card."), code="required")})
    if taken := _holder(card):
        raise CardTaken(taken, customer)
    try:
        with transaction.atomic():
            card.save(force_insert=True)
    except IntegrityError as error:
        # Somebody else was quicker by a moment.
        if taken := _holder(card):
            raise CardTaken(taken, customer) from error
        if refusal := refusal_of(error):
            raise refusal from error
        raise
    return card


def _holder(card: Card) -> Card | None:
    return Card.objects.filter(base=card.base_id, number=card.number).select_related("customer").first()


def _blocked(card: Card, reason: str) -> Card:
    reason = _known(reason)
    if card.reason == reason:
        return card
    return _in_state(card, CardState.BLOCKED, reason)


def _in_state(card: Card, state: CardState, reason: str, *more: str) -> Card:
    values: Mapping[str, object] = {"state": state, "reason": reason, "state_since": NOW}
    for name, value in values.items():
        setattr(card, name, value)
    card.save(update_fields=[*values, *more])
    return card


def _known(reason: str) -> str:
    if reason not in CardReason.values:
        raise ValidationError(
            {"reason": ValidationError(_("Choose why the card is blocked."), code="card_reason_when_blocked")}
        )
    return reason


def _demand_not_replaced(card: Card) -> None:
    if card.successor_id is not None:
        raise ValidationError(
            _("Card %(card)s was replaced by %(successor)s and stays blocked."),
            code="card_replaced_is_blocked",
            params={"card": card.number, "successor": str(card.successor)},
        )


def _demand_present(customer: Customer) -> None:
    if customer.is_archived:
        raise ValidationError(
            _("%(customer)s is archived. Restore the customer first."),
            code="customer_archived",
            params={"customer": customer},
        )
