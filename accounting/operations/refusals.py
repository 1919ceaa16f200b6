"""What the database refuses to post, as sentences for people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounting.amounts import Money
from accounting.balances import Standing, standing
from accounting.choices import Breach, MovementKind
from accounting.operations.allocating import refused_allocation
from accounting.operations.opening import NoAccount
from accounting.operations.order_refusals import OrderRefused
from customers.field_groups import FieldGroup
from customers.models import Customer
from locations.permissions import Right
from locations.violations import refusal_of
from mcp.isolation.scope import Scope

_PREFIX = "accounting_"
_ELSEWHERE = {
    "movement_at_open_location": _(
        "%(location)s is closed, and nothing is booked there any more. Book it at another location."
    ),
    "movement_in_ledger_of_now": _(
        "The accounts of %(location)s were switched a moment ago. Nothing was booked: book it again."
    ),
    "movement_not_on_invoice": _("This booking stands on an invoice. Whoever wants it away cancels the invoice."),
}
"""What is not booked here, or not like this, by the constraint that refuses it."""


class Refused(ValidationError):
    """A rule of the account keeps it from being posted; `code` is the rule (Breach)."""


class OtherContent(ValidationError):
    """Something else was posted under the same key before."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Something else was booked under this key already. Look at the bookings, and book it anew if it is "
                "missing."
            ),
            code="movement_key_once",
        )


@contextmanager
def told(kind: MovementKind, customer: Customer, actor: Scope) -> Iterator[None]:
    """Raise Refused, OtherContent or ValidationError where the database refuses what the block posts."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        name = str(getattr(getattr(error.__cause__, "diag", None), "constraint_name", None))
        raise _refusal(name, error, kind, customer, actor) from error


def _refusal(name: str, error: IntegrityError, kind: MovementKind, customer: Customer, actor: Scope) -> Exception:
    if name == "movement_key_once":
        return OtherContent()
    if name == "movement_accounts_of_ledger":  # he was erased for good since his account was looked up
        return NoAccount(customer)
    if name == "account_balance_above_floor":
        return _floor(kind, customer, actor) or error
    if name in _ELSEWHERE:
        return ValidationError(_ELSEWHERE[name], code=name, params={"location": actor.location.name})
    if name == "paymentorder_not_open":
        return OrderRefused(
            _("The order of this booking was paid or put on an invoice meanwhile. Look at it again."),
            code="order_changed",
        )
    if name == "bankentry_undone_whole":
        return ValidationError(
            _(
                "This booking is a part of a payment from the bank for several customers. Take the whole payment back, "
                "at its bank statement."
            ),
            code=name,
        )
    rule = name.removeprefix(_PREFIX)
    if name.startswith(_PREFIX) and rule in Breach.values:
        return _breach(Breach(rule), customer, actor)
    return refused_allocation(error) or refusal_of(error) or error


def _floor(kind: MovementKind, customer: Customer, actor: Scope) -> Refused | None:
    """That the account does not allow so much; None where it is not there any more."""
    if not actor.allows(Right.SEE_ACCOUNTS):
        return _beyond(kind, customer)
    now = standing(customer, actor)
    return _limit(now, kind, customer) if now else None


def _beyond(kind: MovementKind, customer: Customer) -> Refused:
    """That the account does not allow so much, for whoever does not see accounts."""
    if kind == MovementKind.SALE:
        sentence = _("%(customer)s cannot buy for so much on account. Let the customer pay otherwise.")
        return Refused(sentence, code=Breach.LIMIT, params={"customer": customer})
    sentence = _("%(customer)s does not have so much credit.")
    return Refused(sentence, code=Breach.BELOW_ZERO, params={"customer": customer})


def _limit(now: Standing, kind: MovementKind, customer: Customer) -> Refused:
    """That the account does not allow so much, with what it allows."""
    currency = now.terms.organization.currency
    if kind == MovementKind.SALE:
        return Refused(
            _(
                "%(customer)s can buy on account for %(left)s more: %(open)s are open, and the credit limit is "
                "%(limit)s. Let the customer pay otherwise, or receive a payment first."
            ),
            code=Breach.LIMIT,
            params={
                "customer": customer,
                "left": Money(now.left, currency),
                "open": Money(now.open_amount, currency),
                "limit": Money(now.terms.hard_limit, currency),
            },
        )
    sentence = (
        _("Of this booking %(credit)s are left: the credit has been used. Reverse what has used it first.")
        if kind == MovementKind.REVERSAL
        else _("%(customer)s has a credit of %(credit)s. Take no more than that, or top it up first.")
    )
    params = {"customer": customer, "credit": Money(now.credit_amount, currency)}
    return Refused(sentence, code=Breach.BELOW_ZERO, params=params)


def _breach(breach: Breach, customer: Customer, actor: Scope) -> Refused:
    sentences = {
        Breach.ARCHIVED: _("%(customer)s is archived. Restore the customer first."),
        Breach.NOT_ON_ACCOUNT: _("%(customer)s may not buy on account. The terms of the account can allow it."),
        Breach.NO_CREDIT: _("%(customer)s may not hold credit. The terms of the account can allow it."),
        Breach.NO_ADDRESS: _(
            "%(customer)s has no complete address, so nothing can be billed. Enter street and city first."
        ),
    }
    if breach == Breach.BLOCKED:
        return _blocked(customer, actor)
    return Refused(sentences[breach], code=breach, params={"customer": customer})


def _blocked(customer: Customer, actor: Scope) -> Refused:
    """With the reason for whoever sees reasons; they are free text about a person."""
    now = standing(customer, actor)
    reasons = [customer.blocked_reason, now.terms.blocked_reason if now else ""]
    reason = next((one for one in reasons if one), "") if actor.allows(FieldGroup.MEMO.right) else ""
    if not reason:
        return Refused(
            _("%(customer)s is blocked. Ask whoever manages the terms of accounts."),
            code=Breach.BLOCKED,
            params={"customer": customer},
        )
    return Refused(
        _("%(customer)s is blocked: %(reason)s"), code=Breach.BLOCKED, params={"customer": customer, "reason": reason}
    )
