"""Executing a large base now: the worker does it, for whoever has ordered it, and the page says how far it is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from locations.permissions import Right
from mcp.isolation import grants
from mcp.isolation.scope import MissingRight, Scope
from mcp.models import User, UserGroup
from tests.customers.people import customer
from tests.transitions.moving import exit_in, fresh, last_step, seen_step
from transitions import operations, tasks
from transitions.choices import TransitionState
from transitions.models import Transition
from transitions.operations import ordering
from transitions.status_texts import stages

CENTRAL = "/10400/1/transitions/transition/"


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def confirmed(cast, anna, monkeypatch) -> Transition:
    """At a base of two, where one is many."""
    customer(anna, last_name="Meier")
    customer(anna, last_name="Schulz")
    monkeypatch.setattr(ordering, "DIRECT_CUSTOMERS", 1)
    return exit_in(cast, TransitionState.CONFIRMED)


def order(log_in: Any, transition: Transition) -> Any:
    said = {"step": "execute", "is_sure": "on", "seen": seen_step(transition)}
    return log_in("anna").post(f"{CENTRAL}{transition.pk}/step/", said, follow=True)


def jobs() -> list[dict[str, Any]]:
    found = ProcrastinateJob.objects.filter(task_name=ordering.EXECUTE)
    return [job.args for job in found.order_by("id")]


def begin() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE task_name = %s", [ordering.EXECUTE])


def work() -> None:
    """What the worker does with the newest job."""
    tasks.execute_transition.func(**jobs()[-1])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'succeeded' WHERE task_name = %s", [ordering.EXECUTE])


def test_small_base_is_executed_while_one_waits(log_in, confirmed, monkeypatch):
    monkeypatch.setattr(ordering, "DIRECT_CUSTOMERS", 2)
    order(log_in, confirmed)
    assert (fresh(confirmed).state, jobs()) == (TransitionState.EXECUTED, [])


def test_large_base_is_left_to_the_worker_and_the_page_shows_it(log_in, confirmed):
    shown = order(log_in, confirmed)
    assert fresh(confirmed).state == TransitionState.CONFIRMED
    text = shown.content.decode()
    assert f'hx-get="{CENTRAL}{confirmed.pk}/?under_way=todo"' in text
    assert "The worker executes it now." in text
    assert 'value="execute"' not in text
    assert 'value="cancel"' in text  # nobody has begun, perhaps because no worker lives
    begin()
    text = order(log_in, confirmed).content.decode()
    assert 'name="step"' not in text
    work()
    assert fresh(confirmed).state == TransitionState.EXECUTED
    assert last_step(confirmed).user_name == "Anna Andresen"
    assert "transition-progress" not in log_in("anna").get(f"{CENTRAL}{confirmed.pk}/").content.decode()


def test_it_is_ordered_once(log_in, confirmed, anna):
    order(log_in, confirmed)
    with pytest.raises(ValidationError, match="being executed already"):
        operations.execute_now(transition=confirmed, actor=anna)
    assert len(jobs()) == 1


def test_worker_that_comes_twice_does_nothing_more(log_in, confirmed):
    order(log_in, confirmed)
    work()
    steps = confirmed.steps.count()
    tasks.execute_transition.func(**jobs()[0])
    assert confirmed.steps.count() == steps


def test_day_has_to_have_come(confirmed, anna):
    tomorrow = timezone.localdate() + timedelta(days=1)
    operations.move_day(transition=confirmed, planned_for=tomorrow, actor=anna)
    with pytest.raises(ValidationError, match="cannot be done before"):
        operations.execute_now(transition=confirmed, actor=anna)
    assert jobs() == []


def test_right_is_asked_for_at_once_and_again_by_the_worker(cast, log_in, confirmed, anna):
    with pytest.raises(MissingRight):
        operations.execute_now(transition=confirmed, actor=cast.scope("frida", "Flensburg"))
    order(log_in, confirmed)
    central = UserGroup.objects.get(name="Zentralverwaltung", organization=anna.organization)
    grants.remove_grants(central, [(Right.CARRY_OVER, None)])
    work()
    assert fresh(confirmed).state == TransitionState.CONFIRMED
    assert "fehlt die Berechtigung" in last_step(confirmed).remark


def test_nobody_is_there_any_more(log_in, confirmed):
    order(log_in, confirmed)
    User.objects.filter(username="anna").update(is_active=False)
    work()
    assert fresh(confirmed).state == TransitionState.CONFIRMED
    assert "darf an diesem Standort nicht mehr arbeiten" in last_step(confirmed).remark


def test_refusal_is_told_and_it_can_be_ordered_again(cast, log_in, confirmed):
    customer(cast.system("Flensburg", 40200))
    order(log_in, confirmed)
    work()
    assert "hat schon Kunden" in last_step(confirmed).remark
    assert 'value="execute"' in log_in("anna").get(f"{CENTRAL}{confirmed.pk}/").content.decode()


def test_bar_names_who_has_confirmed_and_not_who_has_ordered(cast, log_in, confirmed):
    operations.move_day(transition=confirmed, planned_for=timezone.localdate(), actor=cast.system("Zentrale"))
    steps = list(confirmed.steps.all())
    assert steps[-1].user_name == "test"
    [stage] = [stage for stage in stages(fresh(confirmed), steps) if stage.is_current]
    assert stage.step is not None
    assert stage.step.user_name == "Zoe Zweite"


def asks(log_in: Any, transition: Transition, under_way: str) -> Any:
    """What the page asks every two seconds."""
    address = f"{CENTRAL}{transition.pk}/?under_way={under_way}"
    return log_in("anna").get(address, headers={"hx-request": "true"})


def test_page_is_shown_anew_once_the_worker_has_begun_and_once_he_is_done(log_in, confirmed):
    order(log_in, confirmed)
    assert 'id="transition-progress"' in asks(log_in, confirmed, "todo").content.decode()
    begin()
    assert asks(log_in, confirmed, "todo")["HX-Refresh"] == "true"
    assert 'id="transition-progress"' in asks(log_in, confirmed, "doing").content.decode()
    work()
    assert asks(log_in, confirmed, "doing")["HX-Refresh"] == "true"
