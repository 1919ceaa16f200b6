"""Jobs that have lost their worker begin anew, also where another of their kind waits already."""

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from mcp.tasks import resume_stalled_jobs
from mcp.worker.queueing import enqueue

pytestmark = pytest.mark.django_db(transaction=True)
TASK = "clearing.tasks.decide_run"
LOCK = {"queueing_lock": "decide 7", "lock": "decide 7"}


@pytest.fixture
def abandoned(db) -> int:
    """A job whose worker is no more."""
    job = enqueue(TASK, cycle="7", account_number=1, client_number=1, **LOCK)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing', attempts = 1 WHERE id = %s", [job])
    return job


def resume() -> None:
    """What the worker does each minute, over a connection of its own as there."""
    connector: Any = app.connector

    async def as_worker() -> None:
        with app.replace_connector(connector.get_worker_connector()) as of_worker:
            async with of_worker.open_async():
                context: Any = SimpleNamespace(app=of_worker)
                await resume_stalled_jobs.func(context, timestamp=0)

    broken: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(as_worker())
        except BaseException as error:
            broken.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if broken:
        raise broken[0]


def states() -> dict[int, str]:
    return dict(ProcrastinateJob.objects.values_list("id", "status"))


def test_it_begins_anew(abandoned):
    resume()
    assert states() == {abandoned: "todo"}


def test_one_that_another_waits_for_makes_room(abandoned):
    waiting = enqueue(TASK, cycle="7", account_number=1, client_number=1, **LOCK)
    resume()
    assert states() == {abandoned: "aborted", waiting: "todo"}
