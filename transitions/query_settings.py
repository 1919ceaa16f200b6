"""How the database is to work through a whole base."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.backends.utils import CursorWrapper


@contextmanager
def set_by_set(cursor: CursorWrapper) -> Iterator[None]:
    """Inside, the database joins whole sets and not row by row.

    After a large import it has no statistics yet, expects a handful of rows, and would look up each customer among the
    statements of all. An exception undoes the settings together with its transaction.
    """
    cursor.execute("SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '64MB'")
    yield
    cursor.execute("SET LOCAL enable_nestloop TO DEFAULT; SET LOCAL work_mem TO DEFAULT")
