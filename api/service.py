"""The API as a whole: its operations, what it says about itself, and how it turns what goes wrong into answers."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError
from ninja.errors import ValidationError as Unreadable
from ninja.security import HttpBearer

from api import answers
from api.endpoints import accounts, cards, consents, customers, device, orders
from api.reading import ReadAlready
from api.schemas import ProblemAnswer
from mcp.isolation.scope import Scope

VERSION = "1"
DESCRIPTION = """\
Customers of a location for its tills: search, feed, register, change, consents, cards; their accounts and credit, and
orders that are sold on account.

Each request shows the token of a device: `Authorization: Bearer …`. POST carries an `Idempotency-Key`, PATCH an
`If-Match` with the ETag that was read. Problems are RFC 9457 in the language of `Accept-Language` (German or English).
"""


class DeviceToken(HttpBearer):
    """The token of a device. The door has asked for it already, before anything was read."""

    def __call__(self, request: HttpRequest) -> Scope | None:
        scope: Scope | None = getattr(request, "scope", None)
        return scope

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        """Is not asked: see above."""
        raise NotImplementedError


service = NinjaAPI(
    title="Stammhaus",
    version=VERSION,
    description=DESCRIPTION,
    urls_namespace="api",
    openapi_url=None,
    docs_url=None,
    parser=ReadAlready(),
    auth=DeviceToken(),
)
for router in (device.router, customers.router, consents.router, cards.router, accounts.router, orders.router):
    service.add_router("", router)


def _answered(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    return answers.problem_of(error if isinstance(error, Exception) else error())


for kind in (Exception, Http404, HttpError, Unreadable):  # the library has answers of its own for all of these
    service.add_exception_handler(kind, _answered)


_PROBLEMS = {
    "400": "What was sent cannot be read.",
    "401": "No token that holds.",
    "403": "A right is missing; `right` names it.",
    "404": "Nothing there for this device.",
    "422": "What was sent is not valid; `errors` says what, by field.",
    "429": "Too many requests; `Retry-After` says when to go on.",
    "500": "Broken here. Nothing was done: send it once more, under its key.",
    "503": "Busy. Nothing was done: send it once more, under its key.",
}
_OF_WRITING = {
    "409": "Does not go with what is there, or the same key is still running.",
    "410": "It was done, but somebody whom the answer named was erased since.",
    "411": "Its length is missing.",
    "413": "Too long.",
    "415": "Not JSON.",
}
_OF_PATCH = {"412": "The customer was changed meanwhile.", "428": "If-Match is missing."}
_OF_ADDRESSES = {("get", "/customers"): {"410": "The copy is to be begun anew."}}
_WITH_VERSION = {("get", "/customers/{number}"): "200", ("patch", "/customers/{number}"): "200",
                 ("post", "/customers"): "201"}  # fmt: skip
"""Answers about one customer, which say his version."""
_ETAG = {"description": "The version of the customer, for `If-Match`.", "schema": {"type": "string"}}
_PAUSE = {"description": "Seconds to wait.", "schema": {"type": "integer"}}


def description(*, server: str = "/{account_number}/{client_number}/api/v1") -> dict[str, Any]:
    """The OpenAPI description, with the problems that each address can answer; `server` is where it is."""
    schema: dict[str, Any] = service.get_openapi_schema(path_prefix="")
    schema = {**schema, "paths": schema["paths"], "servers": [_server(server)]}
    problem = ProblemAnswer.model_json_schema(ref_template="#/components/schemas/{model}")
    schema["components"]["schemas"] |= {**problem.pop("$defs", {}), "Problem": problem}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            answers_of = {str(status): said for status, said in operation["responses"].items()}
            if status := _WITH_VERSION.get((method, path)):
                answers_of[status]["headers"] = {"ETag": _ETAG}
            operation["responses"] = answers_of | _problems(method, path)
    return schema


def _problems(method: str, path: str) -> dict[str, Any]:
    """What can go wrong at an address, as answers."""
    known = _PROBLEMS | (_OF_WRITING if method != "get" else {}) | (_OF_PATCH if method == "patch" else {})
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": said, "content": content, **_headers(status)}
        for status, said in (known | _OF_ADDRESSES.get((method, path), {})).items()
    }


def _headers(status: str) -> dict[str, Any]:
    if status == "401":
        return {"headers": {"WWW-Authenticate": {"schema": {"type": "string"}}}}
    return {"headers": {"Retry-After": _PAUSE}} if status in ("409", "429", "503") else {}


def _server(address: str) -> dict[str, Any]:
    names = [name for name in ("account_number", "client_number") if f"{{{name}}}" in address]
    said = {"account_number": "Of the business.", "client_number": "Of the location."}
    variables = {name: {"default": "1", "description": said[name]} for name in names}
    return {"url": address, **({"variables": variables} if variables else {})}
