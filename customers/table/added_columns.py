"""Columns of a table of customers that a floor above adds to what is exported, each with a right of its own.

They are about the moment of the export. A file of ours that is read again has them, and they change no customer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F
from psycopg.sql import SQL, Composable, Identifier

from customers.field_groups import add_field
from customers.table.cells import DecimalWidget, Look
from customers.table.columns import CustomerField
from locations.permissions import Right
from mcp.isolation.scope import Scope


@dataclass(frozen=True)
class AddedColumn:
    """An amount of each customer: its name, which is that of the column of the join, and its headings."""

    name: str
    german: str
    english: str


@dataclass(frozen=True, kw_only=True)
class AddedColumns:
    """Columns that one join gives. `sql` selects `customer_id` and the columns; `{only}` narrows it to one customer."""

    name: str
    right: Right
    columns: Sequence[AddedColumn]
    sql: str

    def join(self, *, is_small: bool) -> SQL:
        """The join to `chosen`: asked for each customer where there are few, else read once for all."""
        lateral, only = ("LATERAL", "customer_id = chosen.id") if is_small else ("", "true")
        inner = self.sql.format(only=only)
        return SQL(f"LEFT JOIN {lateral} ({inner}) AS {self.name} ON {self.name}.customer_id = chosen.id")


class AddedField(CustomerField):
    """The column of an AddedColumn. Only exported."""

    def __init__(self, group: AddedColumns, column: AddedColumn) -> None:
        super().__init__(column.name, column.german, column.english, widget=DecimalWidget(), readonly=True)
        self.group = group

    def get_value(self, instance: object) -> str:
        return ""

    def selected(self) -> dict[str, F | None]:
        return {"id": F("id")}

    def sql(self, look: Look) -> Composable:
        return self.widget.sql(Identifier(self.group.name, str(self.attribute)), look)


_groups: list[AddedColumns] = []


def add_columns(group: AddedColumns) -> None:
    """Let exports have these columns, for whoever holds the right."""
    _groups.append(group)
    for column in group.columns:
        add_field(column.name, group.right)


def added_fields(scope: Scope | None) -> dict[str, AddedField]:
    """The columns that were added and that the scope may see, by their names; without a scope all of them."""
    seen = [group for group in _groups if scope is None or scope.allows(group.right)]
    return {column.name: AddedField(group, column) for group in seen for column in group.columns}
