"""What is answered to a node: short JSON, and a refusal as a stable code with a sentence.

The sentence travels as it is stored (mcp/stored_sentences.py), so that the branch shows it in the language of whoever
reads it there; and beside it as text, for who looks with other tools.
"""

from __future__ import annotations

import json
import logging
from http import HTTPStatus

from django.core.exceptions import ValidationError
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils.translation import get_language_from_request, override

from clearing.central.problems import Broken, Busy, NotArrived, Problem
from clearing.protocol.messages import Message, RefusedMessage
from clearing.protocol.parts import UnusablePart
from mcp.isolation.limits import took_too_long, waited_too_long
from mcp.login.throttling import TooManyTries
from mcp.stored_sentences import sentences_of

log = logging.getLogger(__name__)
BUSY_SECONDS = 5


def answer(message: Message, *, status: int = HTTPStatus.OK) -> HttpResponse:
    """A message as the body."""
    return HttpResponse(message.to_bytes(), content_type="application/json", status=status)


def refusal(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """A refusal as the body."""
    sentences = sentences_of(error)
    with override(get_language_from_request(request)):
        text = str(sentences)
    body = {"code": sentences[0]["code"], "sentence": text, "sentences": sentences, **getattr(error, "more", {})}
    response = HttpResponse(json.dumps(body), content_type="application/problem+json", status=status_of(error))
    if seconds := _retry_after(error):
        response["Retry-After"] = str(seconds)
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    return response


def status_of(error: ValidationError) -> HTTPStatus:
    """The status by which a refusal is answered."""
    match error:
        case Problem():
            return error.status
        case RefusedMessage():
            return HTTPStatus.BAD_REQUEST
        case UnusablePart():
            return HTTPStatus.UNPROCESSABLE_ENTITY
        case TooManyTries():
            return HTTPStatus.TOO_MANY_REQUESTS
    return HTTPStatus.CONFLICT


def _retry_after(error: ValidationError) -> int:
    match error:
        case Busy():
            return BUSY_SECONDS
        case TooManyTries():
            return error.seconds
    return 0


def problem_of(error: Exception) -> ValidationError:
    """What is told of an exception. What only the log explains is logged."""
    match error:
        case ValidationError():
            return error
        case UnreadablePostError():
            return NotArrived()
        case DatabaseError() if waited_too_long(error) or took_too_long(error):
            return Busy()
    log.exception("A request of a branch broke off; nothing of it was kept", exc_info=error)
    return Broken()
