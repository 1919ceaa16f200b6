"""The process of which installations are copied, and what a copy does: reconcile, serve, work, or call a function.

As a program it reads orders as tests/isolation/faults/warm.py does. Each copy is told its side, its database, what it
does, and the points at which it asks before it goes on.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from datetime import timedelta
from functools import partial, wraps
from typing import Any

SLEEP = 0.02
"""Instead of the seconds after which a branch asks again."""


def serve_orders() -> None:
    """Read orders until nobody gives any."""
    import django  # noqa: PLC0415 - the settings are those of the environment of this process alone

    django.setup()
    for module in ("clearing.tasks", "clearing.branch.running", "clearing.branch.pairing", "mcp.tasks",
                   "gunicorn.app.base", "gunicorn.arbiter", "gunicorn.workers.gthread"):  # fmt: skip
        importlib.import_module(module)
    from django.core.wsgi import get_wsgi_application  # noqa: PLC0415 - as above

    application = get_wsgi_application()
    for line in sys.stdin:
        order = json.loads(line)
        answer = _ended(order["wait"]) if "wait" in order else _begun({**order, "application": application})
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def _begun(order: dict[str, Any]) -> int:
    process = os.fork()
    if process == 0:
        os._exit(_done(order))
    return process


def _ended(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def _done(order: dict[str, Any]) -> int:
    """What the copy does; its exit code. What it says goes to a file."""
    said = os.open(order["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    os.setsid()
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: it does not outlive the process it was copied from
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        _settle(order)
        _WHAT[order["what"]](order)
    except BaseException:
        os.write(2, traceback.format_exc().encode())
        return 1
    return 0


def _settle(order: dict[str, Any]) -> None:
    """Become the installation that is meant."""
    from django.conf import settings  # noqa: PLC0415 - Django is set up by now
    from django.db import connection  # noqa: PLC0415

    from mcp.project import environment  # noqa: PLC0415

    settings.SIDE = order["side"]
    os.environ["DATABASE_URL"] = order["database"]
    connection.settings_dict.update(environment.database("DATABASE_URL"))
    # A restored database is in another life; here all databases of a server would be in the same.
    _set("clearing.lives._LIFE", "SELECT coalesce(nullif(current_setting('stammhaus.life', true), ''), 'first'), 1")
    for name, value in order["instead"].items():
        _set(name, value)
    for name, values in order["twists"]:
        getattr(importlib.import_module("tests.clearing.installation.twists"), name)(**values)
    if order["later"]:
        later = timedelta(seconds=order["later"])
        _wrap("django.utils.timezone.now", lambda real: lambda: real() + later)
    _wrap("urllib3.util.Retry.get_backoff_time", lambda _real: lambda _self: SLEEP)
    for name, (function, when) in order["points"].items():
        _wrap(function, partial(_asking, name=name, when=when, path=order["socket"]))


def _asking(real: Callable[..., Any], name: str, when: str, path: str) -> Callable[..., Any]:
    @wraps(real)
    def asking(*args: Any, **given: Any) -> Any:
        if when == "before":
            come_to(name, path)
        result = real(*args, **given)
        if when == "after":
            come_to(name, path)
        return result

    return asking


def come_to(point: str, path: str) -> None:
    """Say where this process is, and wait until it may go on."""
    from django.db import connection  # noqa: PLC0415 - Django is set up by now

    session = connection.connection.info.backend_pid if connection.connection is not None else 0
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.connect(path)
        asking.sendall(json.dumps([point, os.getpid(), session]).encode())
        asking.recv(100)


def _owner(name: str) -> tuple[Any, str]:
    """The module or class that has the thing of this name."""
    words = name.split(".")
    for end in range(len(words) - 1, 0, -1):
        try:
            owner: Any = importlib.import_module(".".join(words[:end]))
        except ModuleNotFoundError:
            continue
        for word in words[end:-1]:
            owner = getattr(owner, word)
        return owner, words[-1]
    raise LookupError(name)


def _set(name: str, value: Any) -> None:
    owner, attribute = _owner(name)
    assert hasattr(owner, attribute), name
    setattr(owner, attribute, value)


def _wrap(name: str, wrapped: Callable[[Any], Any]) -> None:
    owner, attribute = _owner(name)
    setattr(owner, attribute, wrapped(getattr(owner, attribute)))


# --- what a copy does ---------------------------------------------------------------------------------------------


def _run(order: dict[str, Any]) -> None:
    """Reconcile so many times; what it was refused with is printed, and it ends with 3."""
    import time  # noqa: PLC0415

    from django.core.exceptions import ValidationError  # noqa: PLC0415 - Django is set up by now

    from clearing.branch import running, starting  # noqa: PLC0415
    from clearing.branch.talking import CentralRefused, sentences_for  # noqa: PLC0415

    own = starting.this_branch(actor="test")
    assert own is not None
    try:
        for _time in range(order.get("times", 1)):
            running.run(
                own, actor=starting.scope_here(own, name="test"), sleep=lambda _seconds: time.sleep(SLEEP),
                is_restored=order.get("is_restored", False),
            )  # fmt: skip
    except (CentralRefused, ValidationError) as refusal:
        os.write(1, str(sentences_for(refusal)).encode())
        os._exit(3)


def _serve(order: dict[str, Any]) -> None:
    """Serve as in production, by one process, on this port of the loopback."""
    base: Any = importlib.import_module("gunicorn.app.base")

    from mcp.project import request_bodies  # noqa: PLC0415

    class Served(base.BaseApplication):
        def load_config(self) -> None:
            for name, value in {
                "bind": f"127.0.0.1:{order['port']}", "workers": 1, "threads": 4, "keepalive": 0,
                "preload_app": True, "worker_class": "gthread", "graceful_timeout": 1, "control_socket_disable": True,
            }.items():  # fmt: skip
                self.cfg.set(name, value)

        def load(self) -> Any:
            return request_bodies.whole_bodies(order["application"])

    Served().run()


def _work(_order: dict[str, Any]) -> None:
    """Work off what was left to the worker, until that is killed."""
    from django.core import management  # noqa: PLC0415 - Django is set up by now

    management.call_command("procrastinate", "worker", "--concurrency", "1", "--fetch-job-polling-interval", "0.05")


def _call(order: dict[str, Any]) -> None:
    """Call a function of the tests, and print what it returns as JSON."""
    module, _dot, name = order["function"].rpartition(".")
    os.write(1, json.dumps(getattr(importlib.import_module(module), name)(**order["arguments"])).encode())


_WHAT: dict[str, Callable[[dict[str, Any]], None]] = {"run": _run, "serve": _serve, "work": _work, "call": _call}


if __name__ == "__main__":
    serve_orders()
