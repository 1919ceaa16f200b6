"""Other tables than customers that go out as a file: a floor above registers them, and each is one statement.

The rows are read with a cursor of the database, some hundred at a time, so that no file is ever held whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, cast
from uuid import UUID

from django.db.backends.utils import CursorWrapper
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import override

from customers.disclosures import Numbers, numbers_of
from customers.exports.writer import Order
from customers.models import Customer
from files.outlet import Outlet
from locations.permissions import Right
from locations.text import LazyText
from mcp.dates import to_the_second
from mcp.isolation.scope import Scope
from spreadsheets import Writer, open_writer
from spreadsheets.rows import Cell

ROWS_AT_ONCE = 1_000
type Statement = tuple[str, Any]
"""SQL and its parameters; it gives the columns of a table in their order."""


@dataclass(frozen=True)
class Column:
    """A column of a table: its name in addresses, its heading, and how a value of the database is written."""

    name: str
    label: LazyText
    shown: Callable[[Any], Cell] | None = None


@dataclass(frozen=True, kw_only=True)
class OtherTable:
    """A table that can be taken out: who may, its columns, and the statement that gives its rows."""

    name: str
    title: LazyText
    rights: tuple[Right, ...]
    """Besides that to export customers."""
    columns: Sequence[Column]
    rows: Callable[[Scope, Mapping[str, str]], Statement]
    """Of what was asked, by the names of the parameters of an address. What cannot be is as if it were not there."""
    number: str = "number"
    """The column of customer numbers: whoever is in the file was handed over to whoever has ordered it."""

    def demand(self, actor: Scope) -> None:
        """Raise MissingRight unless the actor may take it out."""
        actor.demand(Right.EXPORT_CUSTOMERS)
        for right in self.rights:
            actor.demand(right)


_tables: dict[str, OtherTable] = {}


def register(table: OtherTable) -> OtherTable:
    """Let the table be taken out. Raises ValueError where the name is taken."""
    if _tables.setdefault(table.name, table) is not table:
        raise ValueError(f"Two tables are called {table.name!r}")
    return table


def tables() -> list[OtherTable]:
    """All that were registered, in the order in which they were."""
    return list(_tables.values())


def table_named(name: str) -> OtherTable | None:
    return _tables.get(name)


@dataclass
class TableMaking:
    """Makes one file of a table. Raises MissingRight before anything is read."""

    scope: Scope
    order: Order
    table: OtherTable
    asked: Mapping[str, str]
    rows: int = 0
    size: int = 0
    started_at: datetime = field(default_factory=timezone.now)
    numbers: Numbers = field(default_factory=list)

    def __post_init__(self) -> None:
        self.table.demand(self.scope)
        self.columns = [column.name for column in self.table.columns]
        self._digest = hashlib.sha256()
        self._handed: set[int] = set()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def count(self, cursor: CursorWrapper) -> int:
        """How many rows the file is going to have."""
        sql, params = self.table.rows(self.scope, self.asked)
        cursor.execute(f"SELECT count(*) FROM ({sql}) AS counted", params)
        found: int = cursor.fetchone()[0]
        return found

    def parts(self, cursor: CursorWrapper) -> Generator[bytes]:
        """The bytes of the file. `cursor` reads the rows, in a transaction that has entered the scope.

        If the reading breaks off, the last line says that rows are missing before the exception goes on.
        """
        file = Outlet()
        try:
            for _block in self._written(file, cursor):
                yield self._counted(file.drain())
        except Exception:
            yield self._counted(file.drain())
            raise
        yield self._counted(file.drain())

    def facts(self) -> list[tuple[str, str]]:
        """The facts about the file, for whoever reads it."""
        return [
            (_("Exported by"), self.scope.actor_name),
            (_("Location"), f"{self.scope.organization} · {self.scope.location}"),
            (_("Time"), to_the_second(self.started_at)),
            (_("Table"), str(self.table.title)),
            (_("Rows"), str(self.rows)),
            (_("Filter"), str(self.order.filter_words) or "–"),
            (_("Columns"), ", ".join(self._headings())),
        ]

    def _written(self, file: Outlet, cursor: CursorWrapper) -> Iterator[None]:
        with override(self.order.language), self._writer(file) as writer:
            writer.write_headings(self._headings())
            for block in self._blocks(cursor):
                for row in block:
                    writer.write_row(self._cells(row))
                self.rows += len(block)
                yield
            writer.write_notes(_("About this file"), self.facts())
        if self._handed:
            handed = Customer.objects.in_base(self.scope.base).filter(customer_number__in=self._handed)
            self.numbers += numbers_of(cursor, handed)

    def _writer(self, file: Outlet) -> Writer:
        return open_writer(cast(BinaryIO, file), profile=self.order.profile, sheet=str(self.table.title)[:31])

    def _blocks(self, cursor: CursorWrapper) -> Iterator[Sequence[tuple[Any, ...]]]:
        sql, params = self.table.rows(self.scope, self.asked)
        cursor.execute("SET LOCAL jit = off; SET LOCAL enable_nestloop = off")
        cursor.execute(f"DECLARE rows_of_table NO SCROLL CURSOR FOR {sql}", params)
        while block := self._fetched(cursor):
            yield block
        cursor.execute("CLOSE rows_of_table; SET LOCAL jit TO DEFAULT; SET LOCAL enable_nestloop TO DEFAULT")

    def _fetched(self, cursor: CursorWrapper) -> Sequence[tuple[Any, ...]]:
        cursor.execute(f"FETCH {ROWS_AT_ONCE} FROM rows_of_table")
        return cursor.fetchall()

    def _cells(self, row: Sequence[Any]) -> list[Cell]:
        cells = []
        for column, value in zip(self.table.columns, row, strict=True):
            if column.name == self.table.number and value is not None:
                self._handed.add(value)
            cells.append(_plain(column.shown(value) if column.shown and value is not None else value))
        return cells

    def _headings(self) -> list[str]:
        with override(self.order.language):
            return [str(column.label) for column in self.table.columns]

    def _counted(self, part: bytes) -> bytes:
        self.size += len(part)
        self._digest.update(part)
        return part


def _plain(value: Any) -> Cell:
    """A value as a writer of tables takes it: moments by the clock of the business, to the second."""
    if isinstance(value, datetime):
        return timezone.localtime(value).replace(tzinfo=None, microsecond=0)
    if isinstance(value, Promise | UUID):
        return str(value)
    found: Cell = value
    return found
