"""Named points of a piece of work: where it writes a table for the first time. The test holds it there and kills it."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.db import connection, transaction

from tests.isolation.faults.warm import Work

SECONDS = 60
_WAITING = """
    SELECT count(*) FROM pg_locks
    WHERE relation = %s::regclass AND NOT granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def killed_at(table: str, begin: Callable[[], Work]) -> None:
    """Begin the work, let it come to the point where it writes this table, and kill it there.

    Reading goes on: only who writes waits for the lock. Raises AssertionError where the work never comes there.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f'LOCK TABLE "{table}" IN SHARE MODE')
        work = begin()
        _wait_for_it(table, work)
        work.kill()
    let_the_database_notice()


def _wait_for_it(table: str, work: Work) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(_WAITING, [table])  # other databases are copies, in which the table has the same number
            if cursor.fetchone() != (0,):
                return
        time.sleep(0.01)
    work.kill()
    raise AssertionError(f"the work never writes {table}: {work.said.read_text()}")


def let_the_database_notice() -> None:
    """The server ends what a killed client had under way, also a commit that it had just asked for.

    Of other roles' sessions not everything is shown, but whose they are; what the server does by itself is nobody's.
    """
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND usename IS NOT NULL"
            )
            if cursor.fetchone() == (0,):
                return
        time.sleep(0.02)
    raise AssertionError("the server still works for the killed client")
