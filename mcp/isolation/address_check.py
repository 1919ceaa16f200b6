"""Decides before a page is called whether its address is served, and for which methods.

It asks for no rights. Every page asks for its own: a second check here would hide from the tests that a page forgets
it.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase

from mcp.isolation import branch
from mcp.isolation.addresses import Rule, Zone, rule_for
from mcp.isolation.http import ScopedRequest

type View = Callable[..., HttpResponseBase]


def pass_or_answer(
    request: ScopedRequest, view: View, args: tuple[object, ...], kwargs: dict[str, object]
) -> HttpResponseBase | None:
    """None to call the page, else the answer. Raises Http404 for an address without a rule, or of the other side.

    For OPTIONS, and for methods that the rule does not name, the page is asked as for a GET. Somebody who may not read
    it gets its refusal; only somebody who may is told the methods.
    """
    rule = _rule(request)
    if rule is None or not branch.serves(rule):
        raise Http404
    if request.method != "OPTIONS" and request.method in rule.methods:
        return None
    as_reader = _as_reader(request, view, args, kwargs)
    return as_reader if _is_refusal(as_reader) else _methods(request, rule)


def _rule(request: ScopedRequest) -> Rule | None:
    zone = Zone.OUTSIDE if request.address is None else Zone.LOCATION
    match = request.resolver_match
    return rule_for(zone, match.view_name, match.kwargs) if match else None


def _as_reader(
    request: ScopedRequest, view: View, args: tuple[object, ...], kwargs: dict[str, object]
) -> HttpResponseBase:
    """The answer of the page to a GET, which changes nothing."""
    method, request.method = request.method, "GET"
    try:
        return view(request, *args, **kwargs)
    finally:
        request.method = method


def _is_refusal(response: HttpResponseBase) -> bool:
    """Whether the page does not serve this visitor. 405 is none: pages that only take forms answer a GET with it."""
    if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return False
    to_login = response.status_code == HTTPStatus.FOUND and response["Location"].startswith(settings.LOGIN_URL)
    return to_login or response.status_code >= HTTPStatus.BAD_REQUEST


def _methods(request: ScopedRequest, rule: Rule) -> HttpResponse:
    if request.method == "OPTIONS":
        return HttpResponse(headers={"Allow": ", ".join(rule.methods)})
    return HttpResponseNotAllowed(rule.methods)
