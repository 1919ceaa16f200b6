"""The device itself: who it is and what it may do, its new token, and the words of its base."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router

from api.endpoints.frame import scope_of
from api.schemas import Groups, Me, Token
from customers.field_groups import withheld
from customers.models import CustomerGroup, Tag
from locations.permissions import Right
from mcp.isolation.scope import Scope
from mcp.machines.serving import describe, rotate

router = Router(tags=["Device"])


@router.get("/me", response=Me, operation_id="me", summary="Who I am, and what I may do here")
def me(request: HttpRequest) -> dict[str, Any]:
    """Good for a look whether the line, the clock and the token are in order."""
    scope = scope_of(request)
    place = scope.location
    return {
        **describe(scope),
        "withheld": sorted(withheld(scope)),
        "first_number": place.first_number,
        "last_number": place.last_number,
        "tags": _tags(scope),
        "time": timezone.now(),
    }


def _tags(scope: Scope) -> list[str]:
    if not scope.allows(Right.VIEW_CUSTOMERS):
        return []
    return sorted(Tag.objects.in_base(scope.base).values_list("name", flat=True))


@router.post(
    "/token/rotate",
    response=Token,
    operation_id="rotate_token",
    url_name="token",
    summary="A new token for this device",
)
def rotate_token(request: HttpRequest) -> dict[str, str]:
    """The old token holds until the new one is used for the first time: keep the new one before you use it.

    It takes no Idempotency-Key, since a secret is not kept: where the answer was lost, ask once more.
    """
    return {"token": rotate(scope_of(request))}


@router.get(
    "/customer-groups", response=Groups, operation_id="customer_groups", summary="The customer groups of the base"
)
def groups(request: HttpRequest) -> dict[str, Any]:
    """What the `customer_group` of a customer means: price level and discount of its members."""
    scope = scope_of(request)
    scope.demand(Right.VIEW_CUSTOMERS)
    rows = CustomerGroup.objects.in_base(scope.base).order_by("name", "id")
    return {"customer_groups": list(rows.values("id", "name", "price_level", "discount"))}
