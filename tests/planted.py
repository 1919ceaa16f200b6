"""Persons who stand in each table that is about a customer, with a value of their own in each column of it.

Made of the inventory (locations/inventory.py) alone: a table or a column that is added later is planted by itself.
No rule of the database is asked meanwhile, so what is planted need not make sense. Nothing of it is left afterwards.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models.fields.reverse_related import ForeignObjectRel

from customers.models import Customer, CustomerGroup
from customers.models.uploads import NumbersField
from customers.querysets import NUMBERS_OF_A_BLOCK
from locations.inventory import Table, tables
from locations.models import Location, Organization
from locations.personal import About
from mcp.stored_sentences import Sentences, SentencesField
from tests.isolation.database.superuser import as_superuser

PREFIX = "zqp"
"""With it each word begins that was planted."""
EARLIEST = date(1900, 1, 1)
OVERRIDDEN: dict[str, dict[str, Any]] = {
    "accounting.Account": {"balance": Decimal(0), "overdraft": Decimal(0)},
    "accounting.BranchOrder": {"state": "booked"},
    "accounting.DebitItem": {"state": "returned"},
    "accounting.Letter": {"state": "mailed"},
    "clearing.Conflict": {"lost": None},
    "customers.Customer": {"archived_at": None},
    "transitions.Transition": {"executed_at": datetime(2026, 1, 1, tzinfo=UTC)},
}
"""What keeps a person from being erased, or is read as a whole: money that is open, debits at the bank."""


@contextmanager
def planting(client: int = 1) -> Iterator[Planting]:
    """A place to plant in, whose database has no rules; afterwards `as_product` gives it its rules back.

    `client` is the client number of a location of Nordlicht; 4 is on a base 1.0.
    """
    web_role = connection.settings_dict["USER"]
    with as_superuser():
        yield Planting(web_role, client)


@dataclass
class Person:
    """One of those who were planted."""

    customer: Any
    rows: dict[str, Any] = field(default_factory=dict)
    """By the table the row that is about him."""
    values: dict[tuple[str, str], Any] = field(default_factory=dict)
    """By table and column what was planted there of him."""


class Planting:
    """Plants persons in the base of one location."""

    def __init__(self, web_role: str, client: int) -> None:
        self._web_role, self._numbers = web_role, itertools.count(1)
        self.tables = [table for table in tables() if table.of]
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            for statement in _rules(cursor):
                cursor.execute(statement)
        self.organization = Organization.objects.get(account_number=10400)
        places = Location.objects.select_related("organization", "base")
        self.location = places.get(organization=self.organization, client_number=client)
        self.group = CustomerGroup.objects.create(base=self.location.base, name=self._word(30))
        self._shared: dict[type[Any], Any] = {}

    def person(self) -> Person:
        """A new person, who stands in each table."""
        person = Person(None)
        person.customer = self._row(_table_of(Customer), person)
        for table in self.tables:
            self._row(table, person)
        return person

    def as_product(self) -> None:
        """From here on the rules hold again, and whoever asks is the role that the product has."""
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = origin")
            cursor.execute(f'SET LOCAL SESSION AUTHORIZATION "{self._web_role}"')

    # --- rows ---------------------------------------------------------------------------------------------------

    def _row(self, table: Table, person: Person) -> Any:
        if table.name in person.rows:
            return person.rows[table.name]
        model: Any = table.model
        row = person.rows[table.name] = model()
        of_person = {one.name for one in table.columns if one.about == About.CUSTOMER}
        roots = {path.split("__")[0]: path.split("__")[1:] for path in table.of}
        for column in [one for one in model._meta.concrete_fields if not one.generated]:
            if column.name in roots and column.name != "pk":
                setattr(row, column.attname, self._led_to(column, roots[column.name], person))
            else:
                setattr(row, column.attname, self._value(model, column, column.name in of_person, person))
            if column.name in of_person and not column.is_relation:
                person.values[table.name, column.name] = getattr(row, column.attname)
        model._base_manager.bulk_create([row])
        for root, rest in roots.items():
            relation = None if root == "pk" else model._meta.get_field(root)
            if isinstance(relation, ForeignObjectRel):
                self._child(relation, row, rest, person)
        return row

    def _led_to(self, column: Any, rest: list[str], person: Person) -> Any:
        """The value of the column from which a path leads to the person."""
        if isinstance(column, models.UUIDField) and not column.is_relation:
            return person.customer.uid
        if not column.is_relation or column.related_model is Customer:
            return person.customer.pk
        return self._row(_table_of(column.related_model), person).pk

    def _child(self, relation: Any, row: Any, rest: list[str], person: Person) -> None:
        """The row that leads on from one that many refer to."""
        model, link = relation.related_model, relation.field
        child = model()
        for column in [one for one in model._meta.concrete_fields if not one.generated]:
            if column is link:
                value = row.pk
            elif column.name == rest[0]:
                is_set = isinstance(column, NumbersField)
                number = person.customer.customer_number
                value = f"{{[{number},{number}]}}" if is_set else self._led_to(column, rest[1:], person)
            elif column.name == "block":
                value = person.customer.customer_number // NUMBERS_OF_A_BLOCK
            else:
                value = self._value(model, column, False, person)
            setattr(child, column.attname, value)
        model._base_manager.bulk_create([child])
        person.rows[model._meta.db_table] = child

    # --- values -------------------------------------------------------------------------------------------------

    def _value(self, model: Any, column: Any, is_personal: bool, person: Person | None) -> Any:
        given = OVERRIDDEN.get(model._meta.label, {})
        if column.name in given:
            return given[column.name]
        if column.is_relation:
            return self._related(column, is_personal, person)
        if column.primary_key:
            return uuid4() if isinstance(column, models.UUIDField) else 9_000_000 + next(self._numbers)
        if column.name in {"base_id", "owner_key"}:
            return self.location.base_id if column.name == "base_id" else 0
        if is_personal or isinstance(column, models.UUIDField):
            return self._canary(column)
        if column.null:
            return None
        is_key = isinstance(column, models.CharField) and not column.choices and not column.has_default()
        return self._canary(column) if is_key else _plain(column)

    def _related(self, column: Any, is_personal: bool, person: Person | None) -> Any:
        if is_personal and person and column.related_model is Customer:
            return person.customer.pk
        if column.null and not is_personal:
            return None
        known = {"Organization": self.organization, "CustomerBase": self.location.base, "Location": self.location,
                 "CustomerGroup": self.group}  # fmt: skip
        found = known.get(column.related_model.__name__)
        if found is not None:
            return found.pk
        if column.null:
            return None
        table = next((table for table in self.tables if table.model is column.related_model), None)
        return (self._row(table, person) if table and person else self._of_all(column.related_model)).pk

    def _of_all(self, model: Any) -> Any:
        """A row that is about nobody, one for all."""
        if model not in self._shared:
            row = self._shared[model] = model()
            for column in [one for one in model._meta.concrete_fields if not one.generated]:
                setattr(row, column.attname, self._value(model, column, False, None))
            model._base_manager.bulk_create([row])
        return self._shared[model]

    def _word(self, length: int | None) -> str:
        return f"{PREFIX}{next(self._numbers):05}x"[: length or 40]

    def _canary(self, column: Any) -> Any:
        """A value that nobody else has in this column, as far as it is wide enough."""
        number = next(self._numbers)
        if column.choices:
            return column.choices[number % len(column.choices)][0]
        if isinstance(column, ArrayField):
            return [self._canary(column.base_field)]
        if isinstance(column, (models.JSONField, models.CharField, models.TextField, models.BinaryField)):
            return self._words(column, number)
        made = next((make for kinds, make in _FIGURES if isinstance(column, kinds)), None)
        return made(number, column) if made else 8_000_000 + number

    def _words(self, column: Any, number: int) -> Any:
        """Something that says a new word, in the format of the column."""
        width = getattr(column, "max_length", None)
        if width is not None and width < len(self._word(None)):
            return f"{number:05}"[-width:]
        word = self._word(width)
        match column:
            case SentencesField():
                return Sentences([{"code": "", "text": word, "params": {}}])
            case models.JSONField():
                return [{"text": word}] if column.name == "lines" else {"word": word}
            case models.BinaryField():
                return word.encode()
            case models.EmailField():
                return f"{word}@example.com"
            case models.URLField():
                return f"https://{word}.example.com/"
        return word


_FIGURES: list[tuple[Any, Any]] = [
    (models.BooleanField, lambda number, _column: number % 2 == 0),
    (models.DateTimeField, lambda number, _column: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)),
    (models.DateField, lambda number, _column: EARLIEST + timedelta(days=number)),
    (models.UUIDField, lambda _number, _column: uuid4()),
    (models.PositiveSmallIntegerField, lambda number, _column: number % 32_000),
    (
        models.DecimalField,
        lambda number, column: number % 10 ** min(column.max_digits - column.decimal_places, 6) + Decimal("0.25"),
    ),
]
"""By the kind of a column, the most special first, what makes its value of a number."""
_SAYS_NOTHING: list[tuple[Any, Any]] = [
    ((models.JSONField, ArrayField), []),
    ((models.CharField, models.TextField), ""),
    (models.BinaryField, b""),
    (models.DateTimeField, datetime(2026, 1, 1, tzinfo=UTC)),
    (models.DateField, EARLIEST),
    (models.BooleanField, False),
]


def _table_of(model: Any) -> Table:
    return next(table for table in tables() if table.model is model)


def _plain(column: Any) -> Any:
    """A value that says nothing."""
    if column.has_default():
        return column.get_default()
    if column.choices:
        return column.choices[0][0]
    return next((value for kinds, value in _SAYS_NOTHING if isinstance(column, kinds)), 1)


def _rules(cursor: Any) -> list[str]:
    """What takes the constraints away that look at the values of a row."""
    cursor.execute("""
        SELECT format('ALTER TABLE %s %s', conrelid::regclass, string_agg(format('DROP CONSTRAINT %I', conname), ', '))
        FROM pg_constraint WHERE contype IN ('c', 'x') AND connamespace = 'public'::regnamespace AND conrelid <> 0
        GROUP BY conrelid
    """)
    return [statement for (statement,) in cursor.fetchall()]
