"""Arrays for the database as one text each. A list would be quoted value by value, which takes five times as long."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID


def uuid_array(uids: Iterable[UUID]) -> str:
    """For `%s::uuid[]`."""
    return "{" + ",".join([uid.hex for uid in uids]) + "}"


def plain_array(values: Iterable[int | bool | None]) -> str:
    """For numbers and flags: `%s::integer[]`, `%s::boolean[]`."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"
