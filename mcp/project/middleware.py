"""Middleware that finds the location of a request and the scope of its user.

The location is named by the address and never by the session: `/<account_number>/<client_number>/…`. The two numbers
become the script name, so `reverse()` and redirects stay at that location.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.urls import get_script_prefix, set_script_prefix, set_urlconf

from mcp.console import errors
from mcp.console.kept_forms import kept_of
from mcp.console.sent_once import sent_once
from mcp.isolation import access, address_check, row_scope
from mcp.isolation.history_context import recorded_as
from mcp.isolation.http import CONSOLE_URLCONF, ScopedRequest
from mcp.isolation.scope import MissingRight, Scope, facts_of
from mcp.login import devices
from mcp.project import abandoned_requests

type GetResponse = Callable[[ScopedRequest], HttpResponse]

_ADDRESS = re.compile(r"^/([1-9][0-9]{0,8})/([1-9][0-9]{0,4})(/.*)$", re.ASCII)
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}
LONGEST_OF_NOBODY = 1024**2
"""Bytes that somebody who is not logged in may send: a login, with what was typed when the session ended."""


class AddressMiddleware:
    """Takes `/<account_number>/<client_number>` off the path into `request.address`, and serves the location."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: ScopedRequest) -> HttpResponse:
        request.address = None
        match = _ADDRESS.match(request.path_info)
        if match is None:
            return self.get_response(request)
        account, client, rest = match.groups()
        outer = get_script_prefix()
        request.address = (int(account), int(client))
        request.path_info = rest
        request.META["SCRIPT_NAME"] = f"{outer.rstrip('/')}/{account}/{client}"
        request.urlconf = CONSOLE_URLCONF
        set_script_prefix(request.META["SCRIPT_NAME"])
        set_urlconf(CONSOLE_URLCONF)
        try:
            return self.get_response(request)
        finally:
            set_script_prefix(outer)
            set_urlconf(None)


class ScopeMiddleware:
    """Makes `request.scope` of user and address, and lets the database show only the rows of that scope.

    Somebody who is not logged in is sent to the login, whether or not the address exists. Otherwise the whole request
    is one transaction of the scope. Changes are recorded with the name of the user, the location and an id of the
    request. Before they are committed, the rights by which they were allowed are checked again.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: ScopedRequest) -> HttpResponse:
        try:
            with row_scope.limited(**settings.REQUEST_LIMITS), abandoned_requests.watched(request):
                return self._answer(request)
        except UnreadablePostError:
            return errors.not_arrived()

    def process_exception(self, request: ScopedRequest, exception: Exception) -> HttpResponse | None:
        """The page for a request that the database gave up, which is rolled back; None for other exceptions."""
        return errors.overtaxed(request, exception)

    def _answer(self, request: ScopedRequest) -> HttpResponse:
        request.scope = None
        if not request.user.is_authenticated:
            return self._answer_nobody(request)
        request.person = request.user
        if request.method not in _SAFE_METHODS:
            _ = request.POST  # whole before a transaction begins, which would wait along with a slow line
        if request.address is not None:
            request.scope = access.enter_location(request.user, *request.address)
        with access.rows_for(request.user, request.scope):
            response = self.get_response(request) if request.method in _SAFE_METHODS else self._recorded(request)
        if request.address is not None and response.status_code == HTTPStatus.OK:
            devices.note_place(request, response, request.address)
        return response

    def _answer_nobody(self, request: ScopedRequest) -> HttpResponse:
        if request.address is not None:
            return self._answer_at_location(request, request.address)
        if request.method not in _SAFE_METHODS and not _is_short(request):
            return errors.too_long()
        with row_scope.no_rows():
            return self.get_response(request)

    def _answer_at_location(self, request: ScopedRequest, address: tuple[int, int]) -> HttpResponse:
        """The login, whether or not the location exists; what was typed into one of our forms goes through it."""
        with row_scope.no_rows():
            kept = kept_of(request)
            return (
                errors.session_ended(request, kept, address[0]) if kept else redirect_to_login(request.get_full_path())
            )

    def process_view(
        self, request: ScopedRequest, view: address_check.View, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> HttpResponseBase | None:
        """Http404 for an address without a rule, 405 for a method that its rule does not name; None to go on."""
        return address_check.pass_or_answer(request, view, args, kwargs)

    def _recorded(self, request: ScopedRequest) -> HttpResponse:
        facts = request.scope.history() if request.scope else facts_of(request.user)
        with recorded_as(**facts, request=str(uuid.uuid4())):
            response = sent_once(request, lambda: self.get_response(request))
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            transaction.set_rollback(True)  # also where a page broke as it was rendered, behind its own savepoint
        elif request.scope is not None:
            self._ask_again(request, request.scope)
        return response

    def _ask_again(self, request: ScopedRequest, scope: Scope) -> None:
        """Raise MissingRight where a right was taken meanwhile; the request is undone, and its messages are dropped."""
        try:
            access.demand_still(scope)
        except MissingRight:
            said: Any = messages.get_messages(request)
            said._queued_messages.clear()
            raise


def _is_short(request: ScopedRequest) -> bool:
    """Whether the request names the length of its body, and that is at most LONGEST_OF_NOBODY."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    return length.isdecimal() and int(length) <= LONGEST_OF_NOBODY and "HTTP_TRANSFER_ENCODING" not in request.META
