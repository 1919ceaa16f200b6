"""All tables with all their columns, as they were declared (locations/personal.py), and what was forgotten.

tables()    each table of a model, a history as the table whose history it is, and those of libraries
faults()    columns that nobody has said anything of, names that are no columns, and declarations that say too little
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from locations.personal import About, Category, Declaration, Erasure, by_kind, declared
from locations.third_party import TABLES

_QUERIES = frozenset({"pghistory.Events"})
"""Models without a table."""
_OF_EVENTS = {"pgh_created_at": Category.TECHNICAL, "pgh_at": Category.TECHNICAL, "pgh_label": Category.TECHNICAL}
_ABOUT_NOBODY = frozenset({Category.TECHNICAL, Category.KEYS})


@dataclass(frozen=True)
class Column:
    """One column: its field, whom it says something of, and what becomes of it when a customer is erased."""

    name: str
    column: str
    about: About
    category: Category
    erasure: Erasure


@dataclass(frozen=True)
class Table:
    """One table. `model` is None for a table of a library that has none."""

    name: str
    model: type[models.Model] | None
    declaration: Declaration
    columns: tuple[Column, ...]
    unsaid: tuple[str, ...]
    """Columns of which nobody has said anything."""

    @property
    def history_of(self) -> type[models.Model] | None:
        """The model whose history it is."""
        return getattr(self.model, "pgh_tracked_model", None)

    @property
    def of(self) -> tuple[str, ...]:
        """The paths to the customer whom a row is about."""
        return tuple("pgh_obj" if self.history_of and path == "pk" else path for path in self.declaration.of)


def tables() -> list[Table]:
    """Each table, in the order in which the apps and their models are loaded."""
    every = [one for one in apps.get_models(include_auto_created=True) if not one._meta.proxy]
    found = [_table(one) for one in every if one._meta.label not in _QUERIES]
    known = {table.name for table in found}
    return found + [_of_library(name, said) for name, said in TABLES.items() if name not in known]


def _table(model: type[models.Model]) -> Table:
    tracked = getattr(model, "pgh_tracked_model", model)
    name = model._meta.db_table
    said = TABLES.get(name) or declared(tracked) or Declaration()
    columns, unsaid = [], []
    for field in model._meta.concrete_fields:
        is_of_event = model is not tracked and field.name.startswith("pgh_")
        one = _column(field if is_of_event else tracked._meta.get_field(field.name), said)
        if one is None:
            unsaid.append(field.name)
        else:
            columns.append(one)
    if name in TABLES:  # also what a migration has added beside the model
        told = {one.name for one in columns}
        columns += [one for one in _of_library(name, said).columns if one.name not in told]
    return Table(name, model, said, tuple(columns), tuple(unsaid))


def _column(field: Any, said: Declaration) -> Column | None:
    name, told = field.name, None
    if name.startswith("pgh_"):
        told = About.NOBODY, _OF_EVENTS.get(name, Category.KEYS)
    elif name in said.staff:
        told = About.STAFF, Category.KEYS if isinstance(field, models.IntegerField) else Category.IDENTITY
    elif name in said.categories:
        told = _about(said, said.categories[name]), said.categories[name]
    else:
        told = by_kind(field)
    return None if told is None else Column(name, field.column, *told, _erasure(name, told, said))


def _about(said: Declaration, category: Category) -> About:
    if category in _ABOUT_NOBODY:
        return About.NOBODY
    if said.of or said.bulk:
        return About.CUSTOMER
    return About.STAFF if said.is_of_staff else About.NOBODY


def _erasure(name: str, told: tuple[About, Category], said: Declaration) -> Erasure:
    row = said.erased or Erasure.STAYS
    if row == Erasure.ROW_GOES:
        return row
    if name in said.emptied:
        return Erasure.EMPTIED
    return row if told[0] == About.CUSTOMER and told[1] not in _ABOUT_NOBODY else Erasure.STAYS


def _of_library(name: str, said: Declaration) -> Table:
    columns = [Column(at, at, About.NOBODY, category, Erasure.STAYS) for at, category in said.categories.items()]
    return Table(name, None, said, tuple(columns), ())


# --- what was forgotten ---------------------------------------------------------------------------------------------


def faults(found: list[Table] | None = None) -> Iterator[tuple[type[models.Model], str]]:
    """Each fault with the model that it is about: a sentence for whoever has added a column."""
    for table in tables() if found is None else found:
        if table.model is None:
            continue
        label = table.model._meta.label
        yield from ((table.model, f"{label}.{name}: say whom it is about (@personal)") for name in table.unsaid)
        if table.history_of or table.name in TABLES:
            continue
        fields = {field.name for field in table.model._meta.concrete_fields}
        for name in sorted(table.declaration.names - fields):
            yield table.model, f"{label}: @personal names {name}, which is no column"
        for name in sorted(table.declaration.twice):
            yield table.model, f"{label}: @personal says {name} twice"
        yield from ((table.model, f"{label}: {sentence}") for sentence in _too_little(table))


def _too_little(table: Table) -> Iterator[str]:
    said = table.declaration
    told = {said.categories[name] for name in said.categories} - _ABOUT_NOBODY
    if told and not (said.of or said.bulk or said.is_of_staff):
        yield "@personal names data of a person and not whose (of, bulk or is_of_staff)"
    if (said.of or said.bulk) and said.erased is None:
        yield "@personal does not say what an erasure does with the row (erased)"
    assert table.model is not None  # noqa: S101 - for the types
    for path in said.of:
        if not _leads(table.model, path):
            yield f"@personal leads by {path}, which is no path of fields"


def _leads(model: Any, path: str) -> bool:
    for part in path.split("__"):
        try:
            found = model._meta.pk if part == "pk" else model._meta.get_field(part)
        except FieldDoesNotExist:
            return False
        model = found.related_model if found.is_relation else None
    return True


def check_personal(**_options: object) -> list[CheckMessage]:
    """Django's check: a column that nobody has said anything of keeps the program from starting."""
    return [Error(sentence, obj=model, id="stammhaus.E001") for model, sentence in faults()]
