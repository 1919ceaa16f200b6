"""Writes one line for every refused request: status, method, path, who, from where, and what was missing.

The path is written without its query, which may hold names of customers. The lines go to the log of the process and,
where REFUSALS_LOG names a file, into that file. Any of the processes rotates it when it is full.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse

from mcp.isolation.http import client_address
from mcp.models import Device, User

log = logging.getLogger(__name__)
_LINK = re.compile(r"^(/password/)(?!forgotten/)[^/]+")

REFUSED = frozenset(
    {
        HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.GONE,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.PRECONDITION_FAILED,
        HTTPStatus.PRECONDITION_REQUIRED, HTTPStatus.TOO_MANY_REQUESTS,
    }
)  # fmt: skip


def because[R: HttpResponse](response: R, missing: str) -> R:
    """Note on a refusal what was missing, for its line."""
    response.refused_for = missing  # type: ignore[attr-defined]
    return response


class RefusalMiddleware:
    """The first of all middlewares, so that it sees the refusals of all others."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path  # AddressMiddleware takes the location off
        response = self.get_response(request)
        if response.status_code in REFUSED:
            log.warning(
                "%s %s %s by %s from %s%s", response.status_code, _plain(request.method or ""), _open(path),
                _who(request), client_address(request) or "an unknown address", _why(response),
            )  # fmt: skip
        return response


def _who(request: HttpRequest) -> str:
    """The name and the key of the person or device, as it was noted when it was let in; no query."""
    person: User | None = getattr(request, "person", None)
    device: Device | None = getattr(request, "device", None)
    if device is not None:
        return f"{_plain(device.name)} (device {device.pk})"
    return f"{_plain(person.username)} (user {person.pk})" if person else "nobody"


def _why(response: HttpResponse) -> str:
    missing = getattr(response, "refused_for", "")
    return f": {_plain(missing)} is missing" if missing else ""


def _open(path: str) -> str:
    """The path without the secret part of a link for a password."""
    return _plain(_LINK.sub(r"\1...", path))


def _plain(text: str) -> str:
    """The text with line breaks and other special characters escaped, so that it stays in its line."""
    return quote(text, safe="/:@+,-._~")
