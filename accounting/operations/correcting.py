"""Setting right what was posted: by the reverse movement, or by one with a reason."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounting.balances import ledger_of
from accounting.choices import AccountKind, MovementKind
from accounting.models import Account, Movement
from accounting.operations.opening import NoAccount
from accounting.operations.order_refusals import demand_no_order
from accounting.operations.posting import Entry, Posted, accounts_of, add, posted
from customers.models import Customer
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope


@busy_told()
def reverse(*, movement: UUID, reason: str, key: str, actor: Scope) -> Posted:
    """Take a movement back by the opposite one; once, and never one that is a reversal itself.

    An open amount may rise above the limit by it, which becomes an exception; credit that has been used cannot be taken
    back. The order of a till whose sale it is becomes cancelled, and the one whose payment it is open again. Raises
    MissingRight, Movement.DoesNotExist, Refused, OtherContent, ValidationError without a reason, for one
    that was reversed, is a reversal, or is of somebody who was erased, or Busy.
    """
    actor.demand(Right.CORRECT_ACCOUNTS)
    with row_scope.within(actor):
        wrong = Movement.objects.in_base(actor.base).select_related("ledger", "debit", "credit").get(pk=movement)
        customer = _customer_of(wrong)
        _demand_reversible(wrong, key)
        demand_no_order(wrong)
        entry = Entry(
            kind=MovementKind.REVERSAL,
            amount=wrong.amount,
            key=key,
            reason=demanded_reason(reason),
            document=wrong.document,
            reverses=wrong.pk,
        )
        return add(wrong.credit_id, wrong.debit_id, entry, customer, wrong.ledger, actor)


@busy_told()
def correct(
    *, customer: int, kind: AccountKind, is_in_favour: bool, amount: Decimal, reason: str, key: str, actor: Scope
) -> Posted:
    """Change what a customer owes, or his credit, for a reason. In his favour he owes less, or has more credit.

    Raises MissingRight, Customer.DoesNotExist, NoAccount, Refused where credit would fall below zero, OtherContent,
    ValidationError without a reason, or Busy.
    """
    actor.demand(Right.CORRECT_ACCOUNTS)
    entry = Entry(kind=MovementKind.CORRECTION, amount=amount, key=key, reason=demanded_reason(reason))
    other = AccountKind.CORRECTIONS
    return posted(customer, (other, kind) if is_in_favour else (kind, other), entry, actor)


@busy_told()
def transfer_credit(*, customer: int, receiver: int, amount: Decimal, reason: str, key: str, actor: Scope) -> Posted:
    """Move credit that was booked to the wrong customer to another one. Raises as `correct`."""
    actor.demand(Right.CORRECT_ACCOUNTS)
    entry = Entry(kind=MovementKind.CORRECTION, amount=amount, key=key, reason=demanded_reason(reason))
    with row_scope.within(actor):
        both = {one.pk: one for one in Customer.objects.in_base(actor.base).filter(pk__in=(customer, receiver))}
        ledger = ledger_of(actor)
        if not {customer, receiver} <= both.keys():
            raise Customer.DoesNotExist
        found = accounts_of(both, AccountKind.CREDIT, ledger)
        for pk, whose in both.items():
            if ledger is None or pk not in found:
                raise NoAccount(whose)
        assert ledger is not None  # noqa: S101 - for the types
        return add(found[customer], found[receiver], entry, both[customer], ledger, actor)


def demanded_reason(reason: str) -> str:
    """The reason. Raises ValidationError where there is none."""
    if not reason.strip():
        sentence = _("Say why: the reason stays with the booking.")
        raise ValidationError({"reason": ValidationError(sentence, code="movement_with_reason")})
    return reason


def _customer_of(movement: Movement) -> Customer:
    """Whose account it is about. Raises ValidationError where he was erased for good."""
    sides: tuple[Account, ...] = (movement.debit, movement.credit)
    whose = next((one.customer for one in sides if one.customer is not None), None)
    if whose is None:
        raise ValidationError(_("The customer of this booking was erased for good."), code="movement_of_nobody")
    return whose


def _demand_reversible(movement: Movement, key: str) -> None:
    if movement.kind == MovementKind.REVERSAL:
        raise ValidationError(
            _("A reversal stays. Book anew what was reversed by mistake."), code="movement_reverses_one"
        )
    before = Movement.objects.filter(base=movement.base_id, reverses=movement.pk).exclude(key=key).first()
    if before is not None:
        raise ValidationError(
            _("%(who)s has reversed this already: %(reason)s"),
            code="movement_reversed_once",
            params={"who": before.user_name, "reason": before.reason},
        )
