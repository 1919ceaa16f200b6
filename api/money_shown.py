"""Accounts, bookings and orders as they are answered."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from django.db.models import Sum
from django.http import HttpRequest

from accounting.amounts import ZERO
from accounting.at_branch.selling import KnownAccount
from accounting.balances import Standing
from accounting.models import BranchOrder, LedgerException, Movement, PaymentOrder, PaymentOrderLine
from customers.field_groups import FieldGroup
from customers.models import Customer
from locations.models import Location
from locations.permissions import Right
from mcp.isolation.scope import Scope

MOST_ITEMS = 200
KEY = 58
"""Characters of the key of a movement: those of its API have up to 80, and are only unique for one device."""


def movement_key(request: HttpRequest, scope: Scope) -> str:
    """The key of the movement that a request makes: of this device and this Idempotency-Key, for ever.

    What was answered is kept for a week; that something was booked under a key stays known.
    """
    if scope.device is None:
        raise TypeError("Only devices ask with a key")
    said = f"{scope.device.pk} {request.headers['Idempotency-Key']}"
    return hashlib.sha256(said.encode()).hexdigest()[:KEY]


def account_of(customer: Customer, now: Standing, scope: Scope) -> dict[str, Any]:
    """How the account stands, and what its terms allow."""
    terms = now.terms
    reasons = [customer.blocked_reason, terms.blocked_reason]
    return {
        "customer": customer.customer_number,
        "currency": terms.organization.currency,
        "open_amount": now.open_amount,
        "credit": now.credit_amount,
        "credit_limit": terms.hard_limit,
        "warn_above": terms.soft_limit,
        "left": now.left,
        "may_buy_on_account": terms.may_buy_on_account,
        "may_hold_credit": terms.may_hold_credit,
        "is_blocked": customer.is_blocked or terms.is_blocked,
        **(
            {"blocked_reason": next((one for one in reasons if one), "")} if scope.allows(FieldGroup.MEMO.right) else {}
        ),
    }


def account_if_seen(customer: Customer, now: Standing, scope: Scope) -> dict[str, Any]:
    """The part `account` of an answer; nothing where the device may not see accounts."""
    return {"account": account_of(customer, now, scope)} if scope.allows(Right.SEE_ACCOUNTS) else {}


def open_items(customer: Customer) -> dict[str, Any]:
    """The orders of a customer that are to be paid, the oldest first, and their sum. Two queries."""
    rows = PaymentOrder.objects.of_customer(customer).open()
    listed = rows.select_related("location").order_by("business_day", "id")[:MOST_ITEMS]
    return {
        "open_items": [order_short(one) for one in listed],
        "open_items_total": rows.aggregate(total=Sum("total"))["total"] or ZERO,
    }


def order_short(order: PaymentOrder) -> dict[str, Any]:
    return {
        "id": order.pk,
        "number": order.number,
        "state": order.state,
        "method": order.method,
        "total": order.total,
        "business_day": order.business_day,
        "location": _place(order.location),
    }


def order_shown(order: PaymentOrder, customer: Customer | None) -> dict[str, Any]:
    """The order with its lines."""
    lines = PaymentOrderLine.objects.filter(base=order.base_id, order=order).order_by("position")
    return {
        **order_short(order),
        "customer": customer.customer_number if customer else None,
        "sold_at": order.sold_at,
        "posted_at": order.created_at,
        "lines": list(lines.values("text", "quantity", "amount", "vat_rate")),
        "fiscal": order.fiscal,
        "booking": order.booking_id,
        "payment": order.payment_id,
        "exceptions": exceptions_of(order.booking_id, order.base_id),
    }


def sold_here(order: BranchOrder, customer: Customer, known: KnownAccount | None) -> dict[str, Any]:
    """An order that this branch has taken; with what is known here of the account, for whoever may see accounts."""
    return {
        "number": order.number,
        "total": order.total,
        "business_day": order.business_day,
        "customer": customer.customer_number,
        "state": order.state,
        **({"open_amount": known.open_amount, "left": known.left} if known else {}),
    }


def exceptions_of(movement: UUID, base: int) -> list[str]:
    """What a movement has broken and was booked all the same."""
    found = LedgerException.objects.filter(base=base, movement=movement).first()
    return list(found.breaches) if found else []


def movements_shown(rows: Collection[Movement], accounts: tuple[int, int], base: int) -> list[dict[str, Any]]:
    """Movements of the accounts of a customer: what he owes, and his credit."""
    ids = [one.pk for one in rows]
    back = set(Movement.objects.filter(base=base, reverses__in=ids).values_list("reverses", flat=True))
    return [_movement(one, accounts, is_reversed=one.pk in back) for one in rows]


def _movement(one: Movement, accounts: tuple[int, int], *, is_reversed: bool) -> dict[str, Any]:
    owed, credit = accounts
    return {
        "id": one.pk,
        "kind": one.kind,
        "amount": one.amount,
        "open_amount_by": -_signed(one, [owed]),
        "credit_by": _signed(one, [credit]),
        "document": one.document,
        "business_day": one.business_day,
        "location": _place(one.location),
        "posted_at": one.posted_at,
        "is_late": one.is_late,
        "reverses": one.reverses_id,
        "is_reversed": is_reversed,
        "reason": one.reason,
    }


def _signed(one: Movement, accounts: Iterable[int]) -> Any:
    """By how much the movement has changed the balance of these accounts."""
    mine = set(accounts)
    return one.amount * ((one.credit_id in mine) - (one.debit_id in mine)) + ZERO


def _place(location: Location) -> dict[str, Any]:
    return {"client_number": location.client_number, "name": location.name}
