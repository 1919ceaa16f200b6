"""Arrays for the database as one text each: a list would be quoted value by value, which takes five times as long.

each = each_of("customers_customer", "customer", uid="uuid")
cursor.execute(f"SELECT customer.id {each}", [base.pk, uuid_array(uids)])
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID


def uuid_array(uids: Iterable[UUID]) -> str:
    """For `%s::uuid[]`."""
    return "{" + ",".join([uid.hex for uid in uids]) + "}"


def plain_array(values: Iterable[int | bool | None]) -> str:
    """For numbers and flags: `%s::integer[]`, `%s::boolean[]`."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def each_of(table: str, name: str, *, base: str = "%s", values: str = "%s", **by: str) -> str:
    """The rows of a base that have one of these values, as a FROM clause: by index, one value after the other.

    `name` is what a row is called, `by` the column and its type; the values are asked for once each. During a first
    load the planner takes the base for empty, since it was when statistics were gathered, and would read all of it for
    each block. So it is not told which base it is, nor that the two could be joined.
    """
    [(column, kind)] = by.items()
    return f"""FROM (
        WITH asked AS MATERIALIZED (SELECT {base}::bigint AS base_id, unnest({values}::{kind}[]) AS value)
        SELECT * FROM asked
    ) AS asked CROSS JOIN LATERAL (
        SELECT * FROM {table} WHERE base_id = asked.base_id AND {column} = asked.value OFFSET 0
    ) AS {name}"""
