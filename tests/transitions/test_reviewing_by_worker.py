"""Reviewing a large base: the worker does it, for whoever has asked, and the page says how far it is."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from customers.models import Customer
from locations.permissions import Right
from mcp.isolation import grants
from mcp.isolation.scope import MissingRight, Scope
from mcp.models import User, UserGroup
from mcp.worker.queueing import tell_given_up
from tests.customers.people import customer
from tests.transitions.moving import exit_in, fresh, last_step, say
from transitions import deciding, operations, tasks
from transitions.choices import Reason, TransitionState
from transitions.models import ReviewPage, Transition
from transitions.operations import NotThisStep, ordering

CENTRAL = "/10400/1/transitions/transition/"


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def numbered(cast, anna, monkeypatch) -> Transition:
    """At a base of two, where one is many; one of them is carried over."""
    say(customer(anna, last_name="Meier"))
    customer(anna, last_name="Schulz")
    monkeypatch.setattr(ordering, "DIRECT_CUSTOMERS", 1)
    return exit_in(cast, TransitionState.NUMBERED)


def order(log_in: Any, transition: Transition, **said: str) -> Any:
    return log_in("anna").post(f"{CENTRAL}{transition.pk}/step/", {"step": "review", **said}, follow=True)


def jobs() -> list[dict[str, Any]]:
    return [job.args for job in ProcrastinateJob.objects.filter(task_name=ordering.REVIEW).order_by("id")]


def work() -> None:
    tasks.review_transition.func(**jobs()[-1])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'succeeded' WHERE task_name = %s", [ordering.REVIEW])


def test_small_base_is_reviewed_while_one_waits(log_in, numbered, monkeypatch):
    monkeypatch.setattr(ordering, "DIRECT_CUSTOMERS", 2)
    order(log_in, numbered)
    assert (fresh(numbered).state, jobs()) == (TransitionState.REVIEWED, [])


def test_large_base_is_left_to_the_worker_and_the_page_shows_it(log_in, numbered, anna):
    text = order(log_in, numbered).content.decode()
    assert fresh(numbered).state == TransitionState.NUMBERED
    assert "The worker finds out who would be carried over." in text
    assert f'hx-get="{CENTRAL}{numbered.pk}/?under_way=todo"' in text
    assert 'value="review"' not in text
    assert 'value="cancel"' in text
    work()
    reviewed = fresh(numbered)
    assert (reviewed.state, reviewed.is_narrowed, last_step(numbered).user_name) == (
        TransitionState.REVIEWED, False, "Anna Andresen",
    )  # fmt: skip
    assert reviewed.review is not None
    assert (reviewed.review["carried"], reviewed.review["left_out"]) == (1, 1)
    assert 'value="ground"' in log_in("anna").get(f"{CENTRAL}{numbered.pk}/").content.decode()


def test_choice_reaches_the_worker(log_in, numbered):
    order(log_in, numbered, is_narrowed="on")
    work()
    assert fresh(numbered).is_narrowed is True


def test_two_people_at_once_order_it_once(log_in, numbered, anna):
    order(log_in, numbered)
    with pytest.raises(ValidationError, match="being reviewed already"):
        operations.review_now(transition=numbered, is_narrowed=True, actor=anna)
    assert len(jobs()) == 1


def test_worker_that_comes_twice_does_nothing_more(log_in, numbered, anna):
    order(log_in, numbered)
    work()
    steps = numbered.steps.count()
    tasks.review_transition.func(**jobs()[0])
    assert numbered.steps.count() == steps
    with pytest.raises(NotThisStep):
        operations.review(transition=numbered, is_narrowed=False, actor=anna)


def test_right_is_asked_for_at_once_and_again_by_the_worker(cast, log_in, numbered, anna):
    with pytest.raises(MissingRight):
        operations.review_now(transition=numbered, is_narrowed=True, actor=cast.scope("frida", "Flensburg"))
    order(log_in, numbered)
    central = UserGroup.objects.get(name="Zentralverwaltung", organization=anna.organization)
    grants.remove_grants(central, [(Right.CARRY_OVER, None)])
    work()
    assert fresh(numbered).state == TransitionState.NUMBERED
    assert "fehlt die Berechtigung" in last_step(numbered).remark  # in the language of whoever has asked


def test_other_business_is_not_reached_by_the_worker(cast, log_in, numbered):
    order(log_in, numbered)
    theirs = {**jobs()[0], "user": cast.user("sven").pk, "account_number": 20800, "client_number": 1}
    with pytest.raises(Exception, match="There is no transition"):
        tasks.review_transition.func(**theirs)
    assert fresh(numbered).state == TransitionState.NUMBERED


@pytest.mark.parametrize("reason", ["broke", "given up", "nobody"])
def test_what_goes_wrong_is_told_on_the_page_and_it_can_be_ordered_again(log_in, numbered, monkeypatch, reason):
    order(log_in, numbered)
    if reason == "given up":
        with connection.cursor() as cursor:
            cursor.execute("UPDATE procrastinate_jobs SET status = 'failed' WHERE task_name = %s", [ordering.REVIEW])
        tell_given_up(ordering.REVIEW, jobs()[0])
        words = "Der Worker hat es aufgegeben"
    elif reason == "nobody":
        User.objects.filter(username="anna").update(is_active=False)
        work()
        User.objects.filter(username="anna").update(is_active=True)
        words = "darf an diesem Standort nicht mehr arbeiten"
    else:
        monkeypatch.setattr(tasks, "review", lambda **_facts: 1 / 0)
        work()
        words = "Es ist abgebrochen"
    note = last_step(numbered).remark
    assert "konnte nicht geprüft werden" in note
    assert words in note
    assert 'value="review"' in log_in("anna").get(f"{CENTRAL}{numbered.pk}/").content.decode()


def test_pages_list_what_the_review_has_found_and_not_what_came_later(cast, log_in, numbered, anna):
    order(log_in, numbered)
    work()
    late = customer(anna, last_name="Spät")
    reviewed = fresh(numbered)
    listed = deciding.listed(transition=reviewed, reason=Reason.NO_CONSENT, page=1, actor=anna)
    assert [one.customer.last_name for one in listed if one.customer] == ["Schulz"]
    assert late.customer_number not in [one.number for one in listed]


def test_pages_go_with_the_review(log_in, numbered, anna):
    order(log_in, numbered)
    work()
    assert ReviewPage.objects.filter(transition=numbered).count() == 2
    operations.review_again(transition=numbered, actor=anna)
    assert not ReviewPage.objects.exists()


def test_pages_hold_fifty_each(cast, anna, numbered):
    Customer.objects.bulk_create(
        Customer(organization=anna.organization, base=anna.base, customer_number=number, last_name="Gast")
        for number in range(1001, 1100)
    )
    operations.review(transition=numbered, is_narrowed=False, actor=anna)
    silent = [
        deciding.listed(transition=fresh(numbered), reason=Reason.NO_CONSENT, page=page, actor=anna)
        for page in (1, 2, 3)
    ]
    assert [len(page) for page in silent] == [50, 50, 0]
    numbers = [one.number for page in silent for one in page]
    assert numbers == sorted(numbers)
