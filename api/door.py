"""Serves the addresses of tills, before anything that belongs to people: no session, no form, no cookie, no login.

    /<account_number>/<client_number>/api/v1/…

Who is logged in is a stranger here, and who shows a token is one everywhere else. At a branch with a customer base 1.0
its own tills read customers and sell on account; all else about accounts is at the central (AT_BRANCH).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.urls import Resolver404, get_resolver

from api import answers, keys, reading
from api.problems import OnlyAtCentral
from mcp import machines
from mcp.isolation import access, row_scope
from mcp.isolation.branch import is_branch
from mcp.isolation.history_context import recorded_as
from mcp.isolation.http import ScopedRequest, client_address
from mcp.isolation.scope import Scope
from mcp.machines.problems import NotAdmitted, NotThere, WrongMethod

START = "/api/v1/"
URLCONF = "api.urls"
BEARER = "bearer "
READING = frozenset({"GET"})
WITHOUT_KEY = frozenset({"token"})
"""By its url name: its answer is a secret, which is not kept. Asked twice there are two new tokens, and one holds."""
AT_BRANCH = re.compile(r"GET (me|customers|customers/\d+)|POST (token/rotate|customers/\d+/orders)")
"""What tills ask at a branch: method, and address behind START."""


class TillMiddleware:
    """Stands behind AddressMiddleware, which has taken the location off the path."""

    def __init__(self, get_response: Callable[[ScopedRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: ScopedRequest) -> HttpResponse:
        if request.address is None or not request.path_info.startswith(START):
            return self.get_response(request)
        return machines.localized(request, lambda: _answer(request))


def _answer(request: ScopedRequest) -> HttpResponse:
    """What the address answers. One that does not exist is answered like one for which a token is missing."""
    try:
        with row_scope.limited(**settings.REQUEST_LIMITS):
            request.scope = scope = _admitted(request)
            body, request.parsed = reading.read(request)  # type: ignore[attr-defined]
            return _served(request, scope, body)
    except Exception as error:
        return answers.problem_of(error)


def _admitted(request: ScopedRequest) -> Scope:
    """The scope of the token, at its own address. Raises NotAdmitted, NotThere, TooFast."""
    shown = request.headers.get("Authorization", "")
    if shown[: len(BEARER)].lower() != BEARER or request.address is None:
        raise NotAdmitted
    scope = machines.admitted(
        shown[len(BEARER) :].strip(),
        request.address,
        client=client_address(request),
        program=request.headers.get("User-Agent", ""),
    )
    if scope.device is None:
        raise NotAdmitted
    request.device = scope.device
    machines.throttle(scope.device)
    return scope


def _served(request: ScopedRequest, scope: Scope, body: bytes) -> HttpResponse:
    try:
        match = get_resolver(URLCONF).resolve(request.path_info)
    except Resolver404 as error:
        raise NotThere from error
    asked = f"{request.method} {request.path_info.removeprefix(START)}"
    if is_branch() and not AT_BRANCH.fullmatch(asked):
        raise OnlyAtCentral
    request.named = set()  # type: ignore[attr-defined]

    def answer() -> HttpResponse:
        return match.func(request, *match.args, **match.kwargs)

    with row_scope.rows_of(scope):
        if request.method in READING:
            return _told(answer())
        with recorded_as(**scope.history(request=str(uuid.uuid4()))):
            response = _told(_once(request, scope, body, answer, match.url_name))
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            transaction.set_rollback(True)
        else:
            access.demand_still(scope)
        return response


def _once(
    request: ScopedRequest, scope: Scope, body: bytes, answer: Callable[[], HttpResponse], name: str | None
) -> HttpResponse:
    """The answer of a request that writes; by its key where it has one, which a POST must have."""
    is_keyed = request.method == "POST" or keys.HEADER in request.headers
    if request.method not in reading.WITH_BODY or name in WITHOUT_KEY or not is_keyed:
        return answer()
    return keys.once(
        keys.key_of(request),
        keys.asked(request, body),
        scope=scope,
        answer=answer,
        named=lambda: request.named,  # type: ignore[attr-defined]
    )


def _told(response: HttpResponse) -> HttpResponse:
    """As a problem, where the address is not asked in this way."""
    if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
        return response
    return answers.problem_of(WrongMethod(allow=response["Allow"]))
