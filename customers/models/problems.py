"""What is wrong with a row of a file, as it is stored and as it is read."""

from __future__ import annotations

from typing import Any, TypedDict

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from mcp.stored_sentences import Sentences


class Problem(TypedDict):
    """What is wrong with a cell, or with a whole row: `column` is empty then."""

    column: str
    value: str | Sentences
    reason: Sentences
    code: str


class ProblemsField(models.JSONField):
    """For each problem of a row the column, the value that stands there, a code, and the reason.

    The reason is stored as sentences (see mcp/stored_sentences.py), and so is a value that is a word or a day of ours.
    """

    def from_db_value(
        self, value: str | None, expression: models.Expression, connection: BaseDatabaseWrapper
    ) -> list[dict[str, Any]] | None:
        found = super().from_db_value(value, expression, connection)
        return found if found is None else [_readable(problem) for problem in found]


def _readable(problem: dict[str, Any]) -> dict[str, Any]:
    return {name: Sentences(value) if isinstance(value, list) else value for name, value in problem.items()}
