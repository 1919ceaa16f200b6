"""A worker that is killed in a bulk change or in undoing one: nothing of it is there, and the next one does it all."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from customers.bulk import changing
from customers.bulk.changing import Wish
from customers.choices import BulkKind, BulkState
from customers.models import BulkChange, Customer
from customers.selection.selecting import select
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.worker.somebody import for_somebody
from tests.customers import people
from tests.isolation.faults.points import killed_at
from tests.isolation.faults.warm import Warm, Work
from tests.proofs.sampling import Sample

pytestmark = [pytest.mark.isolation, pytest.mark.django_db(transaction=True)]

POINTS = ("customers_customer", "customers_customerevent", "customers_bulkchange")
"""The tables that it writes, in which a worker is killed."""


def begin(warm: Warm, task: str, change: BulkChange, scope: Scope) -> Work:
    return warm.begin(f"customers.bulk.tasks.{task}", {"change": str(change.pk), **for_somebody(scope)})


def confirmed(scope: Scope) -> BulkChange:
    with row_scope.rows_of(scope):
        people.customers(scope, 120)
        wish, found = Wish(kind=BulkKind.ADD_TAG, tag=people.tag(scope, "VIP")), select(scope, "")
        change = changing.propose(wish=wish, query="", chosen=found, shown=None, actor=scope)
        changing.count(change=change, chosen=found, actor=scope)
        changing.confirm(change=change, seen="120", actor=scope)
    return change


def seen(scope: Scope) -> list[Any]:
    with row_scope.rows_of(scope):
        return [*Customer.objects.order_by("pk").values_list("pk", "tags"), BulkChange.objects.get().state]


@pytest.mark.sample("workers killed and web processes", most=2)
@pytest.mark.about("customers/bulk/changing.py", "customers/bulk/rows.py", "customers/bulk/tasks.py")
def test_a_killed_worker_leaves_nothing_half_done(cast, warm: Warm, sample: Sample):
    anna = cast.scope("anna", "Zentrale")
    change = confirmed(anna)
    before = seen(anna)
    for point in sample.part(POINTS, of=3):
        killed_at(point, partial(begin, warm, "apply_bulk", change, anna))
        assert seen(anna) == before
    for _time in ("after the kills", "once more, although it is done"):
        begin(warm, "apply_bulk", change, anna).finish()
        assert seen(anna) == [*((pk, ["VIP"]) for pk, _tags in before[:-1]), BulkState.APPLIED]
    with row_scope.rows_of(anna):
        changing.start_undo(change=change, actor=anna)
    applied = seen(anna)
    for point in sample.part(POINTS, of=3):
        killed_at(point, partial(begin, warm, "undo_bulk", change, anna))
        assert seen(anna) == applied
    begin(warm, "undo_bulk", change, anna).finish()
    assert seen(anna) == [*before[:-1], BulkState.UNDONE]
