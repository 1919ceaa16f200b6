"""A session keeps plans: one edit must not make the next large change of it slow. Web processes keep their sessions."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.db import connection

from customers.filling import _columns, _words
from customers.models import Customer
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope

MANY = 3_000
"""Each of them compared with each other: eight times as long as once each. With 20,000 it is twenty times."""
_EDIT = "UPDATE customers_customer SET city = city || 'x' WHERE base_id = %s AND customer_number <= %s"


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


def seconds(scope: Scope, up_to: int) -> float:
    started = time.perf_counter()
    with row_scope.rows_of(scope), connection.cursor() as cursor:
        cursor.execute(_EDIT, [scope.base.pk, up_to])
        assert cursor.rowcount == up_to
    return time.perf_counter() - started


@pytest.mark.django_db(transaction=True)
def test_large_change_takes_as_long_after_an_edit_as_in_a_fresh_session(anna):
    columns = _columns()
    names, values = ", ".join(columns), ", ".join(columns.values())
    with row_scope.rows_of(anna), connection.cursor() as cursor:
        sql = f"INSERT INTO customers_customer ({names}) SELECT {values} FROM generate_series(1, %(count)s) AS n"
        cursor.execute(sql, {**_words(anna), "count": MANY})
    connection.close()
    fresh = seconds(anna, MANY)
    connection.close()
    seconds(anna, 1)
    after_one = seconds(anna, MANY)
    assert after_one < 3 * fresh, f"{after_one:.2f} s after one edit, {fresh:.2f} s in a fresh session"
    with row_scope.rows_of(anna):
        events: Any = Customer._meta.get_field("history").related_model
        assert events.objects.filter(pgh_label="update").count() == 2 * MANY + 1


@pytest.mark.django_db
def test_every_history_plans_large_changes_for_the_rows_that_are_there():
    """So that no table that is added later, and no path to one, can forget it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT trigger.tgrelid::regclass::text FROM pg_trigger AS trigger
                JOIN pg_proc ON pg_proc.oid = trigger.tgfoid
                WHERE trigger.tgname ~ '^pgtrigger_update_update_' AND trigger.tgnewtable IS NOT NULL
                  AND prosrc !~ 'EXECUTE'"""
        )
        assert cursor.fetchall() == []
