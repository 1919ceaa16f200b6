"""Orders of tills: sold on account or with credit, paid at a till, cancelled."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Body, Path, Query, Router
from ninja.responses import Status
from pydantic import Field

from accounting.at_branch.selling import CreditAtBranch, known_account, sell_at_branch
from accounting.choices import SaleMethod
from accounting.models import PaymentOrder
from accounting.operations import Line, Ordered, cancel_order, pay_order, post_order
from api.endpoints.accounts import PageAsked, seen
from api.endpoints.customers import Number
from api.endpoints.frame import KEYED, customer_of, demand_known, name, scope_of
from api.money_schemas import NewOrder, Order, Orders, Paid, Posted, Sent, SoldHere, TakenBack
from api.money_shown import account_if_seen, movement_key, order_short, order_shown, sold_here
from api.problems import NoSuchOrder
from customers.models import Customer
from locations.permissions import Right
from mcp.isolation.branch import is_branch
from mcp.isolation.scope import Scope

router = Router(tags=["Orders"])
OrderId = Annotated[UUID, Path(description="The id of the order, as it was answered.")]


class OrdersAsked(PageAsked):
    state: Literal["open", "all"] = Field(default="open", description="open: what is to be paid.")


@router.get(
    "/customers/{int:number}/orders",
    response=Orders,
    operation_id="orders",
    url_name="orders",
    summary="The orders of a customer",
)
def listed(request: HttpRequest, number: Number, asked: Query[OrdersAsked]) -> dict[str, Any]:
    """Of all locations, the latest first, page by page."""
    scope = scope_of(request)
    demand_known(request, OrdersAsked)
    customer = customer_of(number, scope)
    seen(customer, scope)
    rows = PaymentOrder.objects.of_customer(customer).select_related("location").order_by("-id")
    if asked.state == "open":
        rows = rows.open()
    if asked.page is not None:
        rows = rows.filter(pk__lt=asked.page)
    found = list(rows[: asked.limit + 1])
    told = found[: asked.limit]
    return {
        "orders": [order_short(one) for one in told],
        "next": told[-1].pk if len(found) > asked.limit else None,
    }


@router.post(
    "/customers/{int:number}/orders",
    response={201: Posted, 202: SoldHere},
    exclude_unset=True,
    operation_id="post_order",
    url_name="orders",
    summary="Sell on account or with credit",
    openapi_extra=KEYED,
)
def post(
    request: HttpRequest, response: HttpResponse, number: Number, order: Body[NewOrder], sent: Query[Sent]
) -> Status:
    """The order is an open item of the customer, or paid with his credit. What keeps it from being sold is a 409 with
    its reason: `limit`, `below_zero`, `blocked`, `no_address`, `not_on_account`, `no_credit`, `archived`. At a branch
    with a customer base 1.0 it is taken (202), and booked at the central with the next reconciliation.
    """
    scope = scope_of(request)
    demand_known(request, Sent)
    customer = customer_of(number, scope)
    if is_branch():
        return Status(202, _sold_here(request, customer, order, sent, scope))
    done = post_order(
        customer=customer.pk,
        method=SaleMethod(order.method),
        number=order.number,
        total=order.total,
        lines=_lines(order),
        key=movement_key(request, scope),
        business_day=order.business_day,
        sold_at=order.sold_at,
        fiscal=order.fiscal,
        is_late=sent.late,
        actor=scope,
    )
    response["Location"] = reverse("api:order", kwargs={"order": done.order.pk}, urlconf="api.urls")
    return Status(201, _told(request, done, scope))


def _lines(order: NewOrder) -> list[Line]:
    return [Line(text=one.text, quantity=one.quantity, amount=one.amount, vat_rate=one.vat_rate) for one in order.lines]


def _sold_here(request: HttpRequest, customer: Customer, order: NewOrder, sent: Sent, scope: Scope) -> dict[str, Any]:
    if order.method != SaleMethod.ACCOUNT:
        raise CreditAtBranch
    sold = sell_at_branch(
        customer=customer.pk,
        number=order.number,
        total=order.total,
        lines=_lines(order),
        key=movement_key(request, scope),
        business_day=order.business_day,
        sold_at=order.sold_at,
        fiscal=order.fiscal,
        is_late=sent.late,
        actor=scope,
    )
    name(request, customer.pk)
    return sold_here(sold, customer, known_account(customer, scope) if scope.allows(Right.SEE_ACCOUNTS) else None)


@router.get(
    "/orders/{uuid:order}",
    response=Order,
    operation_id="order",
    url_name="order",
    summary="Read an order",
)
def read(request: HttpRequest, order: OrderId) -> dict[str, Any]:
    """With its lines, and whether it is paid."""
    scope = scope_of(request)
    scope.demand(Right.SEE_ACCOUNTS)
    one = _found(order, scope)
    return order_shown(one, one.customer)


@router.post(
    "/orders/{uuid:order}/pay",
    response={201: Posted},
    exclude_unset=True,
    operation_id="pay_order",
    url_name="pay_order",
    summary="Pay an order at the till",
    openapi_extra=KEYED,
)
def pay(request: HttpRequest, order: OrderId, payment: Body[Paid]) -> Status:
    """Whole, and once: neither here nor by an invoice is it paid again. At any location of the business."""
    scope = scope_of(request)
    one = _found(order, scope)
    done = pay_order(order=one.pk, key=movement_key(request, scope), business_day=payment.business_day, actor=scope)
    return Status(201, _told(request, done, scope))


@router.post(
    "/orders/{uuid:order}/cancel",
    response={201: Posted},
    exclude_unset=True,
    operation_id="cancel_order",
    url_name="cancel_order",
    summary="Cancel an order",
    openapi_extra=KEYED,
)
def cancel(request: HttpRequest, order: OrderId, cancellation: Body[TakenBack]) -> Status:
    """Once, at the location that has posted it. What was paid for it here is given back with it."""
    scope = scope_of(request)
    one = _found(order, scope)
    done = cancel_order(
        order=one.pk,
        reason=cancellation.reason,
        key=movement_key(request, scope),
        business_day=cancellation.business_day,
        actor=scope,
    )
    return Status(201, _told(request, done, scope))


def _found(order: UUID, scope: Scope) -> PaymentOrder:
    """The order of this id in the base of the scope. Raises MissingRight, NoSuchOrder."""
    scope.demand(Right.VIEW_CUSTOMERS)
    rows = PaymentOrder.objects.in_base(scope.base).select_related("location", "customer")
    found = rows.filter(pk=order).first()
    if found is None:
        raise NoSuchOrder
    return found


def _told(request: HttpRequest, done: Ordered, scope: Scope) -> dict[str, Any]:
    customer: Customer = done.standing.terms.customer
    name(request, customer.pk)
    return {
        "order": order_shown(done.order, customer),
        **account_if_seen(customer, done.standing, scope),
        "warnings": list(done.warnings),
    }
