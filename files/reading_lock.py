"""Files are made of what is in a base, and meanwhile nothing of it may be erased for good, nor the other way round.

    reading         whoever begins to read holds it together with others, to the end of his transaction
    nobody_begins   whoever erases holds it alone

A file that is made for minutes does not hold it so long. It is marked as being made in the transaction that begins it,
so whoever erases afterwards finds it and stops it.
"""

from __future__ import annotations

from django.db import connection

LOCK = 4_711_003
"""With the number of the base it is the name of the lock."""


def reading(base: int) -> None:
    """Nobody of the base is erased to the end of this transaction."""
    _take("pg_advisory_xact_lock_shared", base)


def nobody_begins(base: int) -> None:
    """No file of the base begins to be made to the end of this transaction."""
    _take("pg_advisory_xact_lock", base)


def _take(function: str, base: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s::integer)", [LOCK, base])
