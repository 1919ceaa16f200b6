"""A request that writes has one effect, however often it is sent: its answer is kept under its key for a week.

Key and effect are of one transaction: what breaks off has left neither, and is done when it is sent once more. Refusals
have no effect and are not kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from uuid import UUID

from django.db import connection
from django.http import HttpResponse

from api.models import LONGEST_KEY, KeptAnswer
from api.problems import AnswerGone, KeyMissing, OtherRequest, StillRunning
from locations.permissions import Right
from locations.secret_hashes import SecretKind, is_hash_of, keyed_hash
from mcp.isolation.http import ScopedRequest
from mcp.isolation.scope import Scope

HEADER = "Idempotency-Key"
_KEY = re.compile(rf"[!-~]{{8,{LONGEST_KEY}}}", re.ASCII)
_KEPT_HEADERS = ("ETag", "Location")
_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"


def key_of(request: ScopedRequest) -> str:
    """The key that the request names. Raises KeyMissing."""
    key = request.headers.get(HEADER, "")
    if not _KEY.fullmatch(key):
        raise KeyMissing
    return key


def asked(request: ScopedRequest, body: bytes) -> str:
    """What is asked, as one text: method, address and body."""
    return f"{request.method} {request.path_info}\n{body.hex()}"


def once(
    key: str, what: str, *, scope: Scope, answer: Callable[[], HttpResponse], named: Callable[[], Iterable[int]]
) -> HttpResponse:
    """The answer, or the one of before. `named` are the ids of customers whom it names, asked afterwards.

    Runs in the transaction of the effect. Raises StillRunning where the same key is being worked on, OtherRequest where
    it stands for something else, AnswerGone, and MissingRight where a right is held no more by which it was allowed.
    """
    device = _device(scope)
    _demand_alone(f"stammhaus.api {scope.base.pk} {device} {key}")
    kept = KeptAnswer.objects.filter(base=scope.base, device_id=device, key=key).first()
    if kept is not None:
        return _again(kept, what, scope)
    response = answer()
    if response.status_code < HTTPStatus.BAD_REQUEST:
        KeptAnswer.objects.create(
            base=scope.base,
            device_id=device,
            key=key,
            fingerprint=keyed_hash(SecretKind.REQUEST, what),
            status=response.status_code,
            body=response.content.decode(),
            headers={name: response[name] for name in _KEPT_HEADERS if name in response},
            rights=sorted(scope.asked),
            customers=sorted(set(named())),
        )
    return response


def _device(scope: Scope) -> UUID:
    if scope.device is None:
        raise TypeError("Only devices ask with a key")
    device: UUID = scope.device.pk
    return device


def _demand_alone(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [name])
        if cursor.fetchone() != (True,):
            raise StillRunning


def _again(kept: KeptAnswer, what: str, scope: Scope) -> HttpResponse:
    if not is_hash_of(SecretKind.REQUEST, what, kept.fingerprint):
        raise OtherRequest
    if kept.status == HTTPStatus.GONE:
        raise AnswerGone
    for right in kept.rights:
        scope.demand(Right(right))
    return HttpResponse(
        kept.body, status=kept.status, headers=kept.headers, content_type="application/json; charset=utf-8"
    )
