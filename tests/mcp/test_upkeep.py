"""One row that cannot be dealt with keeps no periodic task from the others, and no job is given up in silence."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.utils.translation import override
from procrastinate.contrib.django import app
from procrastinate.jobs import Status

from customers import tasks as of_customers
from customers.exports import files
from customers.exports.writer import Order
from customers.figures import counts
from customers.models import Customer, CustomerCount, CustomerExport
from customers.operations import register_customer
from files.choices import FileState
from mcp import tasks as of_mcp
from mcp.choices import MailKind, MailState
from mcp.models import LoginAttempt, Mail, User
from mcp.worker import queueing
from mcp.worker.queueing import AGAIN, tell_given_up
from mcp.worker.somebody import for_somebody
from mcp.worker.upkeep import for_each
from tests.customers.people import customer
from tests.reader import read
from tests.transitions.carrying import consent, content_of, executed, imported, made, receiver
from tests.transitions.moving import exit_in, fresh, last_step
from transitions import tasks as of_transitions
from transitions.choices import TransitionState
from transitions.models import IncomingFile, Package, Transition
from transitions.package import importing
from transitions.package.importing import note_arrivals

ROW_BY_ROW = {
    "accounting.tasks.mail_due_letters",  # held by tests/accounting/test_mailing_failures.py
    "api.tasks.send_webhooks",  # held by tests/api/test_webhooks.py
    "customers.tasks.compact_counts",
    "customers.tasks.forget_superseded_changes",  # held by tests/customers/test_feed.py
    "customers.tasks.delete_expired_uploads",  # held by tests/customers/test_expired_files.py
    "transitions.package.tasks.note_arrivals_by_clock",
    "transitions.tasks.execute_due_transitions",
    "files.tasks.delete_expired_files",  # held by tests/files/test_expiry.py
    "mcp.tasks.resume_stalled_jobs",
    "mcp.tasks.remind_of_what_waits",  # held by tests/transitions/test_waiting.py
}
"""Periodic tasks that work on one row after the other; each has a test below."""
ONE_STATEMENT = {
    "api.tasks.delete_old_answers",
    "mcp.tasks.clear_expired_sessions",
    "mcp.tasks.delete_old_login_attempts",
    "mcp.tasks.forget_sent_forms",
}
"""Periodic tasks that delete by one statement: there is no row that could keep it from the others."""


def test_what_is_done_for_each_goes_on_and_fails_in_the_end(caplog):
    done: list[int] = []

    def work(row: int) -> None:
        if row == 2:
            raise OSError("the disk is gone")
        done.append(row)

    with pytest.raises(ExceptionGroup) as group:
        for_each([1, 2, 3], work, what="Row %s could not be dealt with")
    assert done == [1, 3]
    assert [str(error) for error in group.value.exceptions] == ["the disk is gone"]
    assert [record.getMessage() for record in caplog.records] == ["Row 2 could not be dealt with"]
    for_each([1, 3], work, what="Row %s could not be dealt with")


def test_every_periodic_task_is_listed_here():
    app.perform_import_paths()
    periodic = {task.task.name for task in app.periodic_registry.periodic_tasks.values()}
    ours = {
        name
        for name in periodic
        if name.startswith(("accounting.", "api.", "customers.", "files.", "mcp.", "transitions."))
    }
    assert ours == ROW_BY_ROW | ONE_STATEMENT


@pytest.mark.django_db(transaction=True)
def test_counts_of_a_base_that_cannot_be_added_up_keep_none_of_the_others(cast, monkeypatch):
    scopes = cast.scope("anna", "Zentrale"), cast.scope("sven", "Zentrale", 20800)
    for scope in scopes:
        for name in "AB":
            register_customer(customer=Customer(last_name=name), actor=scope)
    compact, broken = counts.compact_counts, scopes[0].base.pk
    monkeypatch.setattr(counts, "compact_counts", unless(compact, lambda bases: bases == [broken]))
    with pytest.raises(ExceptionGroup):
        of_customers.compact_counts.func(timestamp=0)
    assert [CustomerCount.objects.in_base(scope.base).count() for scope in scopes] == [2, 1]


def unless[R](work: Callable[..., R], is_broken: Callable[..., bool]) -> Callable[..., R]:
    """The same, but for what is broken."""

    def spoilt(*args: Any, **facts: Any) -> R:
        if is_broken(*args, **facts):
            raise OSError("the disk is gone")
        return work(*args, **facts)

    return spoilt


@pytest.mark.django_db(transaction=True)
def test_transition_whose_arrival_cannot_be_noted_keeps_none_of_the_others(cast, monkeypatch):
    """What was noted of the others is kept, too: each is a transaction of its own."""
    anna = cast.scope("anna", "Zentrale")
    consent(customer(anna, last_name="Meier"))
    transition = executed(cast)
    imported(content_of(made(transition, anna)), receiver(cast))
    assert fresh(transition).state == TransitionState.EXECUTED

    def with_a_broken_one(rows: Any, work: Any, *, what: str) -> None:
        for_each([transition.pk, "broken", *rows], work, what=what)

    monkeypatch.setattr(importing, "for_each", with_a_broken_one)
    with pytest.raises(ExceptionGroup) as group:
        note_arrivals(actor="a test")
    assert len(group.value.exceptions) == 1
    assert fresh(transition).state == TransitionState.CARRIED_OVER


def test_due_transition_without_a_place_keeps_none_of_the_others(cast, monkeypatch):
    stuck, other = (
        exit_in(cast, TransitionState.CONFIRMED),
        exit_in(cast, TransitionState.CONFIRMED, place="Hamburg", number=40300),
    )
    head = of_transitions._head
    monkeypatch.setattr(of_transitions, "_head", unless(head, lambda transition: transition.pk == stuck.pk))
    with pytest.raises(ExceptionGroup):
        of_transitions.execute_due_transitions.func(timestamp=0)
    assert [fresh(one).state for one in (stuck, other)] == [TransitionState.CONFIRMED, TransitionState.EXECUTED]


@pytest.mark.django_db(transaction=True)
def test_job_of_which_nobody_can_be_told_keeps_none_of_the_others(cast, monkeypatch):
    stalled = [
        SimpleNamespace(id=1, task_name="broken", attempts=of_mcp.MOST_ATTEMPTS, task_kwargs={}),
        SimpleNamespace(id=2, task_name="given up", attempts=of_mcp.MOST_ATTEMPTS, task_kwargs={}),
        SimpleNamespace(id=3, task_name="resumed", attempts=1, task_kwargs={}),
    ]
    seen: list[Any] = []

    class Jobs:
        async def get_stalled_jobs(self) -> list[Any]:
            return stalled

        async def finish_job(self, job: Any, *, status: Any, **more: Any) -> None:
            seen.append((job.id, status))

        async def retry_job(self, job: Any) -> None:
            seen.append((job.id, "again"))

    monkeypatch.setattr(of_mcp, "tell_given_up", unless(lambda *facts: None, lambda task, facts: task == "broken"))
    context: Any = SimpleNamespace(app=SimpleNamespace(job_manager=Jobs()))
    broken: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(of_mcp.resume_stalled_jobs.func(context, timestamp=0))
        except ExceptionGroup as group:
            broken.append(group)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [(2, Status.FAILED), (3, "again")], "who could not be told is told a minute later"
    assert len(broken) == 1


# --- given up ---------------------------------------------------------------------------------------------------


def test_every_task_that_somebody_waits_for_tells_when_it_is_given_up():
    app.perform_import_paths()
    waited_for = {name for name, task in app.tasks.items() if task.retry_strategy is AGAIN} | {"mcp.tasks.send_mail"}
    assert set(queueing._given_up) == waited_for


@pytest.fixture
def german(cast) -> User:
    User.objects.filter(username="anna").update(language="de")
    return User.objects.get(pk=cast.user("anna").pk)


def test_export_says_so(cast, german):
    anna = cast.scope("anna", "Zentrale")
    order = Order(profile="excel-de", columns=("last_name",), language="de", filter_words="")
    export = files.demand_export(order=order, query="", total=1, actor=anna)
    tell_given_up("customers.exports.tasks.make_export", {"export": str(export.pk), **for_somebody(anna)})
    told = CustomerExport.objects.get(pk=export.pk)
    assert (told.state, "aufgegeben" in read(told.failure, "de")) == ("failed", True)


def test_package_says_so(cast, german):
    package = Package.objects.get(transition=exit_in(cast, TransitionState.EXECUTED))
    Package.objects.filter(pk=package.pk).update(state=FileState.RUNNING)
    tell_given_up("transitions.package.tasks.make_package", {"package": str(package.pk)})
    package.refresh_from_db()
    assert (package.state, "nach mehreren Versuchen" in read(package.failure, "de")) == (FileState.FAILED, True)
    tell_given_up("transitions.package.tasks.make_package", {"package": str(package.pk)})


def test_execution_says_so_where_it_was_ordered(cast, german):
    leaving: Transition = exit_in(cast, TransitionState.CONFIRMED)
    ordered = {"transition": str(leaving.pk), **for_somebody(cast.scope("anna", "Zentrale"))}
    tell_given_up("transitions.tasks.execute_transition", ordered)
    assert "Es konnte nicht ausgeführt werden: Der Worker hat es aufgegeben" in read(last_step(leaving).told, "de")


def test_incoming_file_says_so(cast, german):
    anna = cast.scope("anna", "Zentrale")
    file = IncomingFile.objects.create(
        organization=anna.organization, base=anna.base, location=anna.location, user=german, name="x.zip", sha256="x"
    )
    tell_given_up("transitions.incoming.tasks.take_in_file", {"incoming": str(file.pk), **for_somebody(anna)})
    file.refresh_from_db()
    assert (file.state, "aufgegeben" in read(file.failure, "de")) == (FileState.FAILED, True)


def test_mail_says_so(cast, german):
    mail = Mail.objects.create(
        organization=german.organization, user=german, kind=MailKind.INVITATION, address="a@example.com", language="de"
    )
    tell_given_up("mcp.tasks.send_mail", {"mail": mail.pk})
    mail.refresh_from_db()
    assert mail.state == MailState.FAILED
    told = {}
    for language in ("en", "de"):
        with override(language):
            told[language] = mail.trouble
    assert told["en"].startswith("The worker has given it up.")
    assert told["de"] not in ("", told["en"])


def test_forgotten_password_is_logged_for_nobody_is_there_to_be_told(cast, caplog):
    attempt = LoginAttempt.objects.create(organization=cast.organization(), account_number=10400, username="anna")
    with caplog.at_level(logging.ERROR):
        tell_given_up("mcp.tasks.mail_forgotten_password", {"attempt": attempt.pk})
    assert f"login attempt {attempt.pk}" in caplog.text


@pytest.mark.parametrize("task", sorted(queueing._given_up))
def test_nothing_is_told_of_what_is_not_there_any_more(cast, task):
    """Deleted meanwhile: that is no reason to tell it again every minute."""
    missing: Any = {
        "upload": "00000000-0000-0000-0000-000000000007", "export": "00000000-0000-0000-0000-000000000007",
        "package": "00000000-0000-0000-0000-000000000007", "transition": "00000000-0000-0000-0000-000000000007",
        "incoming": "00000000-0000-0000-0000-000000000007", "change": "00000000-0000-0000-0000-000000000007",
        "mail": 999_999, "attempt": 999_999, "cycle": "00000000-0000-0000-0000-000000000007",
        "switch": "00000000-0000-0000-0000-000000000007", "decision": "00000000-0000-0000-0000-000000000007",
        "statement": "00000000-0000-0000-0000-000000000007", "run": "00000000-0000-0000-0000-000000000007",
        "file": "00000000-0000-0000-0000-000000000007", "mailing": "00000000-0000-0000-0000-000000000007",
        "bank_file": "00000000-0000-0000-0000-000000000007", "person_file": "00000000-0000-0000-0000-000000000007",
    }  # fmt: skip
    about = {
        "check_upload": "upload", "apply_upload": "upload", "undo_upload": "upload", "make_export": "export",
        "make_package": "package", "execute_transition": "transition", "review_transition": "transition",
        "count_bulk": "change", "apply_bulk": "change", "undo_bulk": "change",
        "execute_switch": "switch", "undo_switch": "switch", "decide_conflicts": "decision",
        "decide_run": "cycle", "take_in_file": "incoming", "send_mail": "mail", "mail_forgotten_password": "attempt",
        "book_sure": "statement", "issue_run": "run", "make_debit_file": "file",
        "collect_debit_file": "file", "mail_letters": "mailing", "read_bank_file": "bank_file",
        "make_person_file": "person_file",
    }[task.rpartition(".")[2]]  # fmt: skip
    somebody = {} if about in {"package", "mail", "attempt"} else for_somebody(cast.scope("anna", "Zentrale"))
    if about == "cycle":  # the node of a place has ordered it, and no person
        del somebody["user"]
    tell_given_up(task, {about: missing[about], **somebody})
    assert connection.connection is not None
