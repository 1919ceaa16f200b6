"""Queues tasks for the worker: `enqueue` is the only way, from wherever it is called.

A job is inserted over Django's own connection, and so belongs to the transaction that needs it: the worker sees it when
that is committed, and never if it is rolled back. procrastinate's `defer` does so only in a request. In a worker it
uses a connection of its own, and the job would run before the rows it is about are committed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.db import connection, transaction
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.manager import JobManager
from procrastinate.types import JSONValue


class NothingThere(Exception):
    """The row that a job is about does not exist (yet, or any more). The job is tried again, and fails in the end."""

    def __init__(self, kind: str, pk: object) -> None:
        super().__init__(f"There is no {kind} {pk} for this job")


AGAIN = RetryStrategy(max_attempts=5, exponential_wait=2, retry_exceptions={NothingThere})
"""For tasks that work on a row: after 2, 4, 8, 16 and 32 seconds."""


type GivenUp = Callable[..., None]
_given_up: dict[str, GivenUp] = {}


def when_given_up[F: GivenUp](*tasks: str) -> Callable[[F], F]:
    """Decorator: the function is called with the arguments of a job of these tasks that is given up, to tell users."""

    def register(tell: F) -> F:
        _given_up.update(dict.fromkeys(tasks, tell))
        return tell

    return register


def tell_given_up(task: str, arguments: Mapping[str, object]) -> None:
    """Call the function that `when_given_up` has registered for the task, if there is one."""
    if (tell := _given_up.get(task)) is not None:
        tell(**arguments)


def enqueue(task: str, *, lock: str | None = None, queueing_lock: str | None = None, **arguments: JSONValue) -> int:
    """Let the worker run a task, by its name, once the current transaction is committed; returns the id of the job.

    Jobs with the same `lock` run one at a time. Of jobs with the same `queueing_lock` only one can wait: another raises
    procrastinate's AlreadyEnqueued, and is not queued. An unknown task raises TaskNotFound.
    """
    deferring = app.configure_task(task, allow_unknown=False, lock=lock, queueing_lock=queueing_lock)
    deferring.job_manager = JobManager(DjangoConnector(connection.alias))
    with transaction.atomic():
        return deferring.defer(**arguments)
