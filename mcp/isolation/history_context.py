"""Who acts, told to the history once in a transaction instead of before each statement.

pghistory writes the facts before every statement that is no SELECT, the marks of savepoints included, because it does
not know where a transaction begins. A request is one transaction: what is written at its outermost level stays until
it ends, whatever is rolled back inside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pghistory
from django.db import connection

_MARK, _END = "('pghistory.context_id', ", "; "
"""What pghistory puts before a statement has the first in it, and ends with the second."""
_UNDOING = "ROLLBACK"
"""A mark that would undo at once what is written with it."""
_PARAMETERS = 2
"""The id of the context and its facts."""


@contextmanager
def recorded_as(**facts: Any) -> Iterator[None]:
    """Changes made in the block carry these facts. Entered in a transaction that lasts as long as the block.

    Facts that are added inside (`pghistory.context(reason=…)`) are written from then on.
    """
    with pghistory.context(**facts), connection.execute_wrapper(_Once()):
        yield


class _Once:
    """Takes away what pghistory has put before a statement where the transaction has been told the same."""

    def __init__(self) -> None:
        self._outermost = len(connection.savepoint_ids)
        self._told: tuple[Any, ...] = ()

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        if many or not isinstance(params, tuple) or not isinstance(sql, str):
            return execute(sql, params, many, context)
        telling, _end, statement = sql.partition(_END)
        if _MARK not in telling:
            return execute(sql, params, many, context)
        facts, rest = params[:_PARAMETERS], params[_PARAMETERS:]
        if facts == self._told or statement.startswith(_UNDOING):
            return execute(statement, rest, many, context)
        if len(connection.savepoint_ids) == self._outermost:
            self._told = facts
        return execute(sql, params, many, context)
