"""A worker that is killed while a location leaves: it has left as a whole, or it is still there as a whole."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from typing import Any

import pytest
from django.db import connection

from customers.filling import fill
from locations.operations import Place
from mcp import operations as central
from mcp import row_security
from mcp.models import Membership, User
from tests.conftest import Cast
from tests.isolation.faults.servers import variables
from tests.isolation.faults.test_killed_imports import finish, let_the_database_notice
from tests.transitions.moving import business, exit_in, fresh
from transitions.choices import State
from transitions.models import Package, Transition, TransitionCustomer, TransitionStep

pytestmark = [pytest.mark.isolation, pytest.mark.django_db(transaction=True)]

CUSTOMERS, KILLS = 3_000, 12
STEPS = (
    ("transitions.deciding", "fix"),
    ("locations.operations", "close_location"),
    ("mcp.operations", "let_people_go"),
    ("locations.operations", "reopen_location"),
    ("transitions.operations.executing", "take_step"),
    ("transitions.operations.executing", "request_package"),
)
_WORK = """
import importlib, os, signal, sys
import django
django.setup()
from transitions import tasks
if len(sys.argv) > 1:
    module, name, when = importlib.import_module(sys.argv[1]), sys.argv[2], sys.argv[3]
    real = getattr(module, name)
    def killing(*args, **given):
        if when == "after":
            real(*args, **given)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(module, name, killing)
print("ready", flush=True)
tasks.execute_due_transitions.func(timestamp=0)
"""


def begin(*arguments: str) -> subprocess.Popen[str]:
    """A worker that has just begun to look for what is due."""
    command = [sys.executable, "-c", _WORK, *arguments]
    worker = subprocess.Popen(command, env=variables(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    if worker.stdout.readline() != "ready\n":
        raise AssertionError(worker.communicate()[1])
    return worker


def seen(transition: Transition) -> tuple[Any, ...]:
    """Everything that an execution leaves."""
    location = fresh(transition).location
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name LIKE '%%package'")
        [jobs] = cursor.fetchone()
    return (
        fresh(transition).state, location.closed_at is not None, Membership.objects.count(),
        User.objects.filter(is_active=True).count(), TransitionCustomer.objects.count(),
        TransitionStep.objects.count(), Package.objects.count(), jobs,
        business(fresh(transition).receiver_account or 0).closed_at is None,
    )  # fmt: skip


def leaving(cast: Cast, number: int) -> Transition:
    """A branch of its own, with somebody who works there, confirmed and due today."""
    place = central.open_branch(place=Place(name=f"Filiale {number}"), actor=cast.system("Zentrale"))
    central.create_user(
        user=User(username=f"kraft-{number}", location=place), password="Sauerteig-und-Butter-7",
        actor=cast.system("Zentrale"),
    )  # fmt: skip
    return exit_in(cast, State.CONFIRMED, place=place.name, number=50_000 + number)


@pytest.fixture
def customers(cast) -> None:
    with row_security.rows_of(cast.system("Zentrale")):
        for _done in fill(count=CUSTOMERS, actor=cast.system("Zentrale")):
            pass


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("module", "name"), STEPS, ids=[name for _module, name in STEPS])
def test_killed_between_two_steps_nothing_has_happened(cast, module, name, when):
    transition = exit_in(cast, State.CONFIRMED)
    before = seen(transition)
    worker = begin(module, name, when)
    worker.communicate(timeout=60)
    assert worker.returncode == -signal.SIGKILL
    let_the_database_notice()
    assert seen(transition) == before
    finish(begin())
    assert fresh(transition).state == State.EXECUTED


def test_killed_at_any_moment_it_is_all_or_nothing(cast, customers, note):
    chance, number = random.Random(6), 1
    transition = leaving(cast, number)
    worker, started = begin(), time.perf_counter()
    finish(worker)
    seconds = time.perf_counter() - started
    assert fresh(transition).state == State.EXECUTED
    landed = 0
    for _kill in range(KILLS):
        if fresh(transition).state == State.EXECUTED:
            number += 1
            transition = leaving(cast, number)
        before = seen(transition)
        worker = begin()
        time.sleep(chance.uniform(0, seconds))
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
        let_the_database_notice()
        now = seen(transition)
        if now != before:
            landed += 1
            assert now[:2] == (State.EXECUTED, True)
            assert now[4] == before[4] + CUSTOMERS
            assert now[5:] == (before[5] + 1, before[6] + 1, before[7] + 1, True)
    finish(begin())
    assert fresh(transition).state == State.EXECUTED
    note(f"{KILLS} workers killed while a location leaves ({landed} had just finished), 0 left anything half done")
