"""What is decided about a request before its page: whether the address is served at all, and by which methods.

Rights are none of it. Every page asks for its own, so that a page which forgets to ask is found by the tests and not
hidden by a second check here.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase

from mcp.isolation.addresses import Rule, Zone, rule_for
from mcp.isolation.http import ScopedRequest

type View = Callable[..., HttpResponseBase]


def pass_or_answer(
    request: ScopedRequest, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> HttpResponseBase | None:
    """None lets the page answer. Raises Http404 for an address that no rule names: forgotten means closed.

    OPTIONS and methods that the address does not know are refused as reading it would be: by the page itself, to
    whoever may not read it. Only those who may are told the methods.
    """
    rule = _rule(request)
    if rule is None:
        raise Http404
    if request.method != "OPTIONS" and request.method in rule.methods:
        return None
    as_reader = _as_reader(request, view, args, kwargs)
    return as_reader if _is_refusal(as_reader) else _methods(request, rule)


def _rule(request: ScopedRequest) -> Rule | None:
    zone = Zone.OUTSIDE if request.address is None else Zone.LOCATION
    match = request.resolver_match
    return rule_for(zone, match.view_name, match.kwargs) if match else None


def _as_reader(request: ScopedRequest, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]) -> HttpResponseBase:
    """What the page says to a GET, which changes nothing."""
    method, request.method = request.method, "GET"
    try:
        return view(request, *args, **kwargs)
    finally:
        request.method = method


def _is_refusal(response: HttpResponseBase) -> bool:
    """Whether the page does not serve this visitor; a page that is only posted to answers a reader with 405."""
    if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return False
    to_login = response.status_code == HTTPStatus.FOUND and response["Location"].startswith(settings.LOGIN_URL)
    return to_login or response.status_code >= HTTPStatus.BAD_REQUEST


def _methods(request: ScopedRequest, rule: Rule) -> HttpResponse:
    if request.method == "OPTIONS":
        return HttpResponse(headers={"Allow": ", ".join(rule.methods)})
    return HttpResponseNotAllowed(rule.methods)
