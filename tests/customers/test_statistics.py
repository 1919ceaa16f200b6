"""Which columns the statistics are of that are gathered after a bulk write."""

from __future__ import annotations

import json

from django.db import connection

from customers import statistics
from customers.filling import _columns, _words
from mcp.isolation import row_scope

UNKNOWN = 200
"""So many different values the planner expects of a column of which it knows nothing."""


def test_of_a_history_are_gathered_the_columns_by_which_it_is_asked(cast):
    """All fifty would take as long as those of the customers, after each import."""
    anna = cast.scope("anna", "Zentrale")
    columns = _columns()
    names, values = ", ".join(columns), ", ".join(columns.values())
    with row_scope.rows_of(anna), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO customers_customer ({names}) SELECT {values} FROM generate_series(1, 2000) AS n",
            {**_words(anna), "count": 2000},
        )
        statistics.gather(statistics.WRITTEN)
    assert expected("customers_customer", "country") == 1
    assert expected("customers_customerevent", "country") == UNKNOWN
    for name in ("base_id", "pgh_label", "pgh_created_at"):
        assert expected("customers_customerevent", name) < UNKNOWN, name


def expected(table: str, column: str) -> int:
    """How many different values of a column the planner expects, whatever row security shows of them."""
    with row_scope.without_scope(reason="the planner's expectation", actor="a test"), connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) SELECT {column} FROM {table} GROUP BY {column}")
        [(found,)] = cursor.fetchall()
    found = json.loads(found) if isinstance(found, str) else found
    return int(found[0]["Plan"]["Plan Rows"])
