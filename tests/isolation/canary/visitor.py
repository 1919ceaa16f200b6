"""One person's browser during a sweep: sends a request, undoes what it did, and reads all that came of it."""

from __future__ import annotations

import io
import logging
import re
import tempfile
import traceback
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core import mail
from django.db import connection, transaction
from django.test import Client

from tests.isolation.canary.canaries import Canaries, Canary
from tests.reader import ungrouped

REDIRECTS = {301, 302, 303, 307, 308}
MOST_HOPS = 4
QUIET = ("django.db", "django.template", "asyncio")
"""Loggers that tell what the tests themselves do, or name variables of templates by the thousand."""
# Random in each answer, and long: by chance anything could be read in it.
RANDOM = re.compile(rb'(?:csrfmiddlewaretoken"? value=|X-CSRFToken"?: ?|csrftoken=)["\']?[0-9A-Za-z]+')
SIGNATURE = re.compile(r"(?:csrftoken|sessionid)=\w+|(?<=:)[\w-]{43}(?=[;\"\s])")
"""Of a signed cookie, and random cookies: by chance any short word could be read in them."""
_JOBS = "SELECT concat_ws(' ', task_name, args, lock, queueing_lock) FROM procrastinate_jobs WHERE task_name <> 'plant'"

type Allowed = Callable[[Canary, str], bool]
"""Whether the person may read a canary at an address."""


@dataclass(frozen=True)
class Finding:
    """A canary where it must not be."""

    canary: Canary
    request: str
    place: str

    def __str__(self) -> str:
        return f"{self.canary} in the {self.place} of {self.request}"


@dataclass
class Report:
    """What a sweep did and found."""

    role: str
    responses: int = 0
    forms: int = 0
    pages: int = 0
    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    found: list[Finding] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    read: Counter[str] = field(default_factory=Counter)
    """How often canaries of a table were read where they may be read."""

    def figures(self) -> dict[str, Any]:
        """For the summary of the run."""
        names = ("role", "responses", "forms", "pages", "seconds")
        return {**{name: getattr(self, name) for name in names}, "found": len(self.found)}


_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)


class Lines(logging.Handler):
    """All that is logged, as text."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith(QUIET):
            self.lines.append(self.format(record))

    def take(self) -> str:
        text = "\n".join(self.lines)
        self.lines.clear()
        return text


class Visitor:
    """Sends requests and reads the answers; whatever a request changed is undone, cookies included."""

    def __init__(self, client: Client, canaries: Canaries, report: Report, *, allowed: Allowed) -> None:
        self.client, self.canaries, self.report, self.allowed = client, canaries, report, allowed
        self.client.raise_request_exception = False
        self.lines = Lines()
        self._seen: dict[bytes, set[str]] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Listens to the log and keeps temporary files together; at the end mails and files are read as well."""
        root, folder = logging.getLogger(), tempfile.tempdir
        level, handlers = root.level, root.handlers
        root.level, root.handlers = logging.DEBUG, [self.lines]
        try:
            with tempfile.TemporaryDirectory() as own:
                tempfile.tempdir = own
                yield
                self._read_leftovers(Path(own))
        finally:
            tempfile.tempdir = folder
            root.level, root.handlers = level, handlers

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What happens inside has not happened afterwards."""
        cookies = self.client.cookies.output()
        kept = {name: morsel.value for name, morsel in self.client.cookies.items()}
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
        if self.client.cookies.output() != cookies:
            self.client.cookies.clear()
            self.client.cookies.load(kept)

    def get(self, address: str, **headers: str) -> Any:
        """The answer, and those to which it leads; the last one is given back."""
        with self.undone():
            return self.send("get", address, headers=headers)

    def send(self, method: str, address: str, data: Any = None, *, headers: dict[str, str] | None = None) -> Any:
        """Like `get`, for any method, but left as it is: call it inside of `undone`."""
        response = self._one(method, address, data, headers or {}, sent=f"{address} {data or ''}")
        for _hop in range(MOST_HOPS):
            if response.status_code not in REDIRECTS:
                break
            following = response.headers["Location"]
            if urlsplit(following).netloc not in {"", "testserver"}:
                break
            response = self._one("get", following, None, headers or {}, sent=f"{address} {data or ''} {following}")
        return response

    # --- reading ------------------------------------------------------------------------------------------

    def _one(self, method: str, address: str, data: Any, headers: dict[str, str], *, sent: str) -> Any:
        call = getattr(self.client, method)
        arguments = {"data": data} if method == "post" else {}
        response = call(address, headers=headers, **arguments)
        response.body = response.getvalue()
        self.report.responses += 1
        self.report.statuses[response.status_code] += 1
        request = f"{method.upper()} {address}" + (f" {_short(data)}" if data else "")
        if response.status_code >= 500:
            why = "".join(traceback.format_exception(*response.exc_info)[-3:]) if response.exc_info else ""
            self.report.broken.append(f"{response.status_code} {request} {why}")
        own = self.canaries.among(unquote(sent))
        for place, found in self._read(response):
            self._note(found - own, address, request, place)
        return response

    def _read(self, response: Any) -> Iterator[tuple[str, set[str]]]:
        yield "body", self._in_body(response.body)
        headers = unquote(f"{response.headers} {response.cookies.output()} ")
        yield "headers", self.canaries.among(SIGNATURE.sub("", headers))
        yield "session", self.canaries.among(_session(response))
        yield "log", self.canaries.among(self.lines.take())
        if response.request["REQUEST_METHOD"] == "POST":
            yield "tasks", self.canaries.among(_jobs())

    def _in_body(self, body: bytes) -> set[str]:
        """Most answers are the same few pages, which need to be read but once."""
        plain = RANDOM.sub(b"", body)
        if plain not in self._seen:
            self._seen[plain] = {word for text in texts(plain) for word in self.canaries.among(text)}
        return self._seen[plain]

    def _note(self, found: set[str], address: str, request: str, place: str) -> None:
        for word in found:
            canaries = self.canaries.planted[word]
            legal = [canary for canary in canaries if self.allowed(canary, address)]
            if legal:
                self.report.read[legal[0].table] += 1
            else:
                self.report.found.append(Finding(canaries[0], request, place))

    def _read_leftovers(self, folder: Path) -> None:
        for path in folder.rglob("*"):
            if path.is_file():
                self._note(self._in_body(path.read_bytes()), "", str(path), "temporary file")
        for message in mail.outbox:
            self._note(self.canaries.among(str(message.message())), "", str(message.subject), "mail")


def texts(body: bytes) -> Iterator[str]:
    """What a body says: itself, or each file of a workbook or an archive; of a PDF what is no picture and no font."""
    if body.startswith(b"%PDF-"):
        yield _STREAM.sub(b"", body).decode(errors="replace")
        yield from filter(None, map(_inflated, _STREAM.findall(body)))
        return
    if not body.startswith(b"PK"):
        text = body.decode(errors="replace")
        yield from {text, ungrouped(text)}
        return
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        for name in archive.namelist():
            yield f"{name}\n{archive.read(name).decode(errors='replace')}"


def _inflated(stream: bytes) -> str:
    """The text of a stream of a PDF; empty for what is none, in whose bytes a short word could be read by chance."""
    try:
        return zlib.decompress(stream).decode()
    except (zlib.error, UnicodeDecodeError):
        return ""


def _session(response: Any) -> str:
    """The messages that wait for the next page, and what the session holds."""
    request = response.wsgi_request
    waiting = getattr(getattr(request, "_messages", None), "_queued_messages", [])
    session = getattr(getattr(request, "session", None), "_session_cache", {})
    return f"{[str(message) for message in waiting]} {session}"


def _jobs() -> str:
    with connection.cursor() as cursor:
        cursor.execute(_JOBS)
        return str(cursor.fetchall())


def _short(data: Any) -> str:
    text = str(data)
    return text if len(text) < 300 else f"{text[:300]} …"
