"""Work is queued in the transaction that needs it, wherever that is, and a job without its row fails loudly."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued, TaskNotFound

from clearing.branch import by_stick, starting
from mcp.worker import mailing
from mcp.worker.queueing import AGAIN, enqueue
from mcp.worker.somebody import for_somebody
from tests.worker import empty_queue, jobs, work

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = (
    "locations",
    "mcp",
    "files",
    "customers",
    "clearing",
    "accounting",
    "transitions",
    "api",
    "spreadsheets",
    "launch",
)
DEFERRING = {"defer", "defer_async", "batch_defer", "batch_defer_async", "configure", "configure_task", "defer_job"}
TASK = "customers.exports.tasks.make_export"
OF_A_ROW = {
    "accounting.tasks.issue_run": "run",
    "accounting.tasks.make_debit_file": "file",
    "accounting.tasks.mail_letters": "mailing",
    "customers.imports.tasks.check_upload": "upload",
    "customers.imports.tasks.apply_upload": "upload",
    "customers.imports.tasks.undo_upload": "upload",
    "customers.exports.tasks.make_export": "export",
    "customers.bulk.tasks.count_bulk": "change",
    "customers.bulk.tasks.apply_bulk": "change",
    "customers.bulk.tasks.undo_bulk": "change",
    "transitions.tasks.execute_transition": "transition",
    "transitions.tasks.review_transition": "transition",
    "transitions.package.tasks.make_package": "package",
    "transitions.incoming.tasks.take_in_file": "incoming",
    "transitions.tasks.execute_switch": "switch",
    "transitions.tasks.undo_switch": "switch",
    "clearing.tasks.decide_run": "cycle",
    "clearing.tasks.decide_conflicts": "decision",
    "accounting.tasks.book_sure": "statement",
    "accounting.tasks.read_bank_file": "bank_file",
    "accounting.tasks.collect_debit_file": "file",
    "mcp.tasks.mail_forgotten_password": "attempt",
    "privacy.tasks.make_person_file": "person_file",
}
OF_NOBODY = {"package", "attempt"}
"""What is done for nobody in particular, by what it is about."""


def test_nobody_queues_in_another_way():
    """procrastinate's own way is right in a request and wrong in a worker, so it is used nowhere."""
    found = set()
    for path in [path for folder in PRODUCT for path in (ROOT / folder).rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute)]
        if any(node.attr in DEFERRING for node in calls) or re.search(r"procrastinate_defer|procrastinate_jobs", text):
            found.add(path.relative_to(ROOT).as_posix())
    assert found == {"mcp/worker/queueing.py"}


def test_every_task_that_is_queued_is_known_and_tries_again():
    app.perform_import_paths()
    queued = {name for name, task in app.tasks.items() if task.retry_strategy is AGAIN}
    assert queued == set(OF_A_ROW)
    periodic = {task.task.name for task in app.periodic_registry.periodic_tasks.values()}
    own = ("accounting.", "customers.", "files.", "mcp.", "clearing.", "transitions.", "api.", "privacy.")
    ours = {name for name in app.tasks if name.startswith(own)}
    # A run is begun again by the clock, and what is done for a stick by whoever presses once more.
    by_hand = {by_stick.PREPARE_TASK, by_stick.APPLY_TASK}
    assert ours - periodic == queued | {mailing.SEND, starting.RUN_TASK} | by_hand
    retrying: Any = app.tasks[mailing.SEND].retry_strategy
    assert retrying.max_attempts == mailing.MOST_TRIES


def test_unknown_task_is_refused(db):
    with pytest.raises(TaskNotFound):
        enqueue("customers.tasks.make_exprot")


@pytest.mark.parametrize("is_worker", [False, True])
def test_job_belongs_to_the_transaction_wherever_it_is_queued(cast, is_worker):
    """A worker has replaced the connector by one of its own, as `manage.py procrastinate` does."""

    def undone() -> None:
        with transaction.atomic():
            enqueue(TASK, lock="a place", export="1")
            assert jobs(TASK) == [("todo", 0)]
            transaction.set_rollback(True)

    if is_worker:
        connector: Any = app.connector
        with app.replace_connector(connector.get_worker_connector()):
            undone()
    else:
        undone()
    assert jobs(TASK) == []


def test_lock_and_arguments_are_kept_and_a_second_that_waits_is_refused(db):
    enqueue(TASK, lock="a place", queueing_lock="one", export="1")
    with pytest.raises(AlreadyEnqueued):
        enqueue(TASK, queueing_lock="one", export="2")
    with connection.cursor() as cursor:  # the transaction goes on
        cursor.execute("SELECT lock, queueing_lock, args FROM procrastinate_jobs WHERE task_name = %s", [TASK])
        assert cursor.fetchall() == [("a place", "one", '{"export": "1"}')]


@pytest.mark.django_db(transaction=True)
def test_job_without_its_row_is_tried_again_and_fails_in_the_end(cast):
    empty_queue()
    somebody = for_somebody(cast.scope("anna", "Zentrale"))
    for task, argument in OF_A_ROW.items():
        missing: Any = 999_999 if argument == "attempt" else str(uuid4())
        more: dict[str, Any] = {"is_narrowed": False} if task == "transitions.tasks.review_transition" else {}
        ordered = {} if argument in OF_NOBODY else {**somebody}
        if argument == "cycle":  # the node of a place has ordered it, and no person
            del ordered["user"]
        enqueue(task, **{argument: missing}, **more, **ordered)
    said = work()
    assert {task: jobs(task) for task in OF_A_ROW} == {task: [("todo", 1)] for task in OF_A_ROW}
    assert said.count("NothingThere: There is no ") == len(OF_A_ROW)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET attempts = 5, scheduled_at = NULL WHERE status = 'todo'")
    work()
    assert {task: jobs(task) for task in OF_A_ROW} == {task: [("failed", 6)] for task in OF_A_ROW}
    empty_queue()
