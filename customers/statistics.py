"""What the database knows about the sizes of its tables, told anew where much has been written at once.

The planner goes by statistics that are gathered in the background, minutes later. Until then it expects a handful of
the rows that have just arrived, and compares each of a hundred thousand with each of some thousand others.
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
    """Gather them anew after so many `rows` were written, if that is much.

    In a transaction of its own, or at the end of one: nobody else gathers those of the tables before it has ended.
    """
    if rows < MUCH:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT customers_analyze(%s)", [list(tables)])


@contextmanager
def without_nested_loops(asked: BaseDatabaseWrapper) -> Iterator[None]:
    """Customers and what is asked of them, such as their consents, are read side by side.

    The database cannot know how many of one base match. Where it takes few for many, it asks another table once for
    each of a million customers (8 s instead of 1 s where none is left).
    """
    with asked.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
        yield
        cursor.execute("SET LOCAL enable_nestloop = on")
