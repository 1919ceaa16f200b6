"""Records who acts once in a transaction, instead of before each statement.

pghistory puts the facts before every statement but SELECT, savepoints included, because it does not know where a
transaction begins. A request is one transaction: what is written at its outermost level stays until its end, whatever
is rolled back inside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pghistory
from django.db import connection

_MARK, _END = "('pghistory.context_id', ", "; "
"""The text that pghistory puts before a statement contains the first, and ends with the second."""
_UNDOING = "ROLLBACK"
"""Begins a statement that would undo the facts which are written together with it."""
_PARAMETERS = 2
"""How many parameters pghistory adds: the id of the context and its facts."""


@contextmanager
def recorded_as(**facts: object) -> Iterator[None]:
    """Changes made in the block are recorded with these facts. Runs in a transaction that lasts as long as the block.

    Facts that are added inside (`pghistory.context(reason=…)`) are recorded from then on.
    """
    with pghistory.context(**facts), connection.execute_wrapper(_Once()):
        yield


class _Once:
    """Removes what pghistory has put before a statement where the transaction knows the same facts already."""

    def __init__(self) -> None:
        self._outermost = len(connection.savepoint_ids)
        self._told: tuple[object, ...] = ()

    def __call__(
        self, execute: Callable[..., object], sql: object, params: object, many: bool, context: dict[str, object]
    ) -> object:
        """As Django calls a wrapper of statements."""
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
