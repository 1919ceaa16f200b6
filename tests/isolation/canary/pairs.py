"""Two requests that differ in one thing: one names what another business has, the other what nobody has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, reset_queries, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.isolation.canary.visitor import RANDOM

_PER_REQUEST = {"Date", "Expires"}
_NEW_KEY = re.compile(r"/(?:\d+|[0-9a-f-]{36})/(?=change/|$)")
"""In a redirect to what was just made; a sequence goes on although all is undone."""
_NEW_LINK = re.compile(r"(?<=/password/)[^/\"]+|(?<=shell-print\" aria-hidden=\"true\">)[^<]+")
"""A link for a password is another one each time; what is printed names the minute."""
_NEW_ROW = re.compile(r'(?<=<p role="status"><strong><a href=")[^"]+')
"""Where a message leads: to the row that was made, whose key is another one each time."""
_SENTINEL = "KEY"


@dataclass(frozen=True)
class Pair:
    """A request with `KEY` where the difference goes, and what stands there: of somebody else, and of nobody."""

    method: str
    address: str
    theirs: str
    nobodys: str
    data: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.address} {self.data or ''} ({self.theirs} / {self.nobodys})"


@dataclass(frozen=True)
class Answer:
    """All that a stranger can compare: the value that he sent himself is taken out."""

    status: int
    headers: tuple[tuple[str, str], ...]
    cookies: tuple[str, ...]
    body: str
    length: int
    queries: int


def differences(client: Client, pairs: Iterable[Pair]) -> Iterator[str]:
    """Where the two answers of a pair are not the same, and in what."""
    for pair in pairs:
        theirs, nobodys = both(client, pair)
        names = [name for name in Answer.__dataclass_fields__ if getattr(theirs, name) != getattr(nobodys, name)]
        if names:
            told = [f"{name}: {_cut(getattr(theirs, name), getattr(nobodys, name))}" for name in names]
            yield f"{pair}: {'; '.join(told)}"


def both(client: Client, pair: Pair) -> tuple[Answer, Answer]:
    """The two answers; asked again where the first one had to fill a cache."""
    theirs, nobodys = answer(client, pair, pair.theirs), answer(client, pair, pair.nobodys)
    return (answer(client, pair, pair.theirs) if theirs.queries > nobodys.queries else theirs), nobodys


def answer(client: Client, pair: Pair, value: str) -> Answer:
    """The answer to one of the two; what it changed is undone."""
    data = {name: _put(given, value) for name, given in pair.data.items()}
    for remembered in ("messages", "place"):
        client.cookies.pop(remembered, None)
    reset_queries()  # the log of a connection has an end
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        arguments = {"data": data} if pair.method == "post" else {}
        response = getattr(client, pair.method)(pair.address.replace(_SENTINEL, value), **arguments)
        content = response.getvalue()
        transaction.set_rollback(True)
    text = _NEW_LINK.sub("#", _NEW_ROW.sub("#", RANDOM.sub(b"", content).decode(errors="replace")))
    return Answer(
        status=response.status_code,
        headers=tuple(sorted((name, _without(text, value)) for name, text in _headers(response))),
        cookies=tuple(sorted(response.cookies)),
        body=_without(text, value),
        length=len(content),
        queries=len(queries),
    )


def _headers(response: Any) -> Iterator[tuple[str, str]]:
    for name, text in response.headers.items():
        if name == "Location":
            yield name, _NEW_KEY.sub("/#/", text)
        elif name not in _PER_REQUEST:
            yield name, text


def _put(given: Any, value: str) -> Any:
    """A field's value, or the text of a file in the form of bytes."""
    if isinstance(given, bytes):
        return SimpleUploadedFile("kunden.csv", given.replace(_SENTINEL.encode(), value.encode()))
    return [_put(one, value) for one in given] if isinstance(given, list) else given.replace(_SENTINEL, value)


def _without(text: str, value: str) -> str:
    """What was sent stands in some answers again; a short number also by chance, so only as a part of an address."""
    if value.isdecimal():
        return text.replace(value, _SENTINEL) if len(value) > 3 else text.replace(f"/{value}/", f"/{_SENTINEL}/")
    return re.sub(rf"(?:\b|(?<=%[0-9A-F]{{2}})){re.escape(value)}\b", _SENTINEL, text)


def _cut(theirs: Any, nobodys: Any) -> str:
    """The beginning of what differs."""
    if not isinstance(theirs, str):
        return f"{theirs} / {nobodys}"
    lines = zip(theirs.splitlines(), nobodys.splitlines(), strict=False)
    return next((f"{one.strip()[-200:]} / {other.strip()[-200:]}" for one, other in lines if one != other), "length")
