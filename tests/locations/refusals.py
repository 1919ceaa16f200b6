"""What the tests of rules share: which constraint of the database refused, and which codes `full_clean` gives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, models, transaction


@contextmanager
def refused_by(constraint: str) -> Iterator[None]:
    """The block must fail in the database by this constraint or trigger, deferred ones included."""
    with pytest.raises(DatabaseError) as caught, transaction.atomic():  # noqa: PT012 - it is the caller's block
        yield
        check_now()
    assert constraint_of(caught.value) == constraint


def check_now() -> None:
    """Let the deferred constraints speak now, as at the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def constraint_of(error: BaseException) -> str:
    cause: Any = error.__cause__
    return str(cause.diag.constraint_name or cause.diag.message_primary)


def sentences(instance: models.Model) -> dict[str | None, str]:
    """What `full_clean` says, by code."""
    with pytest.raises(ValidationError) as caught:
        instance.full_clean()
    return {error.code: " ".join(error.messages) for errors in caught.value.error_dict.values() for error in errors}


def run(sql: str, *params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
