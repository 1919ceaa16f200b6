"""What a machine is answered: JSON, and a refusal as RFC 9457 has it, in the language asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_supported_language_variant, gettext_lazy, override
from django.utils.translation.trans_real import parse_accept_lang_header

from locations.permissions import Right
from locations.text import LazyText
from mcp.isolation import limits
from mcp.isolation.refusal_log import because
from mcp.isolation.scope import DeviceGone, MissingRight
from mcp.login.throttling import TooManyTries
from mcp.machines.problems import Broken, Busy, NotAdmitted, NotArrived, NotThere, Problem

log = logging.getLogger(__name__)
PROBLEM = "application/problem+json"
TYPE = "urn:stammhaus:problem:"
CHALLENGE = 'Bearer realm="Stammhaus"'
DEFAULT_LANGUAGE = "de"
LONGEST_HEADER = 200
"""Characters of Accept-Language that are looked at."""
RIGHT_MISSING: LazyText = gettext_lazy("Right missing")
TOO_MANY_TRIES: LazyText = gettext_lazy("Too many tries")


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """What a machine is told that is not served, in the language of this moment. `more` are further named values."""

    status: HTTPStatus
    code: str
    title: LazyText | str
    detail: str
    more: Mapping[str, object] = field(default_factory=dict)
    seconds: int = 0
    """After how long it may be tried again; 0 where that is not known."""
    allow: str = ""
    """How the address is asked, where it is not asked in this way."""
    right: Right | None = None
    """The one that is missing."""


def answer(content: Mapping[str, object]) -> HttpResponse:
    """JSON."""
    return JsonResponse(dict(content))


def localized(request: HttpRequest, serve: Callable[[], HttpResponse]) -> HttpResponse:
    """What is served, in the language asked for. Nobody keeps it."""
    language = language_of(request)
    with override(language):
        response = serve()
    response["Cache-Control"] = "no-store"
    response["Content-Language"] = language
    patch_vary_headers(response, ["Accept-Language", "Authorization"])
    return response


def language_of(request: HttpRequest) -> str:
    """The first of the languages that are asked for (Accept-Language) which there is, else German. No cookie counts."""
    for code, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", "")[:LONGEST_HEADER]):
        try:
            return get_supported_language_variant(code)
        except LookupError:
            continue
    return DEFAULT_LANGUAGE


def problem_response(error: Exception) -> HttpResponse:
    """The answer to an exception. What only the log explains is logged."""
    return told(refusal_of(error))


def told(refusal: Refusal) -> HttpResponse:
    """The refusal as a problem, with the headers that belong to it."""
    content = {
        "type": f"{TYPE}{refusal.code}",
        "title": str(refusal.title),
        "status": int(refusal.status),
        "detail": refusal.detail,
        "code": refusal.code,
        **({"right": refusal.right.value} if refusal.right else {}),
        **refusal.more,
    }
    response = JsonResponse(content, status=refusal.status, content_type=PROBLEM)
    if refusal.seconds:
        response["Retry-After"] = str(refusal.seconds)
    if refusal.allow:
        response["Allow"] = refusal.allow
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = CHALLENGE
    return because(response, refusal.right.value) if refusal.right else response


def refusal_of(error: Exception) -> Refusal:
    """The refusal that an exception means; of one that nobody expects, that something is broken, and it is logged."""
    match error:
        case Problem():
            return _of_problem(error)
        case TooManyTries():
            return Refusal(
                status=HTTPStatus.TOO_MANY_REQUESTS,
                code="too_many_tries",
                title=TOO_MANY_TRIES,
                detail=" ".join(error.messages),
                seconds=error.seconds,
            )
        case MissingRight():
            return Refusal(
                status=HTTPStatus.FORBIDDEN,
                code="missing_right",
                title=RIGHT_MISSING,
                detail=str(error),
                right=error.right,
            )
    return _of_problem(_problem_behind(error))


def _of_problem(problem: Problem) -> Refusal:
    return Refusal(
        status=problem.status,
        code=problem.code_of_problem,
        title=problem.title,
        detail=" ".join(problem.messages),
        more=problem.more,
        seconds=problem.seconds,
        allow=problem.allow,
    )


def _problem_behind(error: Exception) -> Problem:
    match error:
        case DeviceGone():
            return NotAdmitted()
        case Http404() | PermissionDenied():
            return NotThere()
        case UnreadablePostError():
            return NotArrived()
        case limits.Busy():
            return Busy()
        case DatabaseError() if limits.waited_too_long(error) or limits.took_too_long(error):
            return Busy()
    log.exception("A request of a machine broke off; nothing of it was kept", exc_info=error)
    return Broken()
