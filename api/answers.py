"""What a till is told where it is refused: what any machine is told, and which of its values are wrong, and why."""

from __future__ import annotations

from http import HTTPStatus

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpResponse
from ninja.errors import ValidationError as Unreadable

from api.problems import TITLES, refused, single, status_of
from api.unreadable import sentence_of
from locations import violations
from mcp import machines
from mcp.isolation.limits import Busy
from mcp.machines import Problem, Refusal

BODY = "body"
"""The name of what is sent as a whole."""
OUTER = 2
"""So many names stand before that of a field: where it was sent, and the argument of the endpoint."""
type Errors = dict[str, list[dict[str, str]]]
"""What is wrong with each field, by its name."""


def problem_of(error: Exception) -> HttpResponse:
    """The answer to an exception. What only the log explains is logged."""
    return machines.told(_refusal(error))


def _refusal(error: Exception) -> Refusal:
    match error:
        case Unreadable():
            return _unreadable(error)
        case Problem() | Busy():
            return machines.refusal_of(error)
        case ValidationError():
            return _of_operation(error)
        case IntegrityError() if (broken := violations.refusal_of(error)) is not None:
            return _of_operation(broken)
    return machines.refusal_of(error)


def _of_operation(error: ValidationError) -> Refusal:
    """The refusal of an operation, with the sentence that people read, beside the field that it is about."""
    if (known := refused(error)) is not error:
        return machines.refusal_of(known)
    errors: Errors = {}
    sentences, codes = [], []
    for name, one in single(error):
        sentence, code = " ".join(one.messages), str(one.code or "invalid")
        sentences.append(sentence)
        codes.append(code)
        if name:
            errors.setdefault(name, []).append({"code": code, "detail": sentence})
    return _invalid(status_of(error), codes[0], " ".join(sentences), errors)


def _unreadable(error: Unreadable) -> Refusal:
    """What was sent is not as it is described: each field with what is wrong, and `body` where nothing was sent."""
    errors: Errors = {}
    for one in error.errors:
        name = ".".join(str(part) for part in one["loc"][OUTER:]) or BODY
        errors.setdefault(name, []).append({"code": str(one["type"]), "detail": sentence_of(one)})
    detail = " ".join(f"{name}: {one['detail']}" for name in errors for one in errors[name])
    return _invalid(HTTPStatus.UNPROCESSABLE_ENTITY, "unusable", detail, errors)


def _invalid(status: HTTPStatus, code: str, detail: str, errors: Errors) -> Refusal:
    more = {"errors": errors} if errors else {}
    return Refusal(status=status, code=code, title=TITLES[status], detail=detail, more=more)
