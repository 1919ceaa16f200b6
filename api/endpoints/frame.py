"""What all of them need: who asks, and the customer of the address."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from api.problems import NoSuchCustomer, UnknownParameter
from api.value_types import Strict
from customers.models import Customer
from locations.models import HIGHEST_CUSTOMER_NUMBER
from locations.permissions import Right
from mcp.isolation.scope import Scope

KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "minLength": 8, "maxLength": 80},
    "description": "Of this request alone; repeated with it. The same key and body have one effect and one answer.",
}
VERSION = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "schema": {"type": "string"},
    "description": "The ETag of the customer as he was read.",
}
KEYED: dict[str, Any] = {"parameters": [KEY]}
VERSIONED: dict[str, Any] = {"parameters": [VERSION, {**KEY, "required": False}]}


def scope_of(request: HttpRequest) -> Scope:
    """The scope that the door has entered."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    return scope


def customer_of(number: int, scope: Scope) -> Customer:
    """The customer of this number in the base of the scope. Raises MissingRight, NoSuchCustomer."""
    scope.demand(Right.VIEW_CUSTOMERS)
    found = (
        Customer.objects.in_base(scope.base).filter(customer_number=number).first()
        if number <= HIGHEST_CUSTOMER_NUMBER
        else None
    )
    if found is None:
        raise NoSuchCustomer
    return found


def demand_known(request: HttpRequest, asked: type[Strict]) -> None:
    """Raise UnknownParameter where the query names something that is not described; the library passes it over."""
    if unknown := sorted(set(request.GET) - set(asked.model_fields)):
        raise UnknownParameter(name=unknown[0])


def name(request: HttpRequest, *customers: int) -> None:
    """Note whom the answer names, for when one of them is erased."""
    request.named.update(customers)  # type: ignore[attr-defined]
