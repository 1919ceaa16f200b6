"""How far a bulk change is, told over a connection of its own, and heard there whether it was cancelled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.backends.utils import CursorWrapper

from customers.models import BulkChange
from mcp.isolation import row_scope
from mcp.isolation.row_scope import SecondConnection
from mcp.isolation.scope import Scope
from mcp.worker.progress import Progress, ToldProgress
from mcp.worker.task_frame import Stopped


class ChangeProgress(ToldProgress):
    """Stores how far a change is. Raises Stopped where the change is in another state by now."""

    def __init__(self, second: SecondConnection, change: BulkChange) -> None:
        super().__init__(second)
        self._change = change

    def write(self, cursor: CursorWrapper, done: int, total: int) -> None:
        cursor.execute(
            "UPDATE customers_bulkchange SET done = %s WHERE base_id = %s AND id = %s RETURNING state",
            [done, self._change.base_id, self._change.pk],
        )
        if (cursor.fetchone() or (self._change.state,)) != (self._change.state,):
            raise Stopped


@contextmanager
def told(change: BulkChange, scope: Scope) -> Iterator[Progress]:
    """Inside, the progress of the change is stored over a connection of its own."""
    with row_scope.second_connection(scope) as second:
        yield ChangeProgress(second, change)
