"""What is answered: JSON, and problems as application/problem+json (RFC 9457)."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header
from ninja.errors import ValidationError as Unreadable

from api.problems import TITLES, StillRunning, refused, single, status_of
from api.unreadable import sentence_of
from locations.violations import refusal_of
from mcp.isolation.limits import Busy, took_too_long, waited_too_long
from mcp.isolation.refusal_log import because
from mcp.isolation.scope import DeviceGone, MissingRight
from mcp.machines import problems

log = logging.getLogger(__name__)
TYPE = "urn:stammhaus:problem:"
BUSY_SECONDS, RUNNING_SECONDS = 5, 1
OUTER = 2
"""So many names stand before that of a field: where it was sent, and the argument of the endpoint."""
DEFAULT_LANGUAGE = "de"


def language_of(request: HttpRequest) -> str:
    """The first of the languages that are asked for (Accept-Language) which there is, else German."""
    for code, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", "")[:200]):
        try:
            return get_supported_language_variant(code)
        except LookupError:
            continue
    return DEFAULT_LANGUAGE


def problem_of(error: Exception) -> HttpResponse:
    """The answer to an exception. What only the log explains is logged."""
    match error:
        case MissingRight():
            told = _problem(HTTPStatus.FORBIDDEN, "missing_right", str(error), {"right": error.right.value})
            return because(told, error.right.value)
        case Unreadable():
            return _unreadable(error)
        case ValidationError() if not isinstance(error, Busy):
            return _refusal(refused(error))
        case IntegrityError() if (broken := refusal_of(error)) is not None:
            return _refusal(broken)
    return _refusal(_problem_behind(error))


def _problem_behind(error: Exception) -> problems.Problem:
    match error:
        case DeviceGone():
            return problems.NotAdmitted()
        case Http404() | PermissionDenied():
            return problems.NotThere()
        case UnreadablePostError():
            return problems.NotArrived()
        case Busy():
            return problems.Busy()
        case DatabaseError() if waited_too_long(error) or took_too_long(error):
            return problems.Busy()
    log.exception("A request of a device broke off; nothing of it was kept", exc_info=error)
    return problems.Broken()


def _refusal(error: ValidationError) -> HttpResponse:
    status = status_of(error)
    errors: dict[str, list[dict[str, str]]] = {}
    sentences, codes = [], []
    for name, one in single(error):
        sentence = " ".join(one.messages)
        codes.append(str(one.code or "invalid"))
        sentences.append(sentence)
        if name:
            errors.setdefault(name, []).append({"code": codes[-1], "detail": sentence})
    more = {**getattr(error, "more", {}), **({"errors": errors} if errors else {})}
    response = _problem(status, codes[0], " ".join(sentences), more, title=getattr(error, "title", None))
    if seconds := _seconds(error):
        response["Retry-After"] = str(seconds)
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = 'Bearer realm="Stammhaus"'
    return response


def _seconds(error: ValidationError) -> int:
    match error:
        case problems.TooFast():
            return error.seconds
        case problems.Busy():
            return BUSY_SECONDS
        case StillRunning():
            return RUNNING_SECONDS
    return 0


def _unreadable(error: Unreadable) -> HttpResponse:
    """What was sent is not as it is described: each field with what is wrong."""
    errors: dict[str, list[dict[str, str]]] = {}
    for one in error.errors:
        name = ".".join(str(part) for part in one["loc"][OUTER:])
        errors.setdefault(name, []).append({"code": str(one["type"]), "detail": sentence_of(one)})
    detail = " ".join(f"{name}: {one['detail']}" if name else one["detail"] for name in errors for one in errors[name])
    return _problem(HTTPStatus.UNPROCESSABLE_ENTITY, "unusable", detail, {"errors": errors})


def _problem(
    status: HTTPStatus, code: str, detail: str, more: dict[str, Any] | None = None, *, title: object = None
) -> HttpResponse:
    said = {
        "type": f"{TYPE}{code}",
        "title": str(title or TITLES.get(status, status.phrase)),
        "status": int(status),
        "detail": detail,
        "code": code,
        **(more or {}),
    }
    return HttpResponse(json.dumps(said), content_type="application/problem+json", status=status)
