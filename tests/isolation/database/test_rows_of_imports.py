"""The one table of people's data without row security: who is logged in as the web role adds rows of the entered base.

Nothing else: no row is read, changed or deleted but through the view, which shows the entered base's alone.
"""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from customers.models import ImportRow
from mcp.isolation import row_scope
from tests.conftest import Cast
from tests.isolation.database.rows import fill_every_table

TABLE, VIEW = "customers_importrow", "customers_import_rows"
UPLOAD = "00000000-0000-4000-8000-000000000001"
ROLES = ["none", "stammhaus_unscoped", "stammhaus_person", "stammhaus_clearing"]
REFUSED = {
    f"SELECT * FROM {TABLE}": "permission denied for table",
    f"SELECT count(*) FROM {TABLE}": "permission denied for table",
    f"SELECT row_number FROM {TABLE}": "permission denied for table",
    f"UPDATE {TABLE} SET row_number = 1": "permission denied for table",
    f"UPDATE {TABLE} SET base_id = 1": "permission denied for table",
    f"DELETE FROM {TABLE}": "permission denied for table",
    f"TRUNCATE {TABLE}": "permission denied for table",
    f"COPY {TABLE} TO STDOUT": "permission denied for table",
    f"COPY {TABLE} (base_id, upload, row_number) FROM STDIN": "permission denied for table",
    f"INSERT INTO {TABLE} (base_id, upload, row_number) VALUES (1, '{UPLOAD}', 1)": "permission denied for table",
    f"INSERT INTO {TABLE} (base_id, upload, row_number) VALUES (DEFAULT, '{UPLOAD}', 1)": "permission denied for table",
    f"INSERT INTO {TABLE} (upload, row_number) VALUES ('{UPLOAD}', 1) RETURNING *": "permission denied for table",
    f"UPDATE {VIEW} SET row_number = 1": "permission denied for view",
    f"UPDATE {VIEW} SET base_id = 1": "permission denied for view",
    f"INSERT INTO {VIEW} (upload, row_number) VALUES ('{UPLOAD}', 1)": "permission denied for view",
    f"INSERT INTO {VIEW} (base_id, upload, row_number) VALUES (1, '{UPLOAD}', 1)": "permission denied for view",
}
"""Statement → how the database refuses it, whatever has been entered."""


@pytest.fixture(scope="module")
def filled(standing):
    """Stands for all tests of this file."""
    return fill_every_table(Cast())


@pytest.fixture
def scopes(filled, cast):
    """A staged row of each of two businesses."""
    return filled


def refusal_of(statement: str) -> str:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError as refusal:
        return str(refusal)
    return "it was taken"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("statement", REFUSED)
def test_table_is_closed_but_for_new_rows_and_nothing_can_be_changed(scopes, statement, role):
    with row_scope.rows_of(scopes[10400]), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('role', %s, true)", [role])
        assert REFUSED[statement] in refusal_of(statement)


def test_view_shows_the_rows_of_the_entered_base_alone(scopes):
    for scope in scopes.values():
        with row_scope.rows_of(scope), connection.cursor() as cursor:
            cursor.execute(f"SELECT base_id, row_number FROM {VIEW}")
            assert cursor.fetchall() == [(scope.base.pk, 2)]


@pytest.mark.parametrize("role", ROLES)
def test_without_a_scope_the_view_is_empty_for_every_role(scopes, role):
    with row_scope.no_rows(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('role', %s, true)", [role])
        cursor.execute(f"SELECT count(*) FROM {VIEW}")
        assert cursor.fetchone() == (0,)


def test_rows_of_another_base_are_not_deleted_through_the_view(scopes):
    nordlicht, suedstern = scopes[10400], scopes[20800]
    with row_scope.rows_of(nordlicht), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {VIEW} WHERE base_id = %s", [suedstern.base.pk])
        assert cursor.rowcount == 0
        cursor.execute(f"DELETE FROM {VIEW}")
        assert cursor.rowcount == 1
    with row_scope.rows_of(suedstern), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {VIEW}")
        assert cursor.fetchone() == (1,)


def test_condition_of_a_question_sees_no_foreign_row(scopes):
    """A function that tells what it is given must not be asked before the view's own condition."""
    with row_scope.rows_of(scopes[10400]), connection.cursor() as cursor:
        foreign = scopes[20800].base.pk
        # An index would find the own rows before any condition is asked.
        cursor.execute("SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"SELECT count(*) FROM {VIEW} WHERE 1 / (base_id - %s) IS NOT NULL", [foreign])
        assert cursor.fetchone() == (1,)


def test_new_row_belongs_to_the_entered_base_by_insert_and_by_copy(scopes):
    scope = scopes[10400]
    with row_scope.rows_of(scope), connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {TABLE} (upload, row_number) VALUES ('{UPLOAD}', 7)")
        with cursor.copy(f"COPY {TABLE} (upload, row_number) FROM STDIN") as copy:
            copy.write(f"{UPLOAD}\t8\n")
        cursor.execute(f"SELECT base_id, row_number FROM {VIEW} WHERE upload = '{UPLOAD}' ORDER BY 2")
        assert cursor.fetchall() == [(scope.base.pk, 7), (scope.base.pk, 8)]


def test_row_of_no_base_is_refused(scopes):
    with row_scope.no_rows():
        refusal = refusal_of(f"INSERT INTO {TABLE} (upload, row_number) VALUES ('{UPLOAD}', 7)")
    assert 'null value in column "base_id"' in refusal


def test_view_has_every_column_of_the_table_and_the_web_role_may_give_all_but_the_base(db):
    columns = {field.column for field in ImportRow._meta.concrete_fields}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {VIEW} LIMIT 0")
        assert {column.name for column in cursor.description} == columns
        cursor.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 "
            "AND has_column_privilege('stammhaus_web', attrelid, attnum, 'INSERT')",
            [TABLE],
        )
        assert {name for (name,) in cursor.fetchall()} == columns - {"base_id"}
