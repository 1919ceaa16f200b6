"""Browsers that begin a form and never finish it."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

HEAD = (
    "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    "Content-Length: 5000\r\n\r\nusername=a"
)


@contextmanager
def slow_browsers(count: int, port: int, path: str = "/login/", tls: ssl.SSLContext | None = None) -> Iterator[None]:
    """So many that have sent a part of a form and send no more, while the block runs."""
    with ExitStack() as stack:
        for _ in range(count):
            line = socket.create_connection(("127.0.0.1", port), timeout=30)
            line = stack.enter_context(tls.wrap_socket(line, server_hostname="127.0.0.1") if tls else line)
            line.sendall(HEAD.format(path=path).encode())
        time.sleep(0.5)
        yield


def status(port: int, path: str = "/login/", tls: ssl.SSLContext | None = None) -> int:
    """Of the page that somebody else asks for meanwhile. Raises TimeoutError where it does not come in a minute."""
    line = (
        http.client.HTTPSConnection("127.0.0.1", port, timeout=60, context=tls)
        if tls
        else http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    )
    try:
        line.request("GET", path)
        answer = line.getresponse()
        answer.read()
        return answer.status
    finally:
        line.close()
