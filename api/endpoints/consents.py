"""What a customer has agreed to, for each purpose of the business; and what he says at the till."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Body, Router
from ninja.responses import Status

from api.endpoints.customers import Number
from api.endpoints.frame import KEYED, customer_of, name, scope_of
from api.schemas import Consents, Statement
from customers.consents.operations import State, consents_of, record_consent
from customers.field_groups import FieldGroup
from customers.models import Customer
from mcp.isolation.scope import Scope

router = Router(tags=["Consents"])


@router.get(
    "/customers/{int:number}/consents",
    response=Consents,
    operation_id="consents",
    url_name="consents",
    summary="What a customer has agreed to",
)
def read(request: HttpRequest, number: Number) -> dict[str, Any]:
    """The state of each purpose of the business, with the wording that is shown to him."""
    scope = scope_of(request)
    return _told(customer_of(number, scope), scope)


@router.post(
    "/customers/{int:number}/consents",
    response={201: Consents},
    operation_id="record_consent",
    url_name="consents",
    summary="Record what a customer says",
    openapi_extra=KEYED,
)
def record(request: HttpRequest, number: Number, statement: Body[Statement]) -> Status:
    """A consent, or its withdrawal. It is added to what he has said before, and the latest holds."""
    scope = scope_of(request)
    customer = customer_of(number, scope)
    given = {name: getattr(statement, name) for name in type(statement).model_fields}
    if given["evidence"]:
        scope.demand(FieldGroup.MEMO.right)
    if given["wording_version"] is None:
        given["wording_version"] = _wording_of_today(statement, customer, scope)
    record_consent(customers=[customer.pk], **given, actor=scope)
    name(request, customer.pk)
    return Status(201, _told(customer, scope))


def _wording_of_today(statement: Statement, customer: Customer, scope: Scope) -> str:
    """The version of the wording that holds now, for what is given now. What was said before may be of another one."""
    if not statement.is_given or statement.at is not None:
        return ""
    states = consents_of(customer, at=None, base=scope.base)
    return next((one.purpose.wording_version for one in states if one.purpose.code == statement.purpose), "")


def _told(customer: Customer, scope: Scope) -> dict[str, Any]:
    return {"purposes": [_state(one) for one in consents_of(customer, at=None, base=scope.base)]}


def _state(one: State) -> dict[str, Any]:
    last = one.holding or (one.certain[0] if one.certain else None)
    return {
        "purpose": one.purpose.code,
        "name": str(one.purpose.title),
        "state": str(one.said),
        "is_asked": one.purpose.is_active,
        "wording": one.purpose.wording,
        "wording_version": one.purpose.wording_version,
        "at": last.at if last else None,
        "source": last.source if last else "",
    }
