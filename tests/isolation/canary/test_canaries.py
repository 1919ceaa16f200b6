"""Nothing that can hold somebody's words is without a canary, so that the sweep cannot miss a table or a column."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from tests.isolation.canary.canaries import COUNTRY, PREFIX, SHORT, Canaries, Canary, text_columns
from tests.isolation.canary.planting import Ground, readable_models
from tests.isolation.canary.unplanted import NO_DATA, VOCABULARY

FOREIGN, OWN = (20800, 30100), (10400,)


def is_fixed(model: Any, column: Any) -> bool:
    return column.name in VOCABULARY or f"{model._meta.label}.{column.name}" in VOCABULARY


def without_canary(model: Any) -> list[str]:
    """The columns of text in which no row has a canary."""
    table = connection.ops.quote_name(model._meta.db_table)
    missing = []
    with connection.cursor() as cursor:
        for column in [column for column in text_columns(model) if not is_fixed(model, column)]:
            text = f"{table}.{connection.ops.quote_name(column.column)}"
            readable = f"encode({text}, 'escape')" if column.get_internal_type() == "BinaryField" else f"{text}::text"
            cursor.execute(f"SELECT EXISTS (SELECT FROM {table} WHERE {readable} ~* '{PREFIX}|{SHORT[:2]}|{COUNTRY}')")
            missing += [] if cursor.fetchone() == (True,) else [f"{model._meta.label}.{column.name}"]
    return missing


def test_every_column_of_text_has_a_canary(cast):
    """A new table or column fails here until `planting` can fill it, or NO_DATA or VOCABULARY says why it need not."""
    Ground(foreign=FOREIGN, own=OWN)
    assert [column for model in readable_models() for column in without_canary(model)] == []


def test_exceptions_exist():
    labels = {model._meta.label for model in apps.get_models(include_auto_created=True)}
    assert NO_DATA.keys() <= labels
    assert {name.rpartition(".")[0] for name in VOCABULARY} - {""} <= labels


@pytest.mark.parametrize(
    "shown",
    ["{}", "<td>{}</td>", "https://{}.example.com/", "%20{}%20", "“{}”", "\\u00e4{}", "x_{}", "&quot;{}&quot;"],
)
def test_canary_is_read_in_any_surroundings_and_case(shown):
    canaries = Canaries()
    word = canaries.word(Canary(20800, "a.B", "c"))
    assert canaries.among(shown.format(word.upper())) == {word}


@pytest.mark.parametrize("shown", ["7391001", "73 91 00 1", "7.391.001", "7,391,001.00", "+49 30 7391001"])
def test_number_is_read_however_it_is_grouped(shown):
    canaries = Canaries()
    assert canaries.number(Canary(20800, "a.B", "c")) == 7_391_001
    assert canaries.among(shown) == {"7391001"}


def test_half_a_canary_is_none():
    canaries = Canaries()
    word = canaries.word(Canary(20800, "a.B", "c"))
    assert canaries.among(f"{word[:-1]} {PREFIX} {SHORT[:3]} quiz 739") == set()
