"""The body of a request: read within limits before a transaction begins, and strictly."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser

from api.problems import NotJson
from mcp.isolation.http import ScopedRequest
from mcp.machines.door import body_of, strict_object

LONGEST_BODY = 256 * 1024
"""Bytes. The longest customer has a memo of 20,000 characters."""
WITH_BODY = frozenset({"POST", "PATCH"})


def read(request: ScopedRequest) -> tuple[bytes, dict[str, Any]]:
    """The body and the object in it; nothing of a request that has none. Whoever sends nothing needs no type.

    Raises LengthMissing, TooLong and NotJson before anything is read, UnreadablePostError where the line is cut, and
    NoJson.
    """
    if request.method not in WITH_BODY or _sends_nothing(request):
        return b"", {}
    if not _is_json(request):
        raise NotJson
    body = body_of(request, most=LONGEST_BODY)
    request._body = body  # Django's own place for it; what was read from the line is not read once more
    return body, strict_object(body) if body else {}


def _sends_nothing(request: ScopedRequest) -> bool:
    """Who says neither how long it is nor that it comes in pieces sends no body."""
    is_empty = request.META.get("CONTENT_LENGTH") in (None, "", "0")
    return is_empty and "HTTP_TRANSFER_ENCODING" not in request.META


def _is_json(request: ScopedRequest) -> bool:
    encoding = (request.content_params or {}).get("charset", "utf-8")
    return request.content_type == "application/json" and encoding.lower() == "utf-8"


class ReadAlready(Parser):
    """Hands on what the door has read."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The object of the body."""
        return getattr(request, "parsed", {})
