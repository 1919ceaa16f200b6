"""The cards and codes by which a customer is known. By one of them he is found: customers?card=…"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Body, Router
from ninja.responses import Status

from api.endpoints.customers import Number
from api.endpoints.frame import KEYED, customer_of, name, scope_of
from api.schemas import Cards, NewCard
from api.shown import cards_of
from customers.cards.operations import assign_card
from customers.models import Customer
from mcp.isolation.scope import Scope

router = Router(tags=["Cards"])


@router.get(
    "/customers/{int:number}/cards",
    response=Cards,
    operation_id="cards",
    url_name="cards",
    summary="The cards of a customer",
)
def read(request: HttpRequest, number: Number) -> dict[str, Any]:
    """The active ones first."""
    scope = scope_of(request)
    return _told(customer_of(number, scope), scope)


@router.post(
    "/customers/{int:number}/cards",
    response={201: Cards},
    operation_id="assign_card",
    url_name="cards",
    summary="Give a customer a card",
    openapi_extra=KEYED,
)
def assign(request: HttpRequest, number: Number, card: Body[NewCard]) -> Status:
    """The card of this number. One that somebody has already is refused (409)."""
    scope = scope_of(request)
    customer = customer_of(number, scope)
    assign_card(customer=customer.pk, number=card.number, actor=scope)
    name(request, customer.pk)
    return Status(201, _told(customer, scope))


def _told(customer: Customer, scope: Scope) -> dict[str, Any]:
    return {"cards": cards_of([customer.pk], scope).get(customer.pk, [])}
