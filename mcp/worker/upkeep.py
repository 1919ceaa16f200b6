"""Work on many rows that has nothing to do with one another, as the worker's periodic tasks do it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

log = logging.getLogger("stammhaus.upkeep")


def for_each[Row](rows: Iterable[Row], work: Callable[[Row], object], *, what: str) -> None:
    """Do the work for every row. What goes wrong with one is logged and keeps none of those behind it.

    `what` could not be done, with %s for the row. Raises ExceptionGroup in the end, so that the job has failed.
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
