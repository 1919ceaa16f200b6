"""What it costs that each change of a customer is noted for tills, and how long it takes to read on from there.

The import of new customers with the triggers that note them and without, in turns, each into an empty base; then pages
of the feed in a base of as many changes: right after they were written, and once the database has counted them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean

import psycopg
from django.db import connection
from psycopg import sql

from bench.after_edit import apply, scope_of
from bench.importing import _settle, new_place
from bench.measure import Series, in_turns
from bench.people import write_people
from customers import feed
from customers.feed import Part, Position
from customers.imports import lifecycle, receive
from customers.models import Customer, ImportUpload
from mcp.choices import ProviderRole
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.models import User

NOTED = frozenset({0, 3})
"""Which of four turns note the changes: so what earlier turns leave behind slows both alike."""
PAGE = 200
CHANGES = "customers_customerchange"


@dataclass(frozen=True, kw_only=True)
class Noting:
    """Mean seconds of an import of `rows` new customers, with its changes noted and without."""

    rows: int
    noted: float
    plain: float

    @property
    def ratio(self) -> float:
        return self.noted / self.plain


@dataclass(frozen=True, kw_only=True)
class Read:
    """A page of the feed among `rows` changes of its base, right after they were written and with statistics."""

    name: str
    rows: int
    at_once: Series
    counted: Series


def all_of_it(*, rows: int, turns: int, repeat: int, folder: Path) -> tuple[Noting, list[Read]]:
    """Measure the imports, then the pages of the feed after the last one and after a change of all its customers."""
    ensure_support()
    file = folder / "people.csv"
    write_people(file, rows)
    taken: dict[bool, list[float]] = {True: [], False: []}
    with _no_statistics():
        _import(file, is_noted=True)  # not measured: the first works on tables that nothing has changed yet
        for turn in range(4 * max(turns // 2, 1)):
            scope, seconds = _import(file, is_noted=turn % 4 in NOTED)
            taken[turn % 4 in NOTED].append(seconds)
        reads = _reads(scope, rows, repeat)
        with row_scope.rows_of(scope):
            Customer.objects.in_base(scope.base).update(city="Anderswo")
        reads += _reads(scope, 2 * rows, repeat)
    return Noting(rows=rows, noted=fmean(taken[True]), plain=fmean(taken[False])), reads


def ensure_support() -> None:
    """Somebody who opens businesses, where nobody has filled the database."""
    with row_scope.without_scope(reason="who opens businesses in the bench", actor="bench"):
        if not User.objects.filter(organization=None, provider_role=ProviderRole.SUPPORT).exists():
            support = User(username="bench-support", provider_role=ProviderRole.SUPPORT)
            support.set_unusable_password()
            support.save()


def _import(file: Path, *, is_noted: bool) -> tuple[Scope, float]:
    scope = scope_of(new_place())
    upload = _checked(scope, file)
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        _settle(owner)
    with _without_notes() if not is_noted else _as_it_is():
        connection.close()
        started = time.perf_counter()
        apply(upload, scope)
        return scope, time.perf_counter() - started


def _checked(scope: Scope, file: Path) -> ImportUpload:
    with row_scope.rows_of(scope):
        upload = receive.receive_upload(name=file.name, content=file.read_bytes(), actor=scope)
    lifecycle.check_upload(upload=upload, actor=scope)
    return upload


def _reads(scope: Scope, rows: int, repeat: int) -> list[Read]:
    """Pages at the beginning, in the middle and behind all of it."""
    positions = {
        "the first 200": Position(Part.CHANGES, 0),
        "200 in the middle": _position(scope, rows // 2),
        "nothing new": _position(scope, rows - 1),
    }
    calls: dict[str, Callable[[], object]] = {
        name: partial(_read, scope, position) for name, position in positions.items()
    }
    at_once = in_turns(calls, repeat=repeat)
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(CHANGES)))
    counted = in_turns(calls, repeat=repeat)
    return [Read(name=name, rows=rows, at_once=at_once[name], counted=counted[name]) for name in calls]


def _read(scope: Scope, position: Position) -> int:
    with row_scope.rows_of(scope):
        return len(feed.read(position, base=scope.base, most=PAGE)[0])


def _position(scope: Scope, at: int) -> Position:
    with row_scope.rows_of(scope), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT changed_in::text::bigint, customer_id FROM {CHANGES} WHERE base_id = %s "
            "ORDER BY changed_in, customer_id OFFSET %s LIMIT 1",
            [scope.base.pk, at],
        )
        return Position(Part.CHANGES, *cursor.fetchone())


@contextmanager
def _as_it_is() -> Iterator[None]:
    yield


@contextmanager
def _without_notes() -> Iterator[None]:
    table = sql.Identifier(Customer._meta.db_table)
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        found = owner.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname LIKE '%%change_insert%%'",
            [Customer._meta.db_table],
        )
        [name] = (sql.Identifier(row[0]) for row in found)
        owner.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER {}").format(table, name))
        try:
            yield
        finally:
            owner.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER {}").format(table, name))


@contextmanager
def _no_statistics() -> Iterator[None]:
    """The database counts the changes only where it is told to, so that it is known when it has."""
    table = sql.Identifier(CHANGES)
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute(sql.SQL("ALTER TABLE {} SET (autovacuum_enabled = false)").format(table))
        try:
            yield
        finally:
            owner.execute(sql.SQL("ALTER TABLE {} RESET (autovacuum_enabled)").format(table))
