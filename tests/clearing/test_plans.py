"""Blocks of a run are read by index, one customer after the other, however empty the base was when statistics were
gathered: in a first load all of a base is written in one transaction, of which the planner learns nothing."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from clearing.rows import reading, statements
from clearing.rows.arrays import plain_array, uuid_array
from customers import statistics
from customers.filling import _columns, _words
from mcp.isolation import row_scope
from tests.clearing.people import statement

UIDS = [uuid4() for _one in range(1_000)]
ADDED = {
    "base": 1, "organization": 1,
    **dict(zip(statements._NAMES, map(list, zip(*statements._rows(UIDS[0], [statement()]), strict=True)), strict=True)),
}  # fmt: skip
ASKED: dict[str, tuple[str, Any, set[str]]] = {
    "versions": (reading._BY_UID, [1, uuid_array(UIDS)], {"customer_uid_unique"}),
    "bearers": (reading._BY_NUMBER, [1, plain_array(range(1_000))], {"customer_number_unique"}),
    "states": (reading._STATES, [1, uuid_array(UIDS)], {"customerrevision_of_customer"}),
    "said": (statements._READ, [1, uuid_array(UIDS)], {"customer_uid_unique", "consent_of_customer"}),
    "add": (statements._ADD, ADDED, {"customer_uid_unique", "consent_of_customer"}),
}


@pytest.fixture
def others(cast) -> None:
    """Two thousand customers of another base, all that the planner knows of."""
    anna = cast.scope("anna", "Zentrale")
    columns = _columns()
    names, values = ", ".join(columns), ", ".join(columns.values())
    with row_scope.rows_of(anna), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO customers_customer ({names}) SELECT {values} FROM generate_series(1, 2000) AS n",
            {**_words(anna), "count": 2000},
        )
        statistics.gather(statistics.WRITTEN)


@pytest.mark.parametrize("name", ASKED)
def test_a_block_is_read_by_index(others, name):
    question, parameters, expected = ASKED[name]
    with row_scope.without_scope(reason="plans", actor="a test"), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {question}", parameters)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    used = set(re.findall(r"using (\w+) on customers_(?:customer|customerrevision|consent)\b", plan))
    assert used == expected, plan
