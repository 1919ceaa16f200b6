"""The feed of changes waits for what other processes of the tests have open on the same server; here it does not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from customers import feed

_ENDED_HERE = """
    SELECT least(pg_snapshot_xmax(pg_current_snapshot())::text::bigint, min(lock.transactionid::text::bigint))
    FROM pg_locks AS lock JOIN pg_stat_activity AS one USING (pid)
    WHERE lock.locktype = 'transactionid' AND lock.mode = 'ExclusiveLock' AND lock.granted
      AND one.datname = current_database()
"""
"""The first transaction of this database that may be open. Who asks for changes afterwards sees all before it."""


@pytest.fixture
def only_own_transactions() -> Iterator[None]:
    """What is handed out waits for the transactions of this process' database alone."""
    statements = {name: getattr(feed, name) for name in ("_START", "_CHANGED")}
    functions = {name: getattr(feed, name) for name in ("started", "read")}

    with pytest.MonkeyPatch.context() as patch:

        def first_told(name: str) -> Any:
            def told(*values: Any, **more: Any) -> Any:
                with connection.cursor() as cursor:
                    cursor.execute(_ENDED_HERE)
                    [ended] = cursor.fetchone()
                for each, statement in statements.items():
                    patch.setattr(feed, each, statement.replace(feed._ENDED, f"'{ended}'::xid8"))
                return functions[name](*values, **more)

            return told

        for name in functions:
            patch.setattr(feed, name, first_told(name))
        yield


SECONDS_TO_END = 120
_NEXT = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
_FIRST_OPEN = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


def wait_for_others() -> None:
    """Wait until all transactions of the server have ended that are open now: so long the database keeps what changed.

    Raises TimeoutError.
    """
    deadline = time.monotonic() + SECONDS_TO_END
    with connection.cursor() as cursor:
        cursor.execute(_NEXT)
        [following] = cursor.fetchone()
        while True:
            cursor.execute(_FIRST_OPEN)
            if cursor.fetchone()[0] >= following:
                return
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(0.05)
