"""References cannot leave a business or base: foreign key checks look past row security, so the keys see to it."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction

from locations.constraints import CompositeForeignKey
from locations.history import HistoryEvent
from locations.row_policies import row_security_of
from mcp.isolation import row_scope
from tests.conftest import Cast
from tests.isolation.database.rows import fill_every_table

OF_TWO = {
    "transitions.Transition.receiver": "names the business to which a location goes; no row of it is reached by it"
}
"""References to a row of another owner that are meant, each with the reason."""
COPIED = {
    "accounting.Receivable.account": "a trigger copies it from the movement, to which the row refers over the base",
    "accounting.Receivable.location": "as above",
}
"""References that nobody writes but a trigger of the tables' owner, each with where they come from."""


def _guarded_models() -> list[Any]:
    return [m for m in apps.get_models() if row_security_of(m) and not issubclass(m, HistoryEvent)]


def _references(model: Any) -> list[Any]:
    """The foreign keys of the model to tables under row security."""
    keys = [field for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey)]
    return [key for key in keys if row_security_of(key.related_model)]


def _composite_keys() -> list[tuple[Any, CompositeForeignKey]]:
    found = [(m, key) for m in _guarded_models() for key in m._meta.constraints if isinstance(key, CompositeForeignKey)]
    assert len(found) >= 15
    return found


def test_every_reference_goes_over_its_owner_or_is_the_owner():
    for model in _guarded_models():
        rule = row_security_of(model)
        covered = {
            name for key in model._meta.constraints if isinstance(key, CompositeForeignKey) for name in key.fields
        }
        for field in [one for one in _references(model) if str(one) not in {*OF_TWO, *COPIED}]:
            is_owner = rule is not None and field.name in rule.fields.values()
            is_checked_alone = any(
                isinstance(one, models.CheckConstraint) and one.name == "organizationgrant_own_organization"
                for one in model._meta.constraints
            )
            assert is_owner or field.name in covered or is_checked_alone, f"{field} can refer to a row of another owner"


@pytest.fixture(scope="module")
def filled(standing):
    """Stands for all tests of this file."""
    return fill_every_table(Cast())


@pytest.fixture
def scopes(filled, cast):
    """Rows in every table, of each of two businesses."""
    return filled


@pytest.mark.parametrize("name", [key.name for _model, key in _composite_keys()])
def test_no_row_can_be_made_to_refer_to_a_row_of_another_owner(scopes, name):
    """As somebody for whom all rows exist: row security and pages are out of the way.

    What nobody writes but functions of the tables' owner has the key all the same.
    """
    model, key = next((model, key) for model, key in _composite_keys() if key.name == name)
    if not _may_write(model):
        assert _kept(model, key) == [True]
        return
    column = model._meta.get_field(key.fields[1]).column
    target = apps.get_model(key.to)
    owner, foreign = _owners(key, scopes)
    rows = model._base_manager.filter(**{key.fields[0]: owner})
    other = target._base_manager.filter(**{key.to_fields[0]: foreign}).first()
    row = rows.exclude(**{key.fields[1]: None}).first() or rows.first()
    assert row is not None
    assert other is not None
    with row_scope.without_scope(reason="try to refer", actor="a test"), pytest.raises(IntegrityError):
        _refer(model, column, row, other.pk)


def _may_write(model: Any) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_any_column_privilege(session_user, %s, 'INSERT')", [model._meta.db_table])
        return bool(cursor.fetchone()[0])


def _kept(model: Any, key: CompositeForeignKey) -> list[bool]:
    """Whether the database keeps the key over all of its columns; empty where there is none."""
    columns = [model._meta.get_field(name).column for name in key.fields]
    with connection.cursor() as cursor:
        cursor.execute(_KEY, [columns, model._meta.db_table, apps.get_model(key.to)._meta.db_table, key.name])
        return [row[0] for row in cursor.fetchall()]


_KEY = """
    SELECT known.convalidated AND ARRAY(
        SELECT attname::text FROM unnest(known.conkey) WITH ORDINALITY AS part (number, place)
        JOIN pg_attribute ON attrelid = known.conrelid AND attnum = part.number ORDER BY part.place
    ) = %s::text[]
    FROM pg_constraint AS known WHERE known.contype = 'f' AND known.conrelid = %s::regclass
      AND known.confrelid = %s::regclass AND known.conname = %s
"""


def _owners(key: CompositeForeignKey, scopes: dict[int, Any]) -> tuple[Any, Any]:
    owners = [scope.base if key.fields[0] == "base" else scope.organization for scope in scopes.values()]
    return owners[0], owners[1]


def _refer(model: Any, column: str, row: Any, to: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        table, key = connection.ops.quote_name(model._meta.db_table), model._meta.pk.column
        cursor.execute("SELECT has_table_privilege(%s, 'UPDATE')", [table])
        if cursor.fetchone() == (True,):
            cursor.execute(f'UPDATE {table} SET "{column}" = %s WHERE "{key}" = %s', [to, row.pk])
        else:
            cursor.execute(_copy(model, column), [to, row.pk])
        assert cursor.rowcount == 1
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _copy(model: Any, column: str) -> str:
    """Add a copy of a row, said at another moment, to a table that is only ever added to."""
    others = [field.column for field in model._meta.concrete_fields if not field.primary_key and not field.generated]
    instead = {column: "%s", "at": "\"at\" - interval '1 minute'"}
    values = ", ".join(instead.get(name, f'"{name}"') for name in others)
    names = ", ".join(f'"{name}"' for name in others)
    table, key = model._meta.db_table, model._meta.pk.column
    return f'INSERT INTO "{table}" ({names}) SELECT {values} FROM "{table}" WHERE "{key}" = %s'
