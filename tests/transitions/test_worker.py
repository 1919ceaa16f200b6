"""A transition that a real worker executes: its package is made, end to end."""

from __future__ import annotations

import json

import pytest
from django.utils import timezone

from files.choices import FileState
from files.lifecycle import is_ready
from mcp.isolation import row_scope
from mcp.worker.queueing import enqueue
from tests.conftest import Cast, as_web_role
from tests.customers.people import customer
from tests.transitions.carrying import content_of, members
from tests.transitions.moving import exit_in, fresh, join_in, say
from tests.worker import empty_queue, jobs, work
from transitions import operations
from transitions.choices import TransitionState
from transitions.models import Package, Transition
from transitions.operations import ordering
from transitions.package.lifecycle import PACKAGES, packages_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_queue(cast):
    empty_queue()
    yield
    empty_queue()


def package_of(transition: Transition) -> Package:
    [package] = packages_of(transition)
    assert package.state == FileState.DONE, package.failure
    assert is_ready(PACKAGES, package, now=timezone.now())
    return package


def carried(package: Package) -> int:
    return int(json.loads(members(content_of(package))["manifest.json"])["counts"]["customers"])


def confirmed(cast: Cast) -> Transition:
    anna = cast.scope("anna", "Zentrale")
    for name in ("Meier", "Schulz", "Weber"):
        say(customer(anna, last_name=name, home_location=cast.location("Flensburg")))
    return exit_in(cast, TransitionState.CONFIRMED)


def test_large_base_that_is_executed_now(cast, monkeypatch):
    leaving, anna = confirmed(cast), cast.scope("anna", "Zentrale")
    monkeypatch.setattr(ordering, "DIRECT_CUSTOMERS", 1)
    with as_web_role(), row_scope.rows_of(anna):
        assert operations.execute_now(transition=leaving, actor=anna).state == TransitionState.CONFIRMED
    work()
    assert fresh(leaving).state == TransitionState.EXECUTED
    assert carried(package_of(leaving)) == 3
    assert jobs(PACKAGES.task) == [("succeeded", 1)]


def test_what_is_due_is_executed_by_itself(cast):
    ines = cast.scope("ines", "Dresden", 30100)
    say(customer(ines, last_name="Lorenz"))
    leaving, joining = confirmed(cast), join_in(cast, TransitionState.CONFIRMED)
    enqueue("transitions.tasks.execute_due_transitions", timestamp=0)
    work()
    assert [fresh(one).state for one in (leaving, joining)] == [TransitionState.EXECUTED] * 2
    assert [carried(package_of(one)) for one in (leaving, joining)] == [3, 1]
