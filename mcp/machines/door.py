"""Serves the address at which machines become devices, before anything that belongs to people: no session, no cookie.

    POST /devices/enrol/        {"code": "7KM4-XW2P", "nonce": "<UUID>", "program": "Kasse 3.1"}

It is outside of any location, as the code says which one is meant. At a branch it is for the tills of that branch.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from locations.one_time_codes import LONGEST_TYPED
from mcp.isolation import row_scope
from mcp.isolation.http import ScopedRequest, client_address
from mcp.machines.answers import answer, localized, problem_response
from mcp.machines.enrolling import Enrolled, enrol
from mcp.machines.problems import LengthMissing, NoJson, TooLong, Unusable, WrongMethod
from mcp.machines.serving import identity_of
from mcp.models.devices import LONGEST_PROGRAM

ENROL = "/devices/enrol/"
LONGEST = 4 * 1024
"""Bytes of what somebody sends who has not shown yet who he is."""
FIELDS = {"code", "nonce", "program"}


class DeviceMiddleware:
    """Stands behind AddressMiddleware, which says whether the address is outside of any location."""

    def __init__(self, get_response: Callable[[ScopedRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: ScopedRequest) -> HttpResponse:
        if request.address is not None or request.path_info != ENROL:
            return self.get_response(request)
        return localized(request, lambda: _answer(request))


def _answer(request: ScopedRequest) -> HttpResponse:
    try:
        with row_scope.limited(**settings.REQUEST_LIMITS):
            return _enrolled(request)
    except Exception as error:
        return problem_response(error)


def _enrolled(request: ScopedRequest) -> HttpResponse:
    if request.method != "POST":
        raise WrongMethod(allow="POST")
    said = strict_object(body_of(request, most=LONGEST))
    if unknown := sorted(said.keys() - FIELDS):
        raise Unusable(unknown[0])
    enrolled = enrol(
        _text(said, "code", most=LONGEST_TYPED),
        nonce=_uuid(said, "nonce"),
        program=_text(said, "program", most=LONGEST_PROGRAM) if "program" in said else "",
        client=client_address(request),
    )
    return answer(_told(enrolled))


def _told(enrolled: Enrolled) -> dict[str, object]:
    place = enrolled.device.location
    return {
        "token": enrolled.token,
        **identity_of(enrolled.device, place),
        "address": f"/{place.organization.account_number}/{place.client_number}/",
    }


# --- what is sent, read strictly ------------------------------------------------------------------------------------


def body_of(request: HttpRequest, *, most: int) -> bytes:
    """The body. Raises LengthMissing, TooLong before anything is read; UnreadablePostError where the line is cut."""
    length = request.META.get("CONTENT_LENGTH") or ""
    if not length.isdecimal() or "HTTP_TRANSFER_ENCODING" in request.META:
        raise LengthMissing
    if int(length) > most:
        raise TooLong
    return request.read(int(length))


def strict_object(body: bytes) -> dict[str, Any]:
    """One object of JSON, without a name twice and without what is no JSON, such as NaN. Raises NoJson."""
    try:
        said = json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise NoJson from None
    if not isinstance(said, dict):
        raise NoJson
    return said


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _value in pairs}) != len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _text(said: Mapping[str, Any], name: str, *, most: int) -> str:
    value = said.get(name)
    if not isinstance(value, str) or len(value) > most or not value.isprintable():
        raise Unusable(name)
    return value


def _uuid(said: Mapping[str, Any], name: str) -> UUID:
    value = said.get(name)
    if not isinstance(value, str) or len(value) != len(str(UUID(int=0))):
        raise Unusable(name)
    try:
        return UUID(value)
    except ValueError:
        raise Unusable(name) from None
