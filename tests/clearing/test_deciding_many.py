"""Many conflicts of a run are decided by the worker: in pieces, as by hand, and taken up after a kill."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from clearing import tasks
from clearing.choices import BulkChoice, BulkState, ConflictState
from clearing.conflicts import bulk
from clearing.conflicts.deciding import take_over, undo
from clearing.models import BulkDecision, Conflict, Cycle
from customers.models import Customer
from locations.permissions import Right
from mcp.isolation import grants
from mcp.isolation.scope import MissingRight
from mcp.worker.somebody import for_somebody
from tests.clearing.conflicting import both_changed, node
from tests.conftest import logged_in
from tests.customers.people import customer
from tests.worker import jobs

TAKE_OVER = BulkChoice.TAKE_OVER


@pytest.fixture
def anna(cast) -> Any:
    return cast.scope("anna", "Lübeck")


@pytest.fixture
def run(anna, monkeypatch) -> Cycle:
    """Seven conflicts, of which the third is refused by a rule; three are too many for a browser, two are a piece."""
    monkeypatch.setattr(bulk, "AT_ONCE", dict.fromkeys(BulkChoice, 3))
    monkeypatch.setattr(bulk, "PIECE", dict.fromkeys(BulkChoice, 2))
    made = Cycle.objects.create(base=anna.base, node=node(anna), number=7, state="arriving")
    for place in range(7):
        row = customer(anna, last_name=f"Muster{place}", city="Lübeck")
        lost: dict[str, Any] = {"tags": ("Fehlt",)} if place == 2 else {"city": "Kiel"}
        both_changed(anna, row, before={}, lost=lost)
    Conflict.objects.in_base(anna.base).update(cycle=made)
    return made


def states() -> list[str]:
    return list(Conflict.objects.order_by("happened_at", "id").values_list("state", flat=True))


def ordered(run: Cycle, actor: Any, choice: BulkChoice = TAKE_OVER) -> BulkDecision:
    found = bulk.decide_run(run=run.pk, choice=choice, actor=actor)
    assert isinstance(found, BulkDecision)
    return found


def work(order: BulkDecision, actor: Any) -> BulkDecision:
    tasks.decide_conflicts(str(order.pk), **for_somebody(actor))
    order.refresh_from_db()
    return order


@pytest.mark.django_db
def test_what_is_too_much_for_a_browser_the_worker_decides_and_the_page_tells(anna, run):
    page, browser = f"/10400/4/clearing/conflict/run/{run.pk}/", logged_in("anna")
    assert browser.post(page, {"choice": "take_over"})["Location"] == page
    assert states() == ["open"] * 7
    assert jobs(bulk.TASK) == [("todo", 0)]
    shown = browser.get(page)
    assert (shown["Refresh"], b"are being decided" in shown.content, b'name="choice"' in shown.content) == (
        "2", True, False,
    )  # fmt: skip
    assert b"being decided already" in browser.post(page, {"choice": "take_over"}, follow=True).content
    order = work(BulkDecision.objects.get(), anna)
    assert (order.state, order.decided, order.refused, order.total) == (BulkState.DONE, 6, 1, 7)
    assert sorted(states()) == ["open", *["restored"] * 6]
    assert Customer.objects.in_base(anna.base).filter(city="Kiel").count() == 6
    shown = browser.get(page)
    assert "Refresh" not in shown
    for word in (b"6 conflicts are decided.", b"1 conflict stays open", b'name="choice"'):
        assert word in shown.content
    for one in Conflict.objects.filter(state="restored"):
        undo(conflict=one.pk, actor=anna)
    assert states() == ["open"] * 7
    assert not Customer.objects.in_base(anna.base).filter(city="Kiel").exists()


@pytest.mark.django_db
def test_a_killed_worker_is_followed_by_one_that_goes_on_behind_it(anna, run, monkeypatch):
    class Killed(BaseException):
        pass

    order, calls = ordered(run, anna), list[Any]()

    def dies(**said: Any) -> Any:
        calls.append(said)
        if len(calls) == 4:
            raise Killed
        return take_over(**said)

    with monkeypatch.context() as patch:
        patch.setattr(bulk, "take_over", dies)
        with pytest.raises(Killed), transaction.atomic():
            work(order, anna)
    # The piece that was under way is rolled back in its own transaction; here those before are part of it.
    assert states() == ["open"] * 7
    with monkeypatch.context() as patch:
        patch.setattr(bulk, "_work_on", lambda pk, actor: False)
        work(order, anna)
    assert bulk._work_on(str(order.pk), anna)
    order.refresh_from_db()
    assert (order.state, order.decided + order.refused) == (BulkState.DECIDING, 2)
    assert work(order, anna).decided == 6
    before = states()
    assert work(order, anna).decided == 6
    assert states() == before


@pytest.mark.django_db
def test_it_is_cancelled_and_keeps_what_was_decided(anna, run):
    order = ordered(run, anna, BulkChoice.LEAVE)
    assert bulk._work_on(str(order.pk), anna)
    bulk.cancel(run=run.pk, actor=anna)
    assert work(order, anna).state == BulkState.CANCELLED
    assert states().count(ConflictState.DISMISSED) == 2
    assert work(ordered(run, anna, BulkChoice.LEAVE), anna).decided == 5


@pytest.mark.django_db
def test_a_right_that_was_taken_away_ends_it_and_the_page_says_which(cast, run):
    group, place = cast.group("Lübeck"), cast.location("Lübeck")
    rights = [(right, place.pk) for right in (Right.RESOLVE_CONFLICTS, Right.VIEW_CUSTOMERS, Right.CHANGE_CUSTOMERS)]
    grants.add_grants(group, rights)
    dirk = cast.scope("dirk", "Lübeck")
    order = ordered(run, dirk)
    grants.remove_grants(group, [rights[0]])
    with pytest.raises(MissingRight):
        bulk._work_on(str(order.pk), dirk)  # the rights of this scope are those of before
    assert work(order, dirk).state == BulkState.FAILED
    assert "Resolve conflicts" in str(order.failure) or "conflict" in str(order.failure).lower()
    assert states() == ["open"] * 7


@pytest.mark.django_db
def test_only_one_order_of_a_run_is_under_way_and_its_end_is_settled(anna, run):
    order = ordered(run, anna)
    with pytest.raises(IntegrityError), transaction.atomic():
        BulkDecision.objects.create(
            organization=anna.organization, base=anna.base, location=anna.location, cycle=run, choice="leave"
        )
    work(order, anna)
    for values in ({"decided": 99}, {"state": BulkState.DECIDING}, {"choice": "leave"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            BulkDecision.objects.filter(pk=order.pk).update(**values)
