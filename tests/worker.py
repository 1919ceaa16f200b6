"""A real worker, as `make run` starts one, on the database of the test: until nothing is left to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from django.db import connection

from tests.isolation.faults.servers import variables

ROOT = Path(__file__).resolve().parents[1]


def work() -> str:
    """Let a worker do all that waits; what it has logged. The test has to have committed what it is about."""
    command = [sys.executable, "manage.py", "procrastinate", "worker", "--one-shot", "--concurrency", "1"]
    done = subprocess.run(command, cwd=ROOT, env=variables(), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


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
