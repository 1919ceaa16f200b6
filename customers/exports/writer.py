"""A file of customers in the making: the database copies the rows, and whole blocks of them become the file.

    making = Making(scope, order)
    for part in making.parts(customers, cursor):
        …
    making.facts()

All rows are of one moment, because one statement reads them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, cast

from django.core.exceptions import ValidationError
from django.db.backends.utils import CursorWrapper
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from psycopg.sql import SQL, Composable, Identifier, Literal

from customers.disclosures import Numbers, numbers_of
from customers.field_groups import demand_fields
from customers.models.narrowing import Narrowing
from customers.querysets import CustomerQuerySet
from customers.table.added_columns import AddedField
from customers.table.cells import Look
from customers.table.columns import CustomerField
from customers.table.consent_columns import HELD, HELD_BY_FEW, HELD_BY_MANY, HELD_BY_NOBODY, IS_ANYTHING_SAID
from customers.table.former_number_columns import BORNE_BY_FEW, BORNE_BY_MANY, BORNE_BY_NOBODY, FORMER, IS_ANY_BORNE
from customers.table.resources import CustomerResource
from customers.triggers.slips import released
from files.outlet import Outlet, blocks_of
from locations.permissions import Right
from mcp.dates import to_the_second
from mcp.isolation.scope import Scope
from spreadsheets import Profile, UnwritableTable, Writer, open_writer

LOOKS: dict[Profile, Look] = {"excel-de": "german", "plain": "plain", "xlsx": "typed", "jsonl": "typed"}


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a file is to hold, and how it is to be written."""

    profile: Profile
    columns: tuple[str, ...]
    language: str = "de"
    filter_words: Narrowing | str = ""
    """How the rows were chosen, for people."""
    left_out: tuple[str, ...] = ()
    """The names of locations whose customers the central does not see, because they have an offline base."""


TOO_LONG_OF = gettext_lazy(
    "“%(column)s” of customer %(number)s has %(size)s characters, and a cell of an Excel workbook holds %(limit)s. "
    "Shorten it at the customer, leave the column out, or choose another format."
)
TOO_LONG = gettext_lazy(
    "“%(column)s” of one of the customers has %(size)s characters, and a cell of an Excel workbook holds %(limit)s. "
    "Leave the column out, or choose another format. With the customer number in the file it is said whose it is."
)
TOO_LARGE = gettext_lazy("These are more customers than an Excel workbook holds. Choose another format.")


class CannotBeWritten(ValidationError):
    """The format cannot hold what is to be exported."""


@dataclass
class Making:
    """Makes one file. Raises NoScope or MissingRight before anything is read.

    `is_small` says that there are some thousand customers at most; `table` declares the columns.
    """

    scope: Scope
    order: Order
    is_small: bool = False
    table: type[CustomerResource] = CustomerResource
    rows: int = 0
    size: int = 0
    is_complete: bool = False
    started_at: datetime = field(default_factory=timezone.now)
    numbers: Numbers = field(default_factory=list)
    """Whose rows are in it. It may name a few more, who came or went while it was read, and nobody less."""

    def __post_init__(self) -> None:
        resource = self.table(scope=self.scope)
        resource.demand(Right.EXPORT_CUSTOMERS)
        demand_fields(resource.told_by(self.order.columns), self.scope)
        self.columns = resource.export_columns(list(self.order.columns))
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def parts(self, customers: CustomerQuerySet, cursor: CursorWrapper) -> Generator[bytes]:
        """The bytes of the file, a few hundred kilobytes at a time; only customers of the scope's base are in it.

        `cursor` reads them, in a transaction that has entered the scope; close what is not read to its end before that
        transaction ends. If the reading breaks off, the last line says that rows are missing before the exception
        goes on. Raises CannotBeWritten.
        """
        file = Outlet()
        try:
            for _block in self._written(file, customers, cursor):
                yield self._counted(file.drain())
        except Exception:
            yield self._counted(file.drain())
            raise
        self.is_complete = True
        yield self._counted(file.drain())

    def facts(self) -> list[tuple[str, str]]:
        """The facts about the file, for whoever reads it. Its hash is not among them: the text is part of the file."""
        return [
            (_("Exported by"), self.scope.actor_name),
            (_("Location"), f"{self.scope.organization} · {self.scope.location}"),
            *self._marked(),
            (_("Time"), to_the_second(self.started_at)),
            (_("Customers"), str(self.rows)),
            (_("Filter"), str(self.order.filter_words) or "–"),
            (_("Columns"), ", ".join(self._headings())),
        ]

    def _marked(self) -> list[tuple[str, str]]:
        """Of an offline base, that it is one and discontinued; at the central, which of them are not in the file."""
        base, left_out = self.scope.base, self.order.left_out
        marks = [(_("Customer base"), str(base))] if base.is_discontinued else []
        return [*marks, (_("Not included, on a customer base 1.0"), ", ".join(left_out))] if left_out else marks

    def _written(self, file: Outlet, customers: CustomerQuerySet, cursor: CursorWrapper) -> Iterator[None]:
        with self._writer(file) as writer:
            writer.write_headings(self._headings())
            kinds = [column.widget.kind for column in self.columns.values()]
            for block in self._blocks(customers, cursor):
                try:
                    writer.write_copied(block, kinds)
                except UnwritableTable as refusal:
                    raise self._told(refusal) from refusal
                self.rows += block.count(b"\n")
                yield
            with override(self.order.language):
                writer.write_notes(_("About this file"), self.facts())

    def _told(self, refusal: UnwritableTable) -> CannotBeWritten:
        """What the format cannot hold, and of whom, as far as the file has his number."""
        problem, cells = refusal.problem, dict(zip(self.columns, refusal.cells, strict=False))
        if problem.code != "cell_too_long" or problem.column is None:
            return CannotBeWritten(TOO_LARGE, code=problem.code)
        said = dict(problem.params) | {"column": self._headings()[problem.column - 1]}
        if (number := cells.get("customer_number")) is None:
            return CannotBeWritten(TOO_LONG, code=problem.code, params=said)
        return CannotBeWritten(TOO_LONG_OF, code=problem.code, params=said | {"number": number})

    def _writer(self, file: Outlet) -> Writer:
        with override(self.order.language):
            return open_writer(cast(BinaryIO, file), profile=self.order.profile, sheet=_("Customers"))

    def _blocks(self, customers: CustomerQuerySet, cursor: CursorWrapper) -> Iterator[bytes]:
        rows, look = customers.in_base(self.scope.base), LOOKS[self.order.profile]
        with released(cursor, self.scope.base.pk) if self._tells(HELD) else nullcontext():
            joins = joins_of(self.columns, is_small=self.is_small)
            beside = [self._held(cursor), self._former(cursor), *joins]
            statement = copying(rows, self.columns, look=look, beside=SQL(" ").join(beside), cursor=cursor)
            is_hashing = HELD_BY_MANY in beside or BORNE_BY_MANY in beside or (joins and not self.is_small)
            self.numbers += numbers_of(cursor, rows)
            with _settings(cursor, look, is_hashing=bool(is_hashing)), cursor.copy(statement) as lines:
                yield from blocks_of(lines)
            self.numbers += numbers_of(cursor, rows)

    def _tells(self, beside: str) -> bool:
        return any(beside in column.selected() for column in self.columns.values())

    def _held(self, cursor: CursorWrapper) -> SQL:
        """The join of the consents that hold, if a column asks for them."""
        if not self._tells(HELD):
            return SQL("")
        cursor.execute(IS_ANYTHING_SAID.as_string())
        if cursor.fetchone() is None:
            return HELD_BY_NOBODY
        return HELD_BY_FEW if self.is_small else HELD_BY_MANY

    def _former(self, cursor: CursorWrapper) -> SQL:
        """The join of the former numbers, if they are a column."""
        if not self._tells(FORMER):
            return SQL("")
        cursor.execute(IS_ANY_BORNE.as_string())
        if cursor.fetchone() is None:
            return BORNE_BY_NOBODY
        return BORNE_BY_FEW if self.is_small else BORNE_BY_MANY

    def _headings(self) -> list[str]:
        return [column.heading(self.order.language) for column in self.columns.values()]

    def _counted(self, part: bytes) -> bytes:
        self.size += len(part)
        self._digest.update(part)
        return part


@contextmanager
def _settings(cursor: CursorWrapper, look: Look, *, is_hashing: bool) -> Iterator[None]:
    """Inside, the database writes dates and times in the form of the file: a third of the cost of to_char.

    It reads along the index of the numbers and does not sort. `is_hashing` keeps it from joining row by row, and gives
    it memory to sort afterwards. An exception undoes the settings together with its transaction.
    """
    wanted = {
        "DateStyle": "German" if look == "german" else "ISO",
        "TimeZone": timezone.get_current_timezone_name(),
        "jit": "off",
        "random_page_cost": "1.1",
    }
    if is_hashing:
        wanted |= {"enable_nestloop": "off", "work_mem": "64MB"}
    _set(cursor, wanted)
    yield
    _set(cursor, dict.fromkeys(wanted) | {"DateStyle": "ISO", "TimeZone": cursor.db.timezone_name})


def _set(cursor: CursorWrapper, wanted: Mapping[str, str | None]) -> None:
    """Set settings to the end of the transaction; None sets the default."""
    settings = [
        SQL("SET LOCAL {} TO {}").format(Identifier(name), SQL("DEFAULT") if value is None else Literal(value))
        for name, value in wanted.items()
    ]
    cursor.execute(SQL("; ").join(settings).as_string())


def joins_of(columns: Mapping[str, CustomerField], *, is_small: bool) -> list[SQL]:
    """The joins that give the columns which a floor above has added."""
    groups = {column.group.name: column.group for column in columns.values() if isinstance(column, AddedField)}
    return [group.join(is_small=is_small) for group in groups.values()]


def copying(
    customers: CustomerQuerySet,
    columns: dict[str, CustomerField],
    *,
    look: Look,
    beside: Composable,
    cursor: CursorWrapper,
) -> Composable:
    """The statement that copies the cells of the customers, in the order of their numbers.

    One level of query, so that the database can let several processes write the cells: a sub-select that depends on a
    customer would keep all of it in one. `beside` joins what is no field of his: consents that hold, former numbers.
    """
    selected: dict[str, F | None] = {"customer_number": None}
    for column in columns.values():
        selected |= column.selected()
    for name in (HELD, FORMER):
        selected.pop(name, None)
    fields = {field.name for field in customers.model._meta.concrete_fields}
    found = customers.order_by().annotate(
        **{name: expression for name, expression in selected.items() if name not in fields}
    )
    inner = cursor.mogrify(*found.values_list(*selected).query.sql_with_params())
    return SQL("COPY (SELECT {} FROM ({}) AS chosen {} ORDER BY customer_number) TO STDOUT (NULL '')").format(
        SQL(", ").join([column.sql(look) for column in columns.values()]), SQL(inner), beside
    )
