"""How far a bulk change is, told over a connection of its own, and heard there whether it was cancelled."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from customers.bulk.changing import Stopped
from customers.imports.progress import SECONDS, Patient
from customers.models import BulkChange
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope


class ToldProgress(Patient):
    def __init__(self, aside: Any, change: BulkChange) -> None:
        self._aside, self._change, self._last = aside, change, 0.0

    def tell(self, done: int, total: int) -> None:
        """Raises Stopped where the change is in another state by now."""
        now = time.monotonic()
        if now - self._last < SECONDS and done < total:
            return
        self._last = now
        with self._aside.transaction() as cursor:
            cursor.execute(
                "UPDATE customers_bulkchange SET done = %s WHERE base_id = %s AND id = %s RETURNING state",
                [done, self._change.base_id, self._change.pk],
            )
            if (cursor.fetchone() or (self._change.state,)) != (self._change.state,):
                raise Stopped


@contextmanager
def told(change: BulkChange, scope: Scope) -> Iterator[ToldProgress]:
    with row_scope.second_connection(scope) as aside:
        yield ToldProgress(aside, change)
