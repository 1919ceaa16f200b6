"""What each index of the customers weighs, what it costs a row, and what the page takes without it that needs it.

An index is taken from the planner for the time of a few calls and not dropped: a million rows need not be read for it
again.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from django.db import connection
from psycopg import sql

from bench.fill import BIG
from bench.measure import Series, in_turns
from bench.pages import LIST, _base, _get, _head
from launch.init_cluster import SUPERUSER

WRITTEN = 100_000
"""So many rows go into a table that has one index alone."""
TURNS = 3
PAGES = {
    "customer_number_unique": ("list by number", f"{LIST}?o=1"),
    "customer_search": ("search in the middle of a word", f"{LIST}?q=yxwert"),
    "customer_by_email_domain": ("search for a domain that nobody has", f"{LIST}?q=@example.net"),
    "customer_by_name": ("list", LIST),
    "customer_by_created": ("list, newest first", f"{LIST}?o=-8"),
    "customer_by_changed": ("list, changed last first", f"{LIST}?o=-9"),
    "customer_by_city": ("list by city", f"{LIST}?o=3"),
    "customer_by_group": ("list of one customer group", f"{LIST}?group={{group}}"),
    "customer_by_home": ("list of one location", f"{LIST}?home={{location}}"),
    "customer_by_birthday": ("birthdays of a month", f"{LIST}?birthday=5"),
    "customer_by_day_of_birth": ("birthdays of a month", f"{LIST}?birthday=5"),
    "customer_blocked": ("blocked customers", f"{LIST}?blocked=yes"),
    "customer_favourite": ("favourites", f"{LIST}?favourite=yes"),
    "customer_archived": ("archived customers", f"{LIST}?archived=yes"),
    "customer_tags": ("tags", "customers/tag/"),
}
"""By index, the page that is asked; an index without one keeps a rule of the database."""


@dataclass(frozen=True, kw_only=True)
class Index:
    """One index at full size. `seconds` are what WRITTEN rows take more with it than without any."""

    name: str
    size: int
    rows: int
    seconds: float
    page: str = ""
    ours: Series | None = None
    without: Series | None = None


def all_indexes(*, repeat: int) -> list[Index]:
    """Measure each index of the customers, the largest first."""
    with _superuser() as database:
        [(rows,)] = database.execute("SELECT count(*) FROM customers_customer").fetchall()
        found = database.execute(
            """SELECT c.relname, pg_relation_size(c.oid), pg_get_indexdef(c.oid)
                FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE indrelid = 'customers_customer'::regclass
                ORDER BY 2 DESC, 1"""
        ).fetchall()
        costs = _costs(database, {name: definition for name, _size, definition in found})
    return [_index(name, size, rows, costs[name], repeat) for name, size, _definition in found]


def _index(name: str, size: int, rows: int, seconds: float, repeat: int) -> Index:
    if name not in PAGES:
        return Index(name=name, size=size, rows=rows, seconds=seconds)
    page, address = PAGES[name]
    call = _call(address)
    ours = in_turns({"ours": call}, repeat=repeat)["ours"]
    with _without(name):
        without = in_turns({"without": call}, repeat=max(1, repeat // 5), warm_up=1)["without"]
    return Index(name=name, size=size, rows=rows, seconds=seconds, page=page, ours=ours, without=without)


def _call(address: str) -> Callable[[], object]:
    client = _head(BIG)
    with _superuser() as database:
        [(location, group)] = database.execute(
            """SELECT (SELECT min(id) FROM locations_location WHERE base_id = %(base)s),
                (SELECT min(id) FROM customers_customergroup WHERE base_id = %(base)s)""",
            {"base": _base(BIG)},
        ).fetchall()
    return lambda: _get(client, f"/{BIG}/1/{address.format(location=location, group=group)}")


@contextmanager
def _without(name: str) -> Iterator[None]:
    """No new plan uses the index. It is written as before."""
    _switch(name, is_valid=False)
    try:
        yield
    finally:
        _switch(name, is_valid=True)


def _switch(name: str, *, is_valid: bool) -> None:
    with _superuser() as database:
        database.execute("UPDATE pg_index SET indisvalid = %s WHERE indexrelid = %s::regclass", [is_valid, name])
    connection.close()  # a plan made before would be of the other kind


def _costs(database: psycopg.Connection, definitions: dict[str, str]) -> dict[str, float]:
    """Seconds that WRITTEN rows take more with each index alone; medians of a few turns."""
    taken: dict[str, list[float]] = {name: [] for name in ("", *definitions)}
    for _turn in range(TURNS):
        for name in taken:
            taken[name].append(_written(database, definitions.get(name, "")))
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    return {name: medians[name] - medians[""] for name in definitions}


def _written(database: psycopg.Connection, definition: str) -> float:
    """Seconds for WRITTEN rows of the large base into a table of their own that has this index, or none."""
    with database.transaction(force_rollback=True):
        database.execute("SET LOCAL session_replication_role = replica")
        database.execute("CREATE TABLE bench_indexed (LIKE customers_customer INCLUDING GENERATED INCLUDING DEFAULTS)")
        if definition:
            head, rest = definition.split(" USING ", 1)
            unique = "UNIQUE" if head.startswith("CREATE UNIQUE") else ""
            database.execute(f"CREATE {unique} INDEX bench_index ON bench_indexed USING {rest}".encode())
        columns = database.execute(
            """SELECT attname FROM pg_attribute WHERE attrelid = 'bench_indexed'::regclass AND attnum > 0
                AND attgenerated = ''"""
        ).fetchall()
        names = sql.SQL(", ").join(sql.Identifier(name) for (name,) in columns)
        statement = sql.SQL(
            """INSERT INTO bench_indexed ({names}) SELECT {names} FROM customers_customer
                WHERE base_id = {base} AND customer_number <= {most}"""
        )
        started = time.perf_counter()
        database.execute(statement.format(names=names, base=int(_base(BIG)), most=WRITTEN))
        return time.perf_counter() - started


@contextmanager
def _superuser() -> Iterator[psycopg.Connection]:
    """The embedded server lets the superuser in by its socket."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], user=SUPERUSER, autocommit=True) as database:
        yield database
