"""A worker that is killed while a location leaves: it has left as a whole, or it is still there as a whole."""

from __future__ import annotations

import signal
from typing import Any

import pytest
from django.db import connection

from customers.filling import fill
from locations.operations import Place
from mcp.central import operations as central
from mcp.isolation import row_scope
from mcp.models import Membership, User
from tests.conftest import Cast
from tests.isolation.faults.points import killed_at, let_the_database_notice
from tests.isolation.faults.warm import Call, Warm, Work
from tests.transitions.moving import business, exit_in, fresh
from transitions.choices import TransitionState
from transitions.models import Package, Transition, TransitionCustomer, TransitionStep

pytestmark = [pytest.mark.isolation, pytest.mark.django_db(transaction=True)]

CUSTOMERS = 1_000
STEPS = (
    ("transitions.deciding", "freeze"),
    ("locations.operations", "close_location"),
    ("mcp.central.operations", "let_people_go"),
    ("locations.operations", "reopen_location"),
    ("transitions.operations.executing", "take_step"),
    ("transitions.operations.executing", "request_package"),
)
POINTS = (
    "transitions_transitioncustomer", "locations_location", "mcp_user", "transitions_transition",
    "transitions_transitionstep", "transitions_package", "procrastinate_jobs",
)  # fmt: skip
"""The tables that an execution writes."""


def begin(warm: Warm, kill: Call | None = None) -> Work:
    """A worker that has just begun to look for what is due."""
    return warm.begin("transitions.tasks.execute_due_transitions", {"timestamp": 0}, kill=kill)


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
    return exit_in(cast, TransitionState.CONFIRMED, place=place.name, number=50_000 + number)


@pytest.fixture
def customers(cast) -> None:
    with row_scope.rows_of(cast.system("Zentrale")):
        for _done in fill(count=CUSTOMERS, actor=cast.system("Zentrale")):
            pass


@pytest.mark.sample("kills between steps of an execution", most=4)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("module", "name"), STEPS, ids=[name for _module, name in STEPS])
def test_killed_between_two_steps_nothing_has_happened(cast, warm: Warm, module, name, when):
    transition = exit_in(cast, TransitionState.CONFIRMED)
    before = seen(transition)
    assert begin(warm, (module, name, when)).ended() == -signal.SIGKILL
    let_the_database_notice()
    assert seen(transition) == before
    begin(warm).finish()
    assert fresh(transition).state == TransitionState.EXECUTED


@pytest.mark.sample("workers killed and web processes", most=2)
@pytest.mark.about("transitions/operations/executing.py")
def test_killed_at_any_table_it_is_all_or_nothing(cast, customers, warm: Warm, note):
    transition = leaving(cast, 1)
    before = seen(transition)
    for point in POINTS:
        killed_at(point, lambda: begin(warm))
        assert seen(transition) == before, f"half of it is there: {point}"
    begin(warm).finish()
    now = seen(transition)
    assert now[:2] == (TransitionState.EXECUTED, True)
    assert now[4] == before[4] + CUSTOMERS
    assert now[5:] == (before[5] + 1, before[6] + 1, before[7] + 1, True)
    begin(warm).finish()
    assert seen(transition) == now, "looked for once more, something else has happened"
    note(f"{len(POINTS)} workers killed while a location leaves, 0 left anything half done")
