"""The owner of the tables, who fills the database of the bench and switches row security off and on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from mcp.project import environment


@contextmanager
def as_owner() -> Iterator[None]:
    """Inside, the connection is logged in as the owner; before and after as the web role."""
    before = connection.settings_dict["USER"]
    _log_in(environment.database("DATABASE_OWNER_URL")["USER"])
    try:
        yield
    finally:
        _log_in(before)


def _log_in(user: str) -> None:
    connection.close()
    connection.settings_dict["USER"] = user
