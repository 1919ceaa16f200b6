"""Each policy, key and condition of the database is switched off in turn, and one of the probes must notice.

A superuser makes the change in the test's transaction and then becomes the web role; nobody else sees it, and it is
undone before the next. The list is read from the database.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from locations.models import Organization
from locations.row_policies import POLICIES
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.conftest import Cast, build
from tests.isolation.database.crossing import count, put_into
from tests.isolation.database.rows import fill_every_table
from tests.isolation.database.superuser import as_superuser
from tests.isolation.database.tables import WITHOUT_ROWS_OF_ANYBODY, GuardedTable, all_tables, guarded_tables

pytestmark = pytest.mark.isolation

type Scopes = dict[int, Scope]
type Probe = Callable[[Scopes], None]

VIEWS = (
    "CREATE OR REPLACE VIEW customers_searchable AS SELECT * FROM customers_customer",
    "CREATE OR REPLACE VIEW customers_import_rows AS SELECT * FROM customers_importrow",
    "ALTER VIEW customers_import_rows RESET (security_barrier)",
    "ALTER TABLE customers_importrow ALTER base_id SET DEFAULT 1",
)
UNCHECKED = "ALTER POLICY scope ON {} WITH CHECK (true)"
"""Of a table to which nobody adds but functions of its owner there is nothing to check."""
WAYS = (
    "ALTER TABLE {} DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE {} NO FORCE ROW LEVEL SECURITY",
    "ALTER POLICY scope ON {} USING (true)",
    UNCHECKED,
    "ALTER POLICY unscoped ON {} TO PUBLIC",
    "CREATE POLICY more ON {} USING (true)",
)
PEOPLE = ("mcp_user", "mcp_userevent")
WAYS_OF_PERSON = (
    "ALTER POLICY person ON {} USING (true)",
    "ALTER POLICY person ON {} WITH CHECK (true)",
    "ALTER POLICY person ON {} TO PUBLIC",
)


def test_every_policy_is_missed_when_it_is_switched_off(db, note):
    with as_superuser():
        if not Organization.objects.exists():
            build()
        scopes = fill_every_table(Cast())
        connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks to come cannot be altered
        connection.cursor().execute("RESET ROLE")  # what has entered a scope has left as the role of a test
        tried, unnoticed = _try_all(scopes)
    note(f"{tried} changes of row security, {tried - len(unnoticed)} noticed")
    assert unnoticed == []
    assert tried >= 150


def _try_all(scopes: Scopes) -> tuple[int, list[str]]:
    """How many changes were made, and those that no probe has noticed."""
    changes = [
        (way.format(table.name), table)
        for table in guarded_tables()
        for way in WAYS
        if way != UNCHECKED or _anybody_adds_to(table)
    ]
    changes += [(way.format(t.name), t) for t in guarded_tables() if t.name in PEOPLE for way in WAYS_OF_PERSON]
    probes: list[Probe] = [
        _all_tables_are_guarded,
        _only_the_known_policies,
        _search_finds_the_own,
        _staged_rows_are_the_own,
        _a_person_is_alone,
    ]
    assert not _noticed(probes_for(None, probes), scopes, "SELECT 1"), "a probe fails with everything in place"
    unnoticed = [change for change, table in changes if not _noticed(probes_for(table, probes), scopes, change)]
    unnoticed += [change for change in VIEWS if not _noticed(probes, scopes, change)]
    return len(changes) + len(VIEWS), unnoticed


def _anybody_adds_to(table: GuardedTable) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_any_column_privilege('stammhaus_web', %s, 'INSERT')", [table.name])
        return bool(cursor.fetchone()[0])


def probes_for(table: GuardedTable | None, general: list[Probe]) -> list[Probe]:
    if table is None:
        return [probe for each in guarded_tables() for probe in probes_for(each, [])] + general
    own = (_foreign_rows_are_hidden, _no_foreign_row_is_taken)
    return [*(partial(probe, table) for probe in own), *general]


def _noticed(probes: list[Probe], scopes: Scopes, change: str) -> str:
    """What the first probe says that notices; empty where none does."""
    for probe in probes:
        said = _asked(probe, scopes, change)
        if said:
            return said
    return ""


def _asked(probe: Probe, scopes: Scopes, change: str) -> str:
    said = ""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(change)
            cursor.execute("SET LOCAL SESSION AUTHORIZATION stammhaus_web")
        try:
            with transaction.atomic():
                probe(scopes)
        except AssertionError as noticed:
            said = str(noticed) or "noticed"
        transaction.set_rollback(True)
    return said


def _foreign_rows_are_hidden(table: GuardedTable, scopes: Scopes) -> None:
    with row_scope.rows_of(scopes[10400]):
        assert count(table, scopes[20800]) == 0, "foreign rows are seen"
        assert count(table, scopes[10400]) > 0, "own rows are not seen"


def _no_foreign_row_is_taken(table: GuardedTable, scopes: Scopes) -> None:
    """Refused by the policy itself, and not by a key or trigger that would look at it later."""
    try:
        with row_scope.rows_of(scopes[10400]), transaction.atomic():
            put_into(scopes[20800], table)
        said = "it was taken"
    except DatabaseError as refusal:
        said = str(refusal)
    nobody_adds = f"permission denied for table {table.name}"  # but functions of its owner
    assert "row-level security" in said or said.startswith(nobody_adds), said


def _all_tables_are_guarded(_scopes: Scopes) -> None:
    assert all_tables() - {table.name for table in guarded_tables()} == set(WITHOUT_ROWS_OF_ANYBODY)


def _only_the_known_policies(_scopes: Scopes) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT policyname, roles::text FROM pg_policies ORDER BY 1, 2")
        assert cursor.fetchall() == sorted((name, f"{{{role}}}") for name, role in POLICIES.items())


def _a_person_is_alone(scopes: Scopes) -> None:
    """And writes nothing but himself; the history takes what a row of his own would leave."""
    himself = scopes[10400].user
    assert himself is not None
    with row_scope.rows_of_person(himself.pk), connection.cursor() as cursor:
        for table in PEOPLE:
            cursor.execute(f"SELECT DISTINCT id FROM {table}")
            assert {pk for (pk,) in cursor.fetchall()} <= {himself.pk}, f"{table} shows others"
            _assert_refused(f"INSERT INTO {table} (id) VALUES (-1)")


def _assert_refused(statement: str) -> None:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
        said = "it was taken"
    except DatabaseError as refusal:
        said = str(refusal)
    assert "row-level security" in said, said


def _search_finds_the_own(scopes: Scopes) -> None:
    with row_scope.rows_of(scopes[10400]), connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT base_id FROM customers_searchable")
        assert cursor.fetchall() == [(scopes[10400].base.pk,)]


_NO_INDEX = "SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_indexonlyscan = off"
_LEAKING = "SELECT base_id FROM customers_import_rows WHERE 1 / (base_id - %s)"


def _staged_rows_are_the_own(scopes: Scopes) -> None:
    """Those of the view, those that a condition is asked of, and a new one."""
    for scope in scopes.values():
        foreign = [other.base.pk for other in scopes.values() if other is not scope]
        with row_scope.rows_of(scope), connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO customers_importrow (upload, row_number) VALUES ('{UUID(int=1)}', 3)")
            cursor.execute(_NO_INDEX)  # one would find the own rows before any condition is asked
            try:
                cursor.execute(
                    "SELECT base_id FROM customers_import_rows WHERE 1 / (base_id - %s) IS NOT NULL", foreign
                )
                seen = cursor.fetchall()
            except DatabaseError as told:
                raise AssertionError("a condition was asked of a foreign row") from told
            assert seen == [(scope.base.pk,)] * 2
            cursor.execute("DELETE FROM customers_import_rows WHERE row_number = 3")
