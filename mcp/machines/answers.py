"""What a machine is answered: JSON, and a refusal as RFC 9457 has it, in the language asked for."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.utils.translation import get_language_from_request, gettext_lazy, override

from locations.text import LazyText
from mcp.isolation.limits import took_too_long, waited_too_long
from mcp.isolation.refusal_log import because
from mcp.isolation.scope import DeviceGone, MissingRight
from mcp.login.throttling import TooManyTries
from mcp.machines.problems import Broken, Busy, NotAdmitted, NotArrived, NotThere, Problem, TooFast

log = logging.getLogger(__name__)
BUSY_SECONDS = 5
PROBLEM = "application/problem+json"
REFUSED: LazyText = gettext_lazy("Refused")
TOO_MANY_TRIES: LazyText = gettext_lazy("Too many tries")
RIGHT_MISSING: LazyText = gettext_lazy("Right missing")


@dataclass(frozen=True)
class _Refusal:
    status: HTTPStatus
    code: str
    title: LazyText
    detail: str
    seconds: int = 0
    """After how long it may be tried again; 0 where that is not known."""


def answer(content: Mapping[str, object], *, status: HTTPStatus = HTTPStatus.OK) -> HttpResponse:
    """JSON that nobody keeps."""
    return JsonResponse(dict(content), status=status, headers={"Cache-Control": "no-store"})


def problem_response(request: HttpRequest, error: Exception) -> HttpResponse:
    """The refusal of a request. What only the log explains is logged."""
    language = get_language_from_request(request)
    with override(language):
        refusal = _refusal(error)
        content = {
            "type": "about:blank",
            "title": str(refusal.title),
            "status": int(refusal.status),
            "detail": refusal.detail,
            "code": refusal.code,
        }
    headers = {"Cache-Control": "no-store", "Content-Language": language, "Vary": "Accept-Language"}
    response = JsonResponse(content, status=refusal.status, content_type=PROBLEM, headers=headers)
    if refusal.seconds:
        response["Retry-After"] = str(refusal.seconds)
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    return because(response, str(error.right)) if isinstance(error, MissingRight) else response


def _refusal(error: Exception) -> _Refusal:
    match error:
        case Problem():
            seconds = error.seconds if isinstance(error, TooFast) else BUSY_SECONDS if isinstance(error, Busy) else 0
            return _Refusal(error.status, error.code_of_problem, error.title, _sentence(error), seconds)
        case TooManyTries():
            status = HTTPStatus.TOO_MANY_REQUESTS
            return _Refusal(status, "too_many_tries", TOO_MANY_TRIES, _sentence(error), error.seconds)
        case ValidationError():
            return _Refusal(HTTPStatus.CONFLICT, _code(error), REFUSED, _sentence(error))
        case MissingRight():
            return _Refusal(HTTPStatus.FORBIDDEN, "missing_right", RIGHT_MISSING, str(error))
    return _refusal(_problem_of(error))


def _problem_of(error: Exception) -> Problem:
    match error:
        case DeviceGone():
            return NotAdmitted()
        case Http404() | PermissionDenied():
            return NotThere()
        case UnreadablePostError():
            return NotArrived()
        case DatabaseError() if waited_too_long(error) or took_too_long(error):
            return Busy()
    log.exception("A request of a machine broke off; nothing of it was kept", exc_info=error)
    return Broken()


def _sentence(error: ValidationError) -> str:
    return " ".join(error.messages)


def _code(error: ValidationError) -> str:
    errors = [one for found in error.error_dict.values() for one in found] if hasattr(error, "error_dict") else None
    return str((errors or error.error_list)[0].code or "refused")
