"""Orders of tills: posting one on account or with credit, having it paid at a till, and cancelling it.

An order and its movement are one: they are written together by functions of the database, and the state of an order
follows its movements. The key is that of whoever posts, as for any movement: one effect, and the same answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from accounting.balances import Standing, ledger_of, standing
from accounting.choices import AccountKind, MovementKind, OrderState, SaleMethod
from accounting.models import PaymentOrder
from accounting.models.orders import MOST_OF_LINE
from accounting.operations.correcting import demanded_reason
from accounting.operations.opening import NoAccount, demand_accounts
from accounting.operations.order_refusals import OrderRefused, not_open, paid_on_account
from accounting.operations.posting import Entry, sides_of, wanted_of, warnings_of
from accounting.operations.refusals import told
from customers.models import Customer
from locations.permissions import Right
from locations.text import clean_text
from mcp.isolation import row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope

LONGEST_CANCEL_KEY = 58
"""A cancellation may be two movements, and the key of the second one is made of that of the first."""
_KINDS = {
    SaleMethod.ACCOUNT: (MovementKind.SALE, (AccountKind.OWED, AccountKind.SALES)),
    SaleMethod.CREDIT: (MovementKind.USE, (AccountKind.CREDIT, AccountKind.SALES)),
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of an order. `amount` is with VAT, and negative where something is taken off."""

    text: str
    quantity: Decimal
    amount: Decimal
    vat_rate: Decimal


@dataclass(frozen=True)
class Ordered:
    """An order as it is now, how the account of its customer stands, and what somebody should know."""

    order: PaymentOrder
    standing: Standing
    warnings: Sequence[str] = ()


@busy_told()
def post_order(
    *,
    customer: int,
    method: SaleMethod,
    number: str,
    total: Decimal,
    lines: Sequence[Line],
    key: str,
    business_day: date | None = None,
    sold_at: datetime | None = None,
    fiscal: dict[str, str] | None = None,
    is_late: bool = False,
    actor: Scope,
) -> Ordered:
    """A customer buys what the lines say, on account or with credit. The lines sum to the total, which is above 0.00.

    `is_late` says that it has happened without a connection: then limits and terms keep nothing from being booked, and
    what it breaks becomes an exception. Raises MissingRight, Customer.DoesNotExist, NoAccount, Refused, OtherContent,
    ValidationError for lines that are not the total, a number that the till has used that day, or an amount or day that
    cannot be, and Busy.
    """
    actor.demand(Right.POST_TO_ACCOUNTS)
    demand_accounts(actor)
    demand_sum(total, lines)
    kind, sides = _KINDS[method]
    entry = Entry(kind=kind, amount=total, key=key, business_day=business_day, document=number, is_late=is_late)
    said = {
        "device": str(actor.device.pk) if actor.device else None,
        "sold_at": sold_at.isoformat() if sold_at else None,
        "fiscal": {clean_text(name): clean_text(value) for name, value in (fiscal or {}).items()},
    }
    with row_scope.within(actor):
        whose = Customer.objects.in_base(actor.base).get(pk=customer)
        ledger = ledger_of(actor)
        if ledger is None:
            raise NoAccount(whose)
        wanted = wanted_of(*sides_of(ledger, whose, sides, actor), entry)
        with told(kind, whose, actor):
            made = _call(
                "accounting_post_order(%s, %s, %s, %s::jsonb, %s::jsonb, %s::jsonb)",
                [actor.base.pk, ledger.pk, _who(actor), _text(wanted), _text(said), _text(told_lines(lines))],
            )
        return _ordered(made, whose, actor)


@busy_told()
def pay_order(*, order: UUID, key: str, business_day: date | None = None, actor: Scope) -> Ordered:
    """An open order is paid at this till, whole. Once paid, it is not paid again, neither here nor by an invoice.

    What only its age has allocated to it counts against other items from then on. Raises MissingRight,
    PaymentOrder.DoesNotExist, OrderRefused where it is not open, or where a payment that somebody has chosen for it has
    paid it or a part of it, OtherContent, ValidationError, or Busy.
    """
    actor.demand(Right.RECEIVE_PAYMENTS)
    with row_scope.within(actor):
        one, whose = found_order(order, actor)
        entry = Entry(
            kind=MovementKind.PAYMENT, amount=one.total, key=key, business_day=business_day, document=one.number
        )
        sides = sides_of(one.ledger, whose, (AccountKind.MONEY, AccountKind.OWED), actor)
        with told(MovementKind.PAYMENT, whose, actor), _order_told(order):
            _call(
                "accounting_pay_order(%s, %s, %s, %s::jsonb)",
                [actor.base.pk, order, _who(actor), _text(wanted_of(*sides, entry))],
            )
        return _ordered(order, whose, actor)


@busy_told()
def cancel_order(*, order: UUID, reason: str, key: str, business_day: date | None = None, actor: Scope) -> Ordered:
    """Take an order back, at the location that has posted it: its sale, and what was paid for it here.

    Raises MissingRight, PaymentOrder.DoesNotExist, OrderRefused where it was cancelled, stands on an invoice, or was
    posted or paid elsewhere, OtherContent, ValidationError without a reason, or Busy.
    """
    actor.demand(Right.CORRECT_ACCOUNTS)
    with row_scope.within(actor):
        one, whose = found_order(order, actor)
        if len(key) > LONGEST_CANCEL_KEY:
            raise ValueError(f"The key of a cancellation has {LONGEST_CANCEL_KEY} characters at most")
        entry = Entry(
            kind=MovementKind.REVERSAL, amount=one.total, key=key, business_day=business_day,
            reason=demanded_reason(reason),
        )  # fmt: skip
        wanted = wanted_of(0, 0, entry)
        with told(MovementKind.REVERSAL, whose, actor), _order_told(order):
            _call(
                "accounting_cancel_order(%s, %s, %s, %s, %s, %s)",
                [actor.base.pk, order, _who(actor), wanted["reason"], wanted["key"], wanted["business_day"]],
            )
        return _ordered(order, whose, actor)


def found_order(order: UUID, actor: Scope) -> tuple[PaymentOrder, Customer]:
    """The order in the actor's base, with its customer. Raises PaymentOrder.DoesNotExist, OrderRefused of nobody."""
    one = PaymentOrder.objects.in_base(actor.base).select_related("ledger", "customer").get(pk=order)
    if one.customer is None:
        raise OrderRefused(_("The customer of this order was erased for good."), code="movement_of_nobody")
    return one, one.customer


def demand_sum(total: Decimal, lines: Sequence[Line]) -> None:
    """Raise ValidationError where the lines are not the total, or too large."""
    if sum((abs(line.amount) for line in lines), Decimal(0)) > MOST_OF_LINE:
        raise ValidationError(
            {
                "lines": ValidationError(
                    _("The lines of one order come to %(most)s at most, whatever is taken off."),
                    code="lines_too_large",
                    params={"most": MOST_OF_LINE},
                )
            }
        )
    if sum((line.amount for line in lines), Decimal(0)) != total:
        sentence = _("The lines of the order do not sum to its total.")
        raise ValidationError({"total": ValidationError(sentence, code="lines_are_not_total")})


def told_lines(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """The lines as the database takes them, and as they are kept."""
    return [
        {
            "position": at,
            "text": clean_text(line.text).strip(),
            "quantity": str(line.quantity),
            "amount": str(line.amount),
            "vat_rate": str(line.vat_rate),
        }
        for at, line in enumerate(lines, 1)
    ]


def _who(actor: Scope) -> str:
    return actor.actor_name[:200]


def _text(value: object) -> str:
    return json.dumps(value)


def _call(function: str, params: Sequence[Any]) -> UUID:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}", params)
        found: UUID = cursor.fetchone()[0]
    return found


@contextmanager
def _order_told(order: UUID) -> Iterator[None]:
    """Raise OrderRefused where the database says that the order is not as it would have to be."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
        one = PaymentOrder.objects.select_related("location").get(pk=order)
        if name == "paymentorder_not_open":
            raise not_open(one) from error
        if name == "paymentorder_paid_on_account":
            raise paid_on_account(one) from error
        if name == "paymentorder_elsewhere":
            raise OrderRefused(
                _(
                    "The order %(order)s was posted at %(location)s, or paid elsewhere. It is cancelled where it was "
                    "posted, and a payment is taken back where it was made."
                ),
                code="order_elsewhere",
                params={"order": str(one), "location": str(one.location)},
            ) from error
        raise


def _ordered(order: UUID, customer: Customer, actor: Scope) -> Ordered:
    one = PaymentOrder.objects.in_base(actor.base).select_related("booking", "location", "ledger").get(pk=order)
    now = standing(customer, actor, ledger=one.ledger)
    if now is None:
        raise NoAccount(customer)
    return Ordered(one, now, warnings_of(one.booking, now, actor) if one.state == OrderState.OPEN else ())
