"""Customers: found, read on in the feed, registered, changed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Body, Path, Query, Router
from ninja.responses import Status
from pydantic import BeforeValidator, Field, StringConstraints

from api import cursors
from api.endpoints.frame import KEYED, VERSIONED, customer_of, demand_known, name, scope_of
from api.finding import Sought, find
from api.problems import PossibleDuplicates, UnknownParameter
from api.schemas import Customer_, CustomerChange, Feed, Found, NewCustomer, Registered
from api.shown import changes, duplicates, shown
from api.value_types import Strict, whole
from api.versions import demanded, etag_of, version_of
from api.writing import write
from customers import feed
from customers.duplicates import Candidate, candidates, sought_of
from customers.models import Customer
from customers.operations import change_customer, register_customer
from locations.permissions import Right
from mcp.isolation.scope import Scope

router = Router(tags=["Customers"])
Word = Annotated[str, StringConstraints(max_length=100)]
Number = Annotated[int, Path(description="The customer number.")]


class Asked(Strict):
    """What the list is asked for. With `after` it is the feed, and nothing else can be asked but `limit`."""

    q: Word = Field(default="", description="Words, each of which is found in him: as the search of the list.")
    number: Annotated[int, Field(ge=1, le=9_999_999), BeforeValidator(whole)] | None = None
    card: Word = Field(default="", description="The whole number of a card, also of a blocked one.")
    phone: Word = Field(default="", description="Takes the right “See contact data”.")
    email: Word = Field(default="", description="Takes the right “See contact data”.")
    state: Literal["active", "archived", "all"] = "active"
    page: Word | None = Field(default=None, description="What `next` said on the page before.")
    after: Word | None = Field(
        default=None, description="The feed: what `next` said before. Empty at first: begins with all customers."
    )
    limit: Annotated[int, Field(ge=1, le=200), BeforeValidator(whole)] = 50


@router.get(
    "/customers",
    response=Found | Feed,
    exclude_unset=True,
    operation_id="customers",
    summary="Search, or read on in the feed",
)
def listed(request: HttpRequest, asked: Query[Asked]) -> dict[str, Any]:
    """Customers sorted by name, page by page; with `after` what has changed since, in an order without gaps.

    The feed begins with all customers of the base and goes on with each that was changed; archived and erased ones come
    as such. A till keeps `next` and asks again. What is told is how the customer is now.
    """
    scope = scope_of(request)
    scope.demand(Right.VIEW_CUSTOMERS)
    demand_known(request, Asked)
    if asked.after is not None:
        if others := asked.model_fields_set - {"after", "limit"}:
            raise UnknownParameter(name=min(others))
        return _feed(asked.after, asked.limit, scope)
    sought = Sought(
        words=asked.q, number=asked.number, card=asked.card, phone=asked.phone, email=asked.email, state=asked.state
    )
    found, behind = find(sought, page=asked.page, most=asked.limit, scope=scope)
    return {"customers": shown(found, scope), "next": behind}


def _feed(after: str, most: int, scope: Scope) -> dict[str, Any]:
    ids, position, has_more = feed.read(cursors.position_of(after, scope), base=scope.base, most=most)
    return {"changes": changes(ids, scope), "next": cursors.of_position(position, scope), "has_more": has_more}


@router.post(
    "/customers",
    response={201: Registered},
    exclude_unset=True,
    operation_id="register",
    summary="Register a customer",
    openapi_extra=KEYED,
)
def register(request: HttpRequest, response: HttpResponse, customer: Body[NewCustomer]) -> Status:
    """The customer gets the next number of the location's block. Who may be the same is named in the answer."""
    scope = scope_of(request)
    given = customer.given()
    is_only_if_new, number = given.pop("only_if_new", False), given.pop("number", None)
    row = Customer(customer_number=number)
    write(row, given, scope=scope)
    same = _same(row, scope)
    if same and is_only_if_new:
        raise PossibleDuplicates(found=duplicates(same))
    row = Customer.objects.in_base(scope.base).get(pk=register_customer(customer=row, actor=scope).pk)
    name(request, row.pk, *(one.customer.pk for one in same))
    response["ETag"] = etag_of(row)
    response["Location"] = reverse("api:customer", kwargs={"number": row.customer_number}, urlconf="api.urls")
    told: dict[str, Any] = {"number": row.customer_number, "version": version_of(row)}
    if scope.allows(Right.VIEW_CUSTOMERS):
        told["customer"] = shown([row], scope)[0]
    return Status(201, {**told, "possible_duplicates": duplicates(same)})


def _same(customer: Customer, scope: Scope) -> list[Candidate]:
    """Who may be the same, for whoever may view customers."""
    return candidates(sought_of(customer), scope=scope) if scope.allows(Right.VIEW_CUSTOMERS) else []


@router.get(
    "/customers/{int:number}",
    response=Customer_,
    exclude_unset=True,
    operation_id="customer",
    url_name="customer",
    summary="Read a customer",
)
def read(request: HttpRequest, response: HttpResponse, number: Number) -> dict[str, Any]:
    """With his version as ETag, which a change sends back. Fields that the device may not see are left out."""
    return _told(customer_of(number, scope_of(request)), request, response)


@router.patch(
    "/customers/{int:number}",
    response=Customer_,
    exclude_unset=True,
    operation_id="change",
    url_name="customer",
    summary="Change a customer",
    openapi_extra=VERSIONED,
)
def change(
    request: HttpRequest, response: HttpResponse, number: Number, customer: Body[CustomerChange]
) -> dict[str, Any]:
    """What is left out stays as it is. Whoever was changed since he was read is not changed (412)."""
    scope = scope_of(request)
    row = customer_of(number, scope)
    seen_at = demanded(request)
    write(row, customer.given(), scope=scope)
    change_customer(customer=row, seen_at=seen_at, actor=scope)
    return _told(customer_of(number, scope), request, response)


def _told(customer: Customer, request: HttpRequest, response: HttpResponse) -> dict[str, Any]:
    name(request, customer.pk)
    response["ETag"] = etag_of(customer)
    return shown([customer], scope_of(request))[0]
