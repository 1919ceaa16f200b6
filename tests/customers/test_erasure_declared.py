"""An erasure does with each column what its model says of it, for somebody who stands in each of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection

from customers.erasure import erase_customer
from locations.inventory import tables
from locations.personal import About, Erasure
from mcp.isolation.scope import Scope
from tests.planted import PREFIX, Person, Planting, planting

NOTHING: tuple[Any, ...] = (None, "", "–", [], {}, "[]")


OF_LEGACY = {"customers_customerrevision"}
"""Of a base 1.0 alone: on another one nothing is ever there, and nothing forgets it."""


@pytest.fixture(params=[1, 4], ids=["2.0", "1.0"])
def planted(db, request):
    """One who is going to be erased, another one, and where both are."""
    with planting(request.param) as garden:
        yield garden, garden.person(), garden.person()


def stored(garden: Planting, person: Person) -> dict[str, dict[str, Any] | None]:
    """By table his row as it is now; None where it is gone."""
    found: dict[str, dict[str, Any] | None] = {}
    for table in garden.tables:
        model: Any = table.model
        if table.name in OF_LEGACY and not garden.location.base.is_discontinued:
            continue
        found[table.name] = model._base_manager.filter(pk=person.rows[table.name].pk).values().first()
    return found


def planted_cells() -> list[tuple[tuple[str, str], str]]:
    """Table, column and text of each cell of the whole database in which something planted stands."""
    found = []
    with connection.cursor() as cursor:
        for table in tables():
            cursor.execute(f"SELECT to_jsonb(one)::text FROM {table.name} AS one WHERE one::text LIKE '%{PREFIX}%'")
            for (row,) in cursor.fetchall():
                cells = ((name, json.dumps(value)) for name, value in json.loads(row).items())
                found += [((table.name, name), text) for name, text in cells if PREFIX in text]
    return found


def test_each_column_is_left_as_its_model_says(planted):
    garden, person, other = planted
    before, others = stored(garden, person), stored(garden, other)
    words = {
        key: value for key, value in person.values.items()
        if isinstance(value, str) and value.startswith(PREFIX) and key[0] in before
    }  # fmt: skip
    with connection.cursor() as cursor:
        garden.as_product()
        erase_customer(customer=person.customer.pk, reason="Wunsch", actor=Scope.of_system(garden.location, name="t"))
        cursor.execute("SET LOCAL SESSION AUTHORIZATION DEFAULT; SET LOCAL ROLE NONE")
    after = stored(garden, person)
    for table in [one for one in garden.tables if one.name in before]:
        for column in table.columns:
            assert_left(table, column, before[table.name], after[table.name])
    assert stored(garden, other) == others
    assert len(words) > 100
    left = {place for place, text in planted_cells() if any(word in text for word in words.values())}
    kept = {
        (table.name, one.name) for table in garden.tables for one in table.columns
        if one.about == About.CUSTOMER and one.erasure in {Erasure.KEPT, Erasure.STAYS}
    }  # fmt: skip
    assert left <= kept


def assert_left(table: Any, column: Any, before: Any, after: Any) -> None:
    """What is left of a column is what was said of it."""
    where = f"{table.name}.{column.name}: {column.erasure}"
    if column.erasure == Erasure.ROW_GOES:
        assert after is None, where
        return
    assert after is not None, where
    name = column.column if column.column in after else column.name
    if column.erasure == Erasure.EMPTIED:
        assert after[name] in NOTHING or (before[name] not in NOTHING and after[name] != before[name]), where
    elif column.about == About.CUSTOMER:
        assert after[name] == before[name], where
        assert column.erasure == Erasure.STAYS or table.declaration.kept.years > 0, where
