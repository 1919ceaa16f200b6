"""Whose rows a table holds, and a row that is put into another business, in raw SQL as of a hostile query."""

from __future__ import annotations

import json

from django.apps import apps
from django.db import connection

from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.isolation.database.tables import GuardedTable


def _quoted(table: GuardedTable) -> tuple[str, str]:
    return connection.ops.quote_name(table.name), connection.ops.quote_name(table.column)


def owners(table: GuardedTable, scopes: dict[int, Scope]) -> dict[int, int]:
    """For each account how many of its rows there are, for whom all exist."""
    with row_scope.without_scope(reason="count", actor="a test"):
        return {account: count(table, scope) for account, scope in scopes.items()}


def count(table: GuardedTable, owner: Scope) -> int:
    """How many rows of the owner the transaction sees."""
    name, _column = _quoted(table)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {name} AS seen WHERE {belongs(table)}", [owner_key(table, owner)])
        return int(cursor.fetchone()[0])


def belongs(table: GuardedTable) -> str:
    """The condition, as of a hostile query, that a row is of whom `owner_key` names."""
    if table.name == "pghistory_context":
        return "seen.metadata->>'organization' = %s::text"
    return f"seen.{_quoted(table)[1]} = %s"


def owner_key(table: GuardedTable, owner: Scope) -> int:
    return owner.base.pk if table.is_of_base else owner.organization.pk


def put_into(other: Scope, table: GuardedTable) -> None:
    """Write a copy of an own row that says to belong to the other, in the state that rows of its table begin with.

    So triggers that look at the row find nothing amiss.
    """
    with connection.cursor() as cursor:
        if table.name == "pghistory_context":
            cursor.execute(_CONTEXT, [json.dumps({"organization": other.organization.pk})])
            return
        names = _columns(table.name)
        instead: dict[str, int | str] = {table.column: owner_key(table, other), **_first_state(table.name)}
        values = ", ".join("%s" if name in instead else f'"{name}"' for name in names)
        columns = ", ".join(f'"{name}"' for name in names)
        cursor.execute(
            f"INSERT INTO {table.name} ({columns}) OVERRIDING SYSTEM VALUE SELECT {values} FROM {table.name} "
            f"WHERE {table.column} IS NOT NULL LIMIT 1",
            [instead[name] for name in names if name in instead],
        )


def _first_state(table: str) -> dict[str, str]:
    """The state of a new row by its column; of a table whose rows have none, nothing."""
    model = next((one for one in apps.get_models() if one._meta.db_table == table), None)
    states = [field for field in model._meta.fields if field.name == "state"] if model else []
    return {field.name: str(field.get_default()) for field in states if field.has_default()}


_CONTEXT = """
    INSERT INTO pghistory_context (id, created_at, updated_at, metadata)
    VALUES (gen_random_uuid(), now(), now(), %s)
"""


def _columns(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND attgenerated = '' "
            "AND NOT attisdropped ORDER BY attnum",
            [table],
        )
        return [name for (name,) in cursor.fetchall()]
