"""A superuser beside the test's own connection: what he changes is seen by nobody else and undone in the end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction


@contextmanager
def as_superuser() -> Iterator[None]:
    """Inside, `connection` is a superuser's, in a transaction that is rolled back.

    A test must not have read a table before that is altered inside: its own connection would hold a lock on it.
    """
    alias = "default"
    before = connections[alias]
    connections[alias] = superuser = before.copy(alias)
    superuser.settings_dict = {**before.settings_dict, "USER": os.environ.get("TEST_SUPERUSER", "postgres")}
    try:
        with transaction.atomic():
            superuser.cursor().execute("SET LOCAL lock_timeout = '10s'")
            yield
            transaction.set_rollback(True)
    finally:
        superuser.close()
        connections[alias] = before
