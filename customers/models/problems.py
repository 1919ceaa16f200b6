"""What is wrong with a row of a file, as it is stored and as it is read."""

from __future__ import annotations

from typing import Any

from django.db import models

from mcp.stored_sentences import Sentences


class ProblemsField(models.JSONField):
    """For each problem of a row the column, the value that stands there, a code, and the reason.

    The reason is stored as sentences (see mcp/stored_sentences.py), and so is a value that is a word or a day of ours.
    """

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        found = super().from_db_value(value, expression, connection)
        return found if found is None else [_readable(problem) for problem in found]


def _readable(problem: dict[str, Any]) -> dict[str, Any]:
    return {name: Sentences(value) if isinstance(value, list) else value for name, value in problem.items()}
