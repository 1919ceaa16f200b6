"""Carries a message to an address that somebody has typed, and nowhere else: over HTTPS, to a public address alone.

The name is looked up once, each address that it has must be public, and that very address is connected to: whoever owns
the name cannot lead the worker into the network in which it stands, neither at once nor between look and call. Nothing
is redirected, no proxy is asked, and of the answer nothing is read but its status.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

CONNECT_SECONDS, WHOLE_SECONDS = 5.0, 15.0
LONGEST_URL = 300
PORT = 443
_OF_PROVIDERS = ipaddress.ip_network("64:ff9b::/96")
"""Behind such an IPv6 address (NAT64) stands an IPv4 one, in its last four bytes."""


class Unsendable(Exception):
    """It was not delivered; `code` says why (see api/webhooks.py)."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True)
class Target:
    """Where a message goes."""

    host: str
    port: int
    path: str


def target_of(url: str) -> Target:
    """The parts of an address. Raises Unsendable for what is none to which a message may go, whatever it leads to."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or PORT
        host = host.encode("idna").decode().lower()
    except ValueError:
        raise Unsendable("url") from None
    is_plain = url.isascii() and url.isprintable() and " " not in url and not parts.fragment
    if parts.scheme != "https" or not host or not is_plain or parts.username or parts.password:
        raise Unsendable("url")
    with contextlib.suppress(ValueError):
        if not is_public(ipaddress.ip_address(host)):
            raise Unsendable("private")
    if ("." not in host and ":" not in host) or host.endswith((".localhost", ".local", ".internal")):
        raise Unsendable("private")
    return Target(host, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether the address is one of the internet, also where an IPv4 address is written within an IPv6 one."""
    if isinstance(address, ipaddress.IPv6Address):
        within = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if within is None and address in _OF_PROVIDERS:
            within = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if within is not None:
            return is_public(within)
    return address.is_global and not address.is_multicast and not address.is_reserved


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Deliver, and give the status of the answer. Raises Unsendable."""
    target = target_of(url)
    address = _address(target)
    try:
        with _connected(target, address) as line:
            return _status(line, target, body, headers)
    except ssl.SSLError:
        raise Unsendable("certificate") from None
    except TimeoutError:
        raise Unsendable("timeout") from None
    except (OSError, http.client.HTTPException, ValueError):
        raise Unsendable("no_line") from None


def _address(target: Target) -> str:
    """The first address of the name, if all of them are public."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unsendable("no_host") from None
    addresses = [str(one[4][0]) for one in found]
    if not addresses or not all(is_public(ipaddress.ip_address(one.partition("%")[0])) for one in addresses):
        raise Unsendable("private")
    return addresses[0]


@contextlib.contextmanager
def _connected(target: Target, address: str) -> Iterator[socket.socket]:
    """An encrypted line to this address, whose certificate is that of the name."""
    with socket.create_connection((address, target.port), timeout=CONNECT_SECONDS) as plain:
        context = ssl.create_default_context()
        with context.wrap_socket(plain, server_hostname=target.host) as line:
            yield line


def _status(line: socket.socket, target: Target, body: bytes, headers: Mapping[str, str]) -> int:
    """Whoever answers byte by byte is cut off when his time is over."""
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = line
    is_over = threading.Event()
    cut = threading.Timer(WHOLE_SECONDS, _cut, [line, is_over])
    cut.daemon = True
    cut.start()
    try:
        named = f"[{target.host}]" if ":" in target.host else target.host
        host = named if target.port == PORT else f"{named}:{target.port}"
        connection.request("POST", target.path, body, {**headers, "Host": host, "Connection": "close"})
        with connection.getresponse() as response:
            if is_over.is_set():  # what has arrived by then may look like an answer
                raise TimeoutError
            return response.status
    finally:
        cut.cancel()


def _cut(line: socket.socket, is_over: threading.Event) -> None:
    is_over.set()
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
