"""Serves the addresses of nodes, before anything that belongs to people: no session, no form, no cookie, no login.

    /clearing/pair/                                   outside of any location
    /<account_number>/<client_number>/clearing/exchange/…

They exist at a central alone. Who is logged in is a stranger here, and who shows a token is one everywhere else.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpResponse
from django.urls import Resolver404, URLResolver
from django.urls.resolvers import RegexPattern

from clearing.central.answers import problem_of, refusal
from clearing.central.problems import NotAdmitted, WrongMethod
from clearing.central.views import METHODS, location_urls, outside_urls
from locations.choices import Side
from mcp.isolation import row_scope
from mcp.isolation.http import ScopedRequest

OUTSIDE, AT_LOCATION = "/clearing/pair/", "/clearing/exchange/"
_OUTSIDE = URLResolver(RegexPattern(r"^/"), outside_urls())
_AT_LOCATION = URLResolver(RegexPattern(r"^/"), location_urls())


class NodeMiddleware:
    """Stands behind AddressMiddleware, which has taken the location off the path."""

    def __init__(self, get_response: Callable[[ScopedRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: ScopedRequest) -> HttpResponse:
        is_outside = request.address is None
        if settings.SIDE != Side.CENTRAL or not request.path_info.startswith(OUTSIDE if is_outside else AT_LOCATION):
            return self.get_response(request)
        response = _answer(request, _OUTSIDE if is_outside else _AT_LOCATION)
        response["Cache-Control"] = "no-store"
        return response


def _answer(request: ScopedRequest, urls: URLResolver) -> HttpResponse:
    """What the address answers. One that does not exist is answered like one for which a token is missing."""
    try:
        match = urls.resolve(request.path_info)
    except Resolver404:
        return refusal(request, NotAdmitted())
    if request.method != METHODS[match.func]:
        response = refusal(request, WrongMethod())
        response["Allow"] = METHODS[match.func]
        return response
    try:
        with row_scope.limited(**settings.REQUEST_LIMITS):
            return match.func(request, **match.kwargs)
    except Exception as error:
        return refusal(request, problem_of(error))
