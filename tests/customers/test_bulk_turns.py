"""Two at the same moment: bulk changes of a base take turns, also with imports, and who registers waits for none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pghistory
import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from customers.bulk import changing, rows
from customers.bulk.changing import Wish
from customers.choices import BulkKind
from customers.models import BulkChange, Customer
from customers.operations import register_customer
from customers.selection.selecting import select
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.worker.progress import Patient, Progress
from mcp.worker.task_frame import Stopped
from tests.customers import people
from tests.customers.test_import_turns import NAMES, Paused, Thread, a_preview
from tests.customers.test_import_turns import apply_as_the_worker_does as import_it

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def hamburg(cast) -> Scope:
    scope: Scope = cast.scope("anna", "Hamburg")
    with row_scope.rows_of(scope):
        people.tag(scope, "VIP")
        people.customers(scope, 4)
    return scope


def confirmed(scope: Scope) -> BulkChange:
    with row_scope.rows_of(scope):
        found, wish = select(scope, ""), Wish(kind=BulkKind.ADD_TAG, tag=scope.base.tags.get())
        change = changing.propose(wish=wish, query="", chosen=found, shown=None, actor=scope)
        changing.count(change=change, chosen=found, actor=scope)
        changing.confirm(change=change, seen=str(change.figures["change"]), actor=scope)
    return change


def apply_as_the_worker_does(change: BulkChange, scope: Scope, progress: Progress) -> None:
    with row_scope.rows_of(scope), pghistory.context(**scope.history()) as context:
        changing.apply(change=change, context=context.id, actor=scope, progress=progress)


@contextmanager
def being_applied(change: BulkChange, scope: Scope) -> Iterator[None]:
    """While the block runs, it has changed the first two and is not done."""
    paused = Paused()
    thread = Thread(lambda: apply_as_the_worker_does(change, scope, paused))
    try:
        if not paused.is_there.wait(30):
            thread.ended()
        yield
    finally:
        paused.may_end.set()
        thread.ended()


def changes_of_each(scope: Scope) -> set[int]:
    with row_scope.rows_of(scope), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM customers_customerevent WHERE pgh_label = 'update' GROUP BY pgh_obj_id")
        return {number for (number,) in cursor.fetchall()}


def test_same_change_begun_by_two_workers_is_done_once(hamburg, monkeypatch):
    monkeypatch.setattr(rows, "PIECE", 2)
    change = confirmed(hamburg)
    with being_applied(change, hamburg):
        other = Thread(lambda: apply_as_the_worker_does(change, hamburg, Patient()))
        other.join(1)
        assert other.is_alive(), "it did not wait for its turn"
    with pytest.raises(Stopped):
        other.ended()
    assert changes_of_each(hamburg) == {1}


def test_who_registers_meanwhile_waits_for_nobody_and_is_left_alone(hamburg, monkeypatch, cast):
    monkeypatch.setattr(rows, "PIECE", 2)
    change, bremen = confirmed(hamburg), cast.scope("bodo", "Bremen")
    with being_applied(change, hamburg), row_scope.rows_of(bremen):
        register_customer(customer=Customer(last_name="Eilig"), actor=bremen)
    with row_scope.rows_of(hamburg):
        assert Customer.objects.filter(tags=["VIP"]).count() == 4
        assert Customer.objects.get(last_name="Eilig").tags == []


def test_import_and_bulk_change_take_turns_and_who_waits_too_long_is_told(hamburg, monkeypatch):
    monkeypatch.setattr(rows, "PIECE", 2)
    change, upload = confirmed(hamburg), a_preview(hamburg, NAMES)
    impatient = Progress()
    impatient.patience = 0.1
    with being_applied(change, hamburg), pytest.raises(ValidationError, match="Another import or bulk change"):
        import_it(upload, hamburg, impatient)


def test_cancelled_in_the_middle_nothing_is_changed(hamburg, monkeypatch):
    monkeypatch.setattr(rows, "PIECE", 2)
    change = confirmed(hamburg)
    with pytest.raises(Stopped), being_applied(change, hamburg), row_scope.rows_of(hamburg):
        changing.cancel(change=change, actor=hamburg)
    assert changes_of_each(hamburg) == set()
