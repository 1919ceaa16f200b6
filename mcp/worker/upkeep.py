"""Work on many independent rows, for the worker's periodic tasks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

log = logging.getLogger("stammhaus.upkeep")


def for_each[Row](rows: Iterable[Row], work: Callable[[Row], object], *, what: str) -> None:
    """Do the work for every row; an error with one row is logged and does not stop the others.

    `what` is the message of the log, with %s for the row. Raises ExceptionGroup at the end if any failed, so that the
    job fails.
    """
    broken: list[Exception] = []
    for row in rows:
        try:
            work(row)
        except Exception as error:
            log.exception(what, row)
            broken.append(error)
    if broken:
        raise ExceptionGroup(what.replace(" %s", ""), broken)
