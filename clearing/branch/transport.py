"""Sends requests to the central over HTTPS, and says in a sentence what keeps it from answering.

Certificates are verified by the system's authorities (SSL_CERT_FILE names others), proxies are those of the environment
(HTTPS_PROXY, NO_PROXY). Without encryption only this very machine is spoken to.
"""

from __future__ import annotations

import io
import ipaddress
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol
from urllib.parse import unquote, urlsplit

import urllib3
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import (
    HTTPError,
    MaxRetryError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.exceptions import TimeoutError as TooSlow
from urllib3.util import Retry, Timeout, make_headers

CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0
"""The central answers within REQUEST_LIMITS. While something is sent, the first holds for each piece of it."""
PIECE_BYTES = 4 * 1024
"""What is sent at a time: a part of 4 MB takes an hour on the slowest line, and gets through."""
TRIES = 3
LONGEST_ANSWER = 8 * 1024**2
FRAMED_BY = frozenset({"content-length", "transfer-encoding"})
"""One of them says where an answer ends."""
BODILESS = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
LOCAL_NAMES = frozenset({"localhost", "localhost."})


class UnusableUrl(ValidationError):
    """The address of the central cannot be used."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy(
                "This is no address of a central. It names the machine, as in https://stammhaus.example.com; without "
                "https:// in front that is assumed. Without encryption only this very machine can be reached."
            ),
            code="central_url_unusable",
        )


class Unreachable(ValidationError):
    """No answer came. Everything stays as it is, and is tried again."""


REASONS = {
    "certificate": gettext_lazy(
        "The central shows a certificate that is not trusted here, so nothing was sent. Check the address, the date of "
        "this machine, and with its administrator the certificate."
    ),
    "proxy": gettext_lazy(
        "The proxy of this network does not let the branch through. Ask whoever looks after the network."
    ),
    "timeout": gettext_lazy("The central does not answer, or too slowly."),
    "no_line": gettext_lazy(
        "The central is not reached: there is no line. Look whether the network works here and the address is right."
    ),
}
PASSING = frozenset({"timeout", "no_line"})
"""Those of them that pass: a branch on schedule need only wait."""


def no_line() -> Unreachable:
    """What is said where the central is not reached at all."""
    return Unreachable(REASONS["no_line"], code="no_line")


@dataclass(frozen=True)
class Reply:
    """What the other side has answered."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Transport(Protocol):
    """Carries a request to the central and its answer back. Raises Unreachable."""

    def send(self, method: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str]) -> Reply: ...


def with_scheme(text: str) -> str:
    """The address as it was typed, begun with https:// where it says nothing; with http:// for this very machine."""
    text = text.strip()
    if not text or "://" in text:
        return text
    try:
        host = urlsplit(f"//{text}").hostname or ""
    except ValueError:
        return text
    return f"http://{text}" if _is_this_machine(host) else f"https://{text}"


def usable_url(text: str) -> str:
    """The address with its scheme and without a slash at its end. Raises UnusableUrl."""
    try:
        found = urlsplit(with_scheme(text))
        host, _port = found.hostname or "", found.port
    except ValueError:
        raise UnusableUrl from None
    is_plain = not (found.query or found.fragment or found.username or found.password)
    if not host or not is_plain or found.scheme not in {"http", "https"}:
        raise UnusableUrl
    if found.scheme == "http" and not _is_this_machine(host):
        raise UnusableUrl
    return f"{found.scheme}://{found.netloc}{found.path}".rstrip("/")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() in LOCAL_NAMES


class Https:
    """The transport over HTTPS."""

    def __init__(self, central_url: str) -> None:
        self._url = usable_url(central_url)
        self._pool = _pool_for(self._url)

    def send(self, method: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str]) -> Reply:
        """Send, and again where the line breaks off: each request of the protocol can come twice."""
        retries = Retry(total=TRIES, connect=TRIES, read=TRIES, status=0, other=0, redirect=0, allowed_methods=None,
                        backoff_factor=0.5)  # fmt: skip
        try:
            while True:
                response = self._begin(method, path, body, headers, retries)
                try:
                    content = _content(response)
                    break
                except (ProtocolError, ReadTimeoutError) as broken_off:
                    retries = (response.retries or retries).increment(method, path, error=broken_off)
                    retries.sleep()
                finally:
                    response.close()
        except HTTPError as error:
            raise _unreachable(error) from error
        if len(content) > LONGEST_ANSWER:
            raise no_line()
        return Reply(response.status, content, dict(response.headers))

    def _begin(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], retries: Retry
    ) -> BaseHTTPResponse:
        """The answer of which the content is not read yet, so that it can be limited."""
        return self._pool.request(
            method,
            self._url + path,
            # Sent as one block it would have to leave within one timeout, however slow the line is.
            body=None if body is None else io.BytesIO(body),
            headers={**headers, **({} if body is None else {"Content-Length": str(len(body))})},
            redirect=False,
            preload_content=False,
            timeout=Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            retries=retries,
        )


def _content(response: BaseHTTPResponse) -> bytes:
    """What the answer contains, at most a little more than LONGEST_ANSWER. Raises ProtocolError where it breaks off."""
    content = bytearray()
    # Only a read that finds nothing more says whether something is missing.
    while piece := response.read(LONGEST_ANSWER + 1 - len(content), decode_content=False):
        content += piece
    is_framed = any(name.lower() in FRAMED_BY for name in response.headers)
    if not content and not is_framed and response.status not in BODILESS:
        # Broken off within its head. Python takes the end for the end of the head.
        raise ProtocolError("The answer has no end")
    return bytes(content)


def _pool_for(url: str) -> urllib3.PoolManager:
    parts = urlsplit(url)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if not proxy or urllib.request.proxy_bypass(parts.hostname or ""):
        return urllib3.PoolManager(num_pools=1, blocksize=PIECE_BYTES)
    named = urlsplit(proxy)
    secret = f"{unquote(named.username)}:{unquote(named.password or '')}" if named.username else None
    address = f"{named.scheme}://{named.netloc.rpartition('@')[2]}"
    return urllib3.ProxyManager(
        address, num_pools=1, blocksize=PIECE_BYTES, proxy_headers=make_headers(proxy_basic_auth=secret)
    )


def _unreachable(error: HTTPError) -> Unreachable:
    reason = error.reason if isinstance(error, MaxRetryError) and error.reason is not None else error
    match reason:
        case SSLError():
            code = "certificate"
        case ProxyError():
            code = "proxy"
        case NewConnectionError():
            code = "no_line"
        case TooSlow():
            code = "timeout"
        case _:
            code = "no_line"
    return Unreachable(REASONS[code], code=code)
