"""Whoever writes customers of a base 1.0 takes its counter before he locks one, and so never waits for himself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from customers.cards.operations import assign_card
from customers.edit_side import EditedAtOtherSide
from customers.models import Customer, RevisionCounter, Tag
from customers.operations import archive_customers, change_customer, register_customer, save_tag
from customers.write_order import take_order, tell_reconciling
from locations.choices import EditSide
from mcp.central.operations import choose_edit_side
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.conftest import Cast
from tests.customers.people import customer, says, tag
from tests.customers.sides import with_node

TURNS = 50
_WAITS = "SELECT cardinality(pg_blocking_pids(%s)) > 0"


@pytest.fixture
def anna(cast) -> Scope:
    scope: Scope = cast.scope("anna", "Lübeck")
    return scope


class Writer(threading.Thread):
    """Does it in a transaction of his own; `code` is that of the refusal, or blank."""

    def __init__(self, scope: Scope, doing: Callable[[], Any], lock_timeout: str = "0") -> None:
        super().__init__()
        self._scope, self._doing, self._patience = scope, doing, lock_timeout
        self.code, self.refusal, self.pid, self.began = "", "", 0, threading.Event()

    def run(self) -> None:
        try:
            with row_scope.rows_of(self._scope), connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid(), set_config('lock_timeout', %s, true)", [self._patience])
                self.pid = cursor.fetchone()[0]
                self.began.set()
                self._doing()
        except ValidationError as refusal:
            self.code, self.refusal = str(refusal.error_list[0].code), type(refusal).__name__
        except Exception as failure:
            self.code = repr(failure)
        finally:
            self.began.set()
            connection.close()

    def is_waiting(self) -> bool:
        """Whether he waits for a lock; asked again and again until he does, or is done."""
        assert self.began.wait(30)
        while self.is_alive():
            with connection.cursor() as cursor:
                cursor.execute(_WAITS, [self.pid])
                if cursor.fetchone()[0]:
                    return True
        return False


def told(scope: Scope, doings: list[Callable[[], Any]]) -> list[str]:
    """By which refusals they end who do this and wait for nobody."""
    writers = [Writer(scope, doing, lock_timeout="20ms") for doing in doings]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.code for writer in writers] == ["busy"] * len(doings)
    return [writer.refusal for writer in writers]


@contextmanager
def reconciling(scope: Scope) -> Iterator[None]:
    """A transaction of a reconciliation that has locked the order of changes."""
    with row_scope.rows_of_clearing(scope):
        RevisionCounter.objects.select_for_update().get(base=scope.base)
        yield


def of(row: Customer) -> Customer:
    return Customer.objects.get(pk=row.pk)


@pytest.mark.django_db(transaction=True)
def test_writer_and_reconciliation_never_wait_for_each_other(anna):
    """It holds the counter; when somebody waits for that, it wants the customer whom he is about to write."""
    vip = tag(anna, "VIP")
    row = customer(anna, last_name="Muster", tags=["VIP"])

    def renamed() -> Tag:
        stored = Tag.objects.get(pk=vip.pk)
        stored.name = "Gut" if stored.name == "VIP" else "VIP"
        vip.pk = save_tag(tag=stored, actor=anna).pk
        return vip

    writers = [
        lambda: change_customer(customer=of(row), actor=anna),
        lambda: archive_customers(customers=[row.pk], reason="Verzogen", actor=anna),
        lambda: says(anna, row, "newsletter", is_given=False),
        renamed,
        lambda: register_customer(customer=Customer(last_name="Neu"), actor=anna),
    ]
    for turn in range(TURNS):
        writer = Writer(anna, writers[turn % len(writers)])
        with reconciling(anna):
            writer.start()
            assert writer.is_waiting()
            Customer.objects.filter(pk=row.pk).update(city=f"Ort {turn}", archived_at=None, archived_reason="")
        writer.join()
        assert writer.code == "", turn
    assert of(row).city == f"Ort {TURNS - 1}"


@pytest.mark.django_db(transaction=True)
def test_whoever_waits_too_long_is_told_that_somebody_else_is_writing(anna):
    row = customer(anna, last_name="Muster")
    doings = [
        lambda: register_customer(customer=Customer(last_name="Neu"), actor=anna),
        lambda: change_customer(customer=of(row), actor=anna),
        lambda: archive_customers(customers=[row.pk], reason="Verzogen", actor=anna),
        lambda: says(anna, row, "newsletter", is_given=True),
        lambda: assign_card(customer=row.pk, number="1", actor=anna),
    ]
    with reconciling(anna):
        assert told(anna, doings) == ["Busy"] * len(doings)
        tell_reconciling(anna.base)
        assert told(anna, doings) == ["Reconciling"] * len(doings)


@pytest.mark.django_db(transaction=True)
def test_side_is_changed_when_what_is_being_written_is_done_and_not_before(anna):
    with_node(anna.base, EditSide.CENTRAL)
    luebeck, open_form = Cast().location("Lübeck"), Cast().scope("anna", "Lübeck")

    def choose() -> None:
        choose_edit_side(location=luebeck, side=EditSide.BRANCH, actor=open_form)

    with row_scope.rows_of(anna):
        register_customer(customer=Customer(last_name="Neu"), actor=anna)
        hasty, patient = Writer(open_form, choose, lock_timeout="20ms"), Writer(open_form, choose)
        hasty.start()
        hasty.join()
        patient.start()
        assert patient.is_waiting()
    patient.join()
    assert (hasty.code, patient.code) == ("busy", "")
    with row_scope.rows_of(open_form), pytest.raises(EditedAtOtherSide):
        register_customer(customer=Customer(last_name="Noch einer"), actor=open_form)
    assert list(Customer.objects.in_base(anna.base).values_list("last_name", flat=True)) == ["Neu"]


@pytest.mark.django_db
def test_base_2_0_asks_nothing_and_an_offline_one_two_things(cast, anna, django_assert_num_queries):
    shared = cast.scope("anna", "Hamburg").base
    with django_assert_num_queries(0):
        take_order(shared)
    customer(anna, last_name="Muster")
    with django_assert_num_queries(2), transaction.atomic():
        take_order(anna.base)


@pytest.mark.django_db
def test_first_order_of_a_base_makes_its_counter(anna):
    assert not RevisionCounter.objects.filter(base=anna.base).exists()
    take_order(anna.base)
    assert RevisionCounter.objects.get(base=anna.base).sequence == 0
