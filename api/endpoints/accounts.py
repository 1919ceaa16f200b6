"""The account of a customer: how it stands, what was booked, payments, and his credit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Body, Path, Query, Router
from ninja.responses import Status
from pydantic import BeforeValidator, Field

from accounting.balances import Standing, standing
from accounting.models import Movement, PaymentOrder
from accounting.operations import NoAccount, pay_out, receive_payment, reverse, top_up, use_credit
from accounting.operations import Posted as Done
from api.endpoints.customers import Number
from api.endpoints.frame import KEYED, customer_of, demand_known, name, scope_of
from api.money_schemas import AccountWithItems, Booked, Movements, NewBooking, Reversed, Sent
from api.money_shown import (
    account_if_seen,
    account_of,
    exceptions_of,
    movement_key,
    movements_shown,
    open_items,
)
from api.problems import MovementElsewhere, MovementOfOrder, NoSuchMovement
from api.value_types import Strict, whole
from customers.models import Customer
from locations.permissions import Right
from mcp.isolation.scope import Scope

router = Router(tags=["Account"])
MovementId = Annotated[UUID, Path(description="The id of the booking.")]


class PageAsked(Strict):
    page: UUID | None = Field(default=None, strict=False, description="What `next` said on the page before.")
    limit: Annotated[int, Field(ge=1, le=200), BeforeValidator(whole)] = 50


@router.get(
    "/customers/{int:number}/account",
    response=AccountWithItems,
    exclude_unset=True,
    operation_id="account",
    url_name="account",
    summary="Balance, limits and open items",
)
def read(request: HttpRequest, number: Number) -> dict[str, Any]:
    """How the account stands now, and which orders are to be paid. 404 `no_account` for who has none."""
    scope = scope_of(request)
    customer = customer_of(number, scope)
    now = seen(customer, scope)
    return {**account_of(customer, now, scope), **open_items(customer)}


def seen(customer: Customer, scope: Scope) -> Standing:
    """How the account stands, for whoever may see accounts. Raises MissingRight, NoAccount."""
    scope.demand(Right.SEE_ACCOUNTS)
    now = standing(customer, scope)
    if now is None:
        raise NoAccount(customer)
    return now


@router.get(
    "/customers/{int:number}/account/movements",
    response=Movements,
    operation_id="movements",
    url_name="movements",
    summary="What was booked",
)
def movements(request: HttpRequest, number: Number, asked: Query[PageAsked]) -> dict[str, Any]:
    """Bookings of what the customer owes and of his credit, the latest first, page by page."""
    scope = scope_of(request)
    demand_known(request, PageAsked)
    customer = customer_of(number, scope)
    accounts = _accounts(seen(customer, scope))
    rows = Movement.objects.in_base(scope.base).of_accounts(accounts).select_related("location").order_by("-id")
    if asked.page is not None:
        rows = rows.filter(pk__lt=asked.page)
    found = list(rows[: asked.limit + 1])
    told = found[: asked.limit]
    return {
        "movements": movements_shown(told, accounts, scope.base.pk),
        "next": told[-1].pk if len(found) > asked.limit else None,
    }


@router.post(
    "/customers/{int:number}/account/payments",
    response={201: Booked},
    exclude_unset=True,
    operation_id="receive_payment",
    url_name="payments",
    summary="Receive a payment of what is open",
    openapi_extra=KEYED,
)
def payment(request: HttpRequest, number: Number, booking: Body[NewBooking], sent: Query[Sent]) -> Status:
    """Of any amount. An order that is paid whole is better paid itself: it is closed by that."""
    return _booked(request, number, booking, sent, receive_payment)


@router.post(
    "/customers/{int:number}/credit/top-up",
    response={201: Booked},
    exclude_unset=True,
    operation_id="top_up",
    url_name="top_up",
    summary="Top up the credit",
    openapi_extra=KEYED,
)
def topped_up(request: HttpRequest, number: Number, booking: Body[NewBooking], sent: Query[Sent]) -> Status:
    """The customer pays in advance."""
    return _booked(request, number, booking, sent, top_up)


@router.post(
    "/customers/{int:number}/credit/use",
    response={201: Booked},
    exclude_unset=True,
    operation_id="use_credit",
    url_name="use_credit",
    summary="Use credit",
    openapi_extra=KEYED,
)
def used(request: HttpRequest, number: Number, booking: Body[NewBooking], sent: Query[Sent]) -> Status:
    """Without an order: for a till that keeps its lines to itself. Never more than there is."""
    return _booked(request, number, booking, sent, use_credit)


@router.post(
    "/customers/{int:number}/credit/pay-out",
    response={201: Booked},
    exclude_unset=True,
    operation_id="pay_out",
    url_name="pay_out",
    summary="Pay credit out",
    openapi_extra=KEYED,
)
def paid_out(request: HttpRequest, number: Number, booking: Body[NewBooking], sent: Query[Sent]) -> Status:
    """The customer gets back what he has paid in advance. Never more than there is."""
    return _booked(request, number, booking, sent, pay_out)


@router.post(
    "/movements/{uuid:movement}/reverse",
    response={201: Booked},
    exclude_unset=True,
    operation_id="reverse",
    url_name="reverse",
    summary="Take a booking back",
    openapi_extra=KEYED,
)
def taken_back(request: HttpRequest, movement: MovementId, reversal: Body[Reversed]) -> Status:
    """Once, by the opposite booking, at the location that has made it. A sale of an order is cancelled with its order;
    an order whose payment is taken back is open again.
    """
    scope = scope_of(request)
    scope.demand(Right.VIEW_CUSTOMERS)
    wrong = Movement.objects.in_base(scope.base).filter(pk=movement).first()
    if wrong is None:
        raise NoSuchMovement
    if wrong.location_id != scope.location.pk:
        raise MovementElsewhere
    if PaymentOrder.objects.in_base(scope.base).filter(booking=wrong.pk).exists():
        raise MovementOfOrder
    done = reverse(movement=wrong.pk, reason=reversal.reason, key=movement_key(request, scope), actor=scope)
    return _told(request, done.standing.terms.customer, done, scope)


def _booked(
    request: HttpRequest, number: int, booking: NewBooking, sent: Sent, operation: Callable[..., Done]
) -> Status:
    scope = scope_of(request)
    demand_known(request, Sent)
    customer = customer_of(number, scope)
    done = operation(
        customer=customer.pk,
        amount=booking.amount,
        key=movement_key(request, scope),
        business_day=booking.business_day,
        document=booking.document,
        is_late=sent.late,
        actor=scope,
    )
    return _told(request, customer, done, scope)


def _told(request: HttpRequest, customer: Customer, done: Done, scope: Scope) -> Status:
    name(request, customer.pk)
    [shown] = movements_shown([done.movement], _accounts(done.standing), scope.base.pk)
    return Status(
        201,
        {
            "movement": shown,
            **account_if_seen(customer, done.standing, scope),
            "warnings": list(done.warnings),
            "exceptions": exceptions_of(done.movement.pk, scope.base.pk),
        },
    )


def _accounts(now: Standing) -> tuple[int, int]:
    return now.owed.pk, now.credit.pk
