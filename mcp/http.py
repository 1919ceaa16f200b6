"""The request as our middleware leaves it."""

from __future__ import annotations

from django.http import HttpRequest

from mcp.models import User
from mcp.scope import Scope


class ScopedRequest(HttpRequest):
    """A request with its address (account number and client number, if any) and the scope made from it."""

    address: tuple[int, int] | None
    scope: Scope | None
    user: User
    urlconf: str
