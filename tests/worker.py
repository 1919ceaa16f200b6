"""A real worker, as `make run` starts one, on the database of the test: until nothing is left to do."""

from __future__ import annotations

import atexit
import tempfile
from contextlib import ExitStack
from pathlib import Path

from django.db import connection

from tests.isolation.faults.servers import variables
from tests.isolation.faults.warm import Warm, warm_process

_open = ExitStack()
_warm: list[tuple[dict[str, str], Warm]] = []
atexit.register(_open.close)


def work() -> str:
    """Let a worker do all that waits; what it has logged. The test has to have committed what it is about."""
    done = _process().run("procrastinate", "worker", "--one-shot", "--concurrency", "1")
    done.finish()
    return done.said.read_text()


def _process() -> Warm:
    """The process of which workers are copies: loading the product takes longer than what they have to do."""
    environment = variables()
    if not _warm or _warm[0][0] != environment:
        _open.close()
        folder = Path(_open.enter_context(tempfile.TemporaryDirectory()))
        _warm[:] = [(environment, _open.enter_context(warm_process(environment, folder)))]
    return _warm[0][1]


def jobs(name: str) -> list[tuple[str, int]]:
    """State and attempts of the jobs of a task."""
    with connection.cursor() as cursor:
        sql = "SELECT status::text, attempts FROM procrastinate_jobs WHERE task_name = %s ORDER BY id"
        cursor.execute(sql, [name])
        return cursor.fetchall()


def empty_queue() -> None:
    """A test with transactions of its own leaves its jobs behind: the queue is no table of Django's."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
