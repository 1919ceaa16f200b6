"""Rows of two businesses in every table under row security, and the raw SQL that tries to get across."""

from __future__ import annotations

import json
from typing import Any

import pghistory
from django.db import connection, models

from customers.models import Customer, CustomerGroup, ImportUpload, Tag
from customers.numbers import take_number
from customers.operations import change_customer, register_customer, save_customer_group, save_tag
from locations.permissions import Right
from mcp import operations, row_security
from mcp.models import Restriction
from mcp.scope import Scope
from tests.conftest import Cast, forget_author
from tests.isolation.database.tables import GuardedTable

ACCOUNTS = {10400: "anna", 20800: "sven"}


def fill_every_table(cast: Cast) -> dict[int, Scope]:
    """At least one row of both businesses in each table; the scopes of their centrals."""
    scopes = {account: cast.scope(user, "Zentrale", account) for account, user in ACCOUNTS.items()}
    for scope in scopes.values():
        with pghistory.context(**scope.history()):
            _customers(scope)
            _rights(scope)
            # Each table is changed once more, so that its history has an entry even where the cast came before it.
            rows: list[Any] = [scope.organization, scope.base, scope.location, scope.user]
            for row in rows:
                type(row)._base_manager.filter(pk=row.pk).update(**_something_new(row))
        forget_author()
    return scopes


def _customers(scope: Scope) -> None:
    group = save_customer_group(group=CustomerGroup(name="Stamm"), actor=scope)
    save_tag(tag=Tag(name="Stamm"), actor=scope)
    customer = register_customer(
        customer=Customer(last_name=f"Gast {scope.organization}", customer_group=group), actor=scope
    )
    customer.memo = "geändert"
    change_customer(customer=customer, actor=scope)
    take_number(scope.location)
    place = {"organization": scope.organization, "base": scope.base, "location": scope.location, "user": scope.user}
    ImportUpload.objects.create(**place, name=f"{scope.organization}.csv", sha256="", content=b"x", rows=1)


def _rights(scope: Scope) -> None:
    place: Any = scope.organization.locations.exclude(kind="central").order_by("pk").first()
    group = operations.create_user_group(name="Probe", actor=scope)
    member = operations.create_user_group(name="Probe 2", actor=scope)
    operations.change_grants(
        group=group, wanted={(Right.VIEW_CUSTOMERS, None), (Right.VIEW_CUSTOMERS, place.pk)}, actor=scope
    )
    user: Any = scope.user
    person: Any = scope.organization.users.exclude(pk=user.pk).first()
    if person is not None:
        operations.set_memberships(user=person, groups=[*person.groups.all(), member], actor=scope)
    type(place)._base_manager.filter(pk=place.pk).update(is_franchise=True)
    Restriction.objects.create(
        organization=scope.organization, location=place, group=group, right=Right.VIEW_CUSTOMERS.value
    )


def _something_new(row: Any) -> dict[str, object]:
    match row._meta.model_name:
        case "organization" | "location":
            return {"name": f"{row} neu"}
        case "user":
            return {"first_name": "Neu"}
    return {"created_at": models.F("created_at") + models.Value("1 second", models.DurationField())}


def _quoted(table: GuardedTable) -> tuple[str, str]:
    return connection.ops.quote_name(table.name), connection.ops.quote_name(table.column)


def owners(table: GuardedTable, scopes: dict[int, Scope]) -> dict[int, int]:
    """For each account how many of its rows there are, for whom all exist."""
    with row_security.without_scope(reason="count", actor="a test"):
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
    """Write a copy of an own row that says to belong to the other; triggers that look at a row find nothing amiss."""
    with connection.cursor() as cursor:
        if table.name == "pghistory_context":
            cursor.execute(_CONTEXT, [json.dumps({"organization": other.organization.pk})])
            return
        names = _columns(table.name)
        values = ", ".join("%s" if name == table.column else f'"{name}"' for name in names)
        columns = ", ".join(f'"{name}"' for name in names)
        cursor.execute(
            f"INSERT INTO {table.name} ({columns}) OVERRIDING SYSTEM VALUE SELECT {values} FROM {table.name} "
            f"WHERE {table.column} IS NOT NULL LIMIT 1",
            [owner_key(table, other)],
        )


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
