"""Whatever is recorded before the execution counts, also where it is committed after it has begun."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import contextmanager

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from customers.choices import TRANSFER
from customers.consents.operations import record_consent
from customers.models import Consent, Customer
from customers.triggers.open_statements import quiet_moment
from tests.customers.people import customer
from tests.transitions.moving import exit_in, fresh, say
from transitions import operations
from transitions.choices import TransitionState
from transitions.models import TransitionCustomer

pytestmark = pytest.mark.django_db(transaction=True)
OPEN = 2.0


@contextmanager
def meanwhile(write: Callable[[], object], *, seconds: float = OPEN):
    """Another session has written and does not commit for a while."""
    written, failed = threading.Event(), []

    def run() -> None:
        try:
            with transaction.atomic():
                write()
                written.set()
                time.sleep(seconds)
        except Exception as error:
            failed.append(error)
            written.set()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    written.wait()
    try:
        yield
    finally:
        thread.join()
        assert failed == []


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def people(anna, cast):
    made = [customer(anna, last_name=f"Gast {n}", home_location=cast.location("Flensburg")) for n in range(5)]
    for one in made:
        say(one)
    return made


def carried(transition) -> set[int]:
    kept = TransitionCustomer.objects.filter(transition=transition, reason="", customer_id__isnull=False)
    return {int(pk) for pk in kept.values_list("customer_id", flat=True) if pk}


def withdraw(one, actor):
    record_consent(customers=[one.pk], purpose=TRANSFER, is_given=False, at=None, source="form", actor=actor)


@pytest.mark.parametrize(
    "change",
    [
        lambda one, anna: withdraw(one, anna),
        lambda one, anna: say(one, is_given=False, days_ago=0.5),
        lambda one, anna: Customer.objects.filter(pk=one.pk).update(is_blocked=True),
        lambda one, anna: Customer.objects.filter(pk=one.pk).update(archived_at=timezone.now(), archived_reason="x"),
    ],
    ids=["withdrawn", "withdrawn before", "blocked", "archived"],
)
def test_what_is_recorded_and_not_yet_committed_counts(cast, anna, people, change):
    leaving = exit_in(cast, TransitionState.CONFIRMED)
    with meanwhile(lambda: change(people[0], anna)):
        begun = time.monotonic()
        operations.execute(transition=leaving, at=timezone.now(), actor=anna)
        assert time.monotonic() - begun > OPEN / 2
    assert carried(leaving) == {one.pk for one in people[1:]}


def test_whoever_does_not_end_stops_the_execution_and_nothing_is_done(cast, anna, people):
    leaving = exit_in(cast, TransitionState.CONFIRMED)
    with (
        meanwhile(lambda: withdraw(people[0], anna), seconds=3),
        pytest.raises(ValidationError) as refused,
    ):
        operations.execute(transition=leaving, at=timezone.now(), patience=0.5, actor=anna)
    assert refused.value.code == "still_recording"
    assert fresh(leaving).state == TransitionState.CONFIRMED


def test_another_base_is_not_waited_for_and_nobody_is_held_up(cast, anna, people):
    sven = cast.scope("sven", "Zentrale", 20800)
    stranger = customer(sven, last_name="Fremd")
    with meanwhile(lambda: withdraw(stranger, sven)), transaction.atomic():
        begun = time.monotonic()
        quiet_moment(anna.base.pk, seconds=5)
        with meanwhile(lambda: withdraw(people[0], anna), seconds=0):  # the moment is over, the transaction is not
            assert time.monotonic() - begun < OPEN / 2


def test_what_is_recorded_up_to_the_execution_is_seen_by_it_however_many_write(cast, anna, people):
    """Four sessions withdraw and give without a pause; the moment of the execution divides them without a rest."""
    leaving, is_over = exit_in(cast, TransitionState.CONFIRMED), threading.Event()
    place = leaving.location

    def write(number: int) -> None:
        is_given = False
        while not is_over.is_set():
            with transaction.atomic():
                args = {"purpose": TRANSFER, "is_given": is_given, "at": None, "source": "form", "actor": anna}
                record_consent(customers=[people[number].pk], receiver=40200, **args)
                time.sleep(0.02)
            is_given = not is_given
        connection.close()

    threads = [threading.Thread(target=write, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    operations.execute(transition=leaving, at=timezone.now(), actor=anna)
    time.sleep(0.3)
    is_over.set()
    for thread in threads:
        thread.join()
    moment = fresh(leaving).executed_at
    assert moment is not None
    known = Consent.objects.filter(recorded_at__lte=moment)
    holding = known.holding(TRANSFER, at=moment, receiver=40200, location=place)
    assert carried(leaving) == {said.customer_id for said in holding if said.is_given}
    assert Consent.objects.filter(recorded_at__gt=moment).exists()
