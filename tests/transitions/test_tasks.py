"""What the worker does by itself on the day."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.customers.people import customer
from tests.transitions.moving import exit_in, fresh, join_in, last_step
from transitions import operations, tasks
from transitions.choices import TransitionState


def run():
    tasks.execute_due_transitions.func(timestamp=0)


def test_what_is_due_is_executed_in_its_name(cast):
    leaving, joining = (
        exit_in(cast, TransitionState.CONFIRMED),
        join_in(cast, TransitionState.CONFIRMED, client_number=8),
    )
    run()
    assert [fresh(one).state for one in (leaving, joining)] == [TransitionState.EXECUTED] * 2
    assert last_step(leaving).user_name == tasks.WORKER


def test_what_is_not_confirmed_or_not_due_waits(cast):
    reviewed, later = (
        exit_in(cast, TransitionState.REVIEWED),
        exit_in(cast, TransitionState.CONFIRMED, place="Hamburg", number=40300),
    )
    tomorrow = timezone.localdate() + timedelta(days=1)
    operations.move_day(transition=later, planned_for=tomorrow, actor=cast.scope("anna", "Zentrale"))
    run()
    assert [fresh(one).state for one in (reviewed, later)] == [TransitionState.REVIEWED, TransitionState.CONFIRMED]


def test_run_again_does_nothing(cast):
    leaving = exit_in(cast, TransitionState.CONFIRMED)
    run()
    steps = leaving.steps.count()
    run()
    assert leaving.steps.count() == steps


def test_refusal_is_told_on_the_page_once_and_hinders_nobody_else(cast, caplog):
    stuck = exit_in(cast, TransitionState.CONFIRMED)
    customer(cast.system("Flensburg", 40200))
    other = exit_in(cast, TransitionState.CONFIRMED, place="Hamburg", number=40300)
    with caplog.at_level(logging.WARNING, logger="transitions.tasks"):
        run()
        run()
    assert fresh(other).state == TransitionState.EXECUTED
    assert fresh(stuck).state == TransitionState.CONFIRMED
    told = [step.remark for step in stuck.steps.filter(user_name=tasks.WORKER)]
    assert len(told) == 1
    assert "has customers already" in told[0]
    assert [record.levelname for record in caplog.records if record.name == "transitions.tasks"] == ["WARNING"] * 2


def test_whatever_breaks_is_logged_and_told_without_its_words(cast, monkeypatch, caplog):
    stuck = exit_in(cast, TransitionState.CONFIRMED)
    monkeypatch.setattr(tasks, "execute", lambda **given: 1 / 0)
    run()
    assert "ZeroDivisionError" in caplog.text
    assert "division" not in last_step(stuck).remark
    assert fresh(stuck).state == TransitionState.CONFIRMED


@pytest.mark.parametrize("hour", [0, 23])
def test_day_is_that_of_the_business(cast, monkeypatch, hour):
    """From midnight on by the clock of the business, whatever the day is elsewhere."""
    leaving = exit_in(cast, TransitionState.CONFIRMED)
    day = timezone.localtime().replace(hour=hour, minute=30)
    monkeypatch.setattr(timezone, "now", lambda: day)
    run()
    assert fresh(leaving).state == TransitionState.EXECUTED
