"""Processes of their own on the database of the test: nothing is shared with the test but the tables."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from mcp.project import environment


def address() -> str:
    """The database of the test, for a process of its own, as the web role."""
    server, mark, options = environment.text("DATABASE_URL").partition("?")
    return f"{server.rpartition('/')[0]}/{connection.settings_dict['NAME']}{mark}{options}"


def variables() -> dict[str, str]:
    """The environment of such a process, the same for every test."""
    known = {name: value for name, value in os.environ.items() if name != "AS_OWNER" and "PYTEST" not in name}
    return {
        **known,
        "DATABASE_URL": address(),
        "DJANGO_SETTINGS_MODULE": "mcp.project.settings",
    }


@contextmanager
def web_processes(count: int, log: Path, *, threads: int = 1, **more: str) -> Iterator[int]:
    """So many web processes behind one port of the loopback, which is given; `log` has the process of each answer.

    `more` are variables of the environment.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = [
        sys.executable, "-m", "gunicorn", "mcp.project.wsgi:application", "--no-control-socket",
        "--bind", f"127.0.0.1:{port}",
        "--workers", str(count), "--threads", str(threads), "--keep-alive", "0",
        "--access-logfile", str(log), "--access-logformat", "%(p)s %(s)s %(U)s %(m)s",
    ]  # fmt: skip
    with subprocess.Popen(
        command, env={**variables(), **more}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as server:
        try:
            _wait(port, server)
            yield port
        finally:
            server.terminate()
            server.communicate(timeout=30)


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if server.poll() is not None:
                raise AssertionError((server.stderr and server.stderr.read()) or "the server has ended") from None
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server does not answer")
