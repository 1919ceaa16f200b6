"""Gathering statistics of tables to which much was written at once.

PostgreSQL gathers them in the background, minutes later. Until then it expects a handful of the new rows, and joins a
hundred thousand row by row with some thousand others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

STAGED = ("customers_importrow", "customers_importconsent")
JUDGED = ("customers_importverdict",)
WRITTEN = (
    "customers_customer", "customers_customerevent", "customers_consent", "customers_consentevent",
    "customers_formernumber", "customers_formernumberevent",
)  # fmt: skip
DECIDED = ("transitions_transitioncustomer",)
MUCH = 1_000
"""Fewer rows change no plan for the worse."""


def gather(tables: Sequence[str], *, rows: int = MUCH) -> None:
    """Gather statistics of these tables, if `rows` that were written are many.

    Call it in a transaction of its own, or at the end of one: others who gather those of the same tables wait for its
    end.
    """
    if rows < MUCH:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT customers_analyze(%s)", [list(tables)])


@contextmanager
def without_nested_loops(asked: BaseDatabaseWrapper) -> Iterator[None]:
    """Inside, the database does not join by nested loops on this connection.

    It underestimates how many rows of one base match. By nested loops it would then look up another table once for each
    of a million customers (8 s instead of 1 s where none is left).
    """
    with asked.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
        yield
        cursor.execute("SET LOCAL enable_nestloop = on")
