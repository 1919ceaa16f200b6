"""Handing work to the worker: the one way, wherever it is called.

A job is queued by a statement of Django's own connection, so that it belongs to the transaction that needs it: the
worker sees it when that is committed, and never if it is rolled back. procrastinate's own `defer` does so in a request
only. In a worker it uses a connection of its own, over which the job runs before the rows are there that it is about.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection, transaction
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.manager import JobManager


class NothingThere(Exception):
    """A job is about a row that does not exist (yet, or any more). It is tried again, and then it has failed."""

    def __init__(self, kind: str, pk: object) -> None:
        super().__init__(f"There is no {kind} {pk} for this job")


AGAIN = RetryStrategy(max_attempts=5, exponential_wait=2, retry_exceptions={NothingThere})
"""For tasks that work on a row: after 2, 4, 8, 16 and 32 seconds."""


type GivenUp = Callable[..., None]
_given_up: dict[str, GivenUp] = {}


def when_given_up[F: GivenUp](*tasks: str) -> Callable[[F], F]:
    """Decorator: called with the arguments of a job of these tasks that is not tried any more, to say so to people."""

    def register(tell: F) -> F:
        _given_up.update(dict.fromkeys(tasks, tell))
        return tell

    return register


def tell_given_up(task: str, arguments: dict[str, Any]) -> None:
    """Tell whoever waits for this job that it is given up; nothing where nobody does."""
    if (tell := _given_up.get(task)) is not None:
        tell(**arguments)


def enqueue(task: str, *, lock: str | None = None, queueing_lock: str | None = None, **arguments: Any) -> int:
    """Let the worker do a task, by its name, once the current transaction is committed; the number of the job.

    Of the jobs with one `lock` one runs at a time; of those with one `queueing_lock` one waits at a time: another
    raises procrastinate's AlreadyEnqueued, and nothing of it is kept. An unknown task raises TaskNotFound.
    """
    deferring = app.configure_task(task, allow_unknown=False, lock=lock, queueing_lock=queueing_lock)
    deferring.job_manager = JobManager(DjangoConnector(connection.alias))
    with transaction.atomic():
        return deferring.defer(**arguments)
