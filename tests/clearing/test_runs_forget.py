"""Runs forget who was erased, also while they are under way: a part may lose its bytes, and its hash stays."""

from __future__ import annotations

from typing import Any

import pytest

from clearing.branch.cutting import is_emptied
from clearing.choices import PartKind
from clearing.models import Conflict, Cycle, CyclePart
from clearing.protocol.parts import unpack_all
from clearing.rows import parts
from customers.erasure import erase_customer
from customers.models import Customer
from locations.choices import Side
from mcp.isolation import row_scope
from tests.clearing.test_runs import NOBODY, born
from tests.clearing.two_sides import TwoSides, at, changed


@pytest.fixture
def sides(cast, as_owner):
    return TwoSides()


def erase(sides: TwoSides, side: Side, row: Any) -> None:
    scope = sides.branch.actor if side == Side.BRANCH else sides.central
    with at(side), row_scope.rows_of(scope):
        pk = Customer.objects.in_base(scope.base).get(uid=row.uid).pk
        erase_customer(customer=pk, reason="Wunsch", actor=scope)


def kept(run: Cycle) -> list[str]:
    return sorted(CyclePart.objects.filter(cycle=run).values_list("kind", flat=True))


@pytest.mark.django_db
def test_a_run_that_was_not_decided_is_not_sent_with_who_was_erased(sides):
    gone, other = (born(sides, Side.BRANCH, last_name=name) for name in ("Weg", "Bleibt"))
    sides.run()
    changed(sides.branch.actor, Side.BRANCH, gone.uid, city="Kiel")
    sent = sides.cut()
    erase(sides, Side.BRANCH, other)
    assert kept(sent) == [PartKind.SENT]
    erase(sides, Side.BRANCH, gone)
    sent.refresh_from_db()
    assert (kept(sent), len(sent.sent), is_emptied(sent)) == ([], 1, True)


@pytest.mark.django_db
def test_an_answer_is_applied_after_what_was_sent_is_gone_and_nobody_comes_back(sides):
    gone, other = (born(sides, Side.BRANCH, last_name=name) for name in ("Weg", "Bleibt"))
    sent = sides.cut()
    decided = sides.decide(sent)
    erase(sides, Side.BRANCH, gone)
    sides.apply(sent, decided)
    assert kept(sent) == []
    assert sides.versions(sides.branch.base).keys() == {other.uid}
    assert sides.run()["applied"] == 1
    assert sides.agree()
    assert sides.versions(sides.central.base).keys() == {other.uid}
    assert sides.run() == NOBODY


@pytest.mark.django_db
def test_at_the_central_only_parts_that_hold_him_go(sides):
    gone, other = (born(sides, Side.BRANCH, last_name=name) for name in ("Weg", "Bleibt"))
    sides.run()
    changed(sides.branch.actor, Side.BRANCH, other.uid, city="Kiel")
    decided = sides.decide(sides.cut())
    assert kept(decided) == [PartKind.ANSWER, PartKind.SENT]
    erase(sides, Side.CENTRAL, gone)
    assert kept(decided) == [PartKind.ANSWER, PartKind.SENT]
    erase(sides, Side.CENTRAL, other)
    assert (kept(decided), len(decided.answer)) == ([], 1)


@pytest.mark.django_db
def test_a_branch_that_is_told_again_gets_its_conflicts_again(sides):
    row = born(sides, Side.BRANCH, last_name="Muster", city="Lübeck")
    sides.run()
    changed(sides.branch.actor, Side.BRANCH, row.uid, city="Kiel")
    changed(sides.central, Side.CENTRAL, row.uid, street="Neu 2")
    sides.run()
    told = Conflict.objects.in_base(sides.branch.base).get()
    node = Cycle.objects.in_base(sides.central.base).get(number=2).node
    before = Cycle.objects.in_base(sides.central.base).get(number=1).cursor
    type(node).objects.filter(pk=node.pk).update(cursor=before, gets_its_own=True)
    sent = sides.cut()
    decided = sides.decide(sent)
    assert conflicts_in(decided) == [str(told.pk)]
    sides.apply(sent, decided)
    assert Conflict.objects.in_base(sides.branch.base).get() == told
    assert conflicts_in(sides.decide(sides.cut())) == []


def conflicts_in(run: Cycle) -> list[Any]:
    lines = unpack_all(parts.contents_of(run, PartKind.ANSWER), parts.manifest(run.answer))
    return [line["conflict"] for line in lines if line["kind"] == "conflict"]


def test_a_run_whose_bytes_are_gone_at_the_branch_is_collected_anew(pair):
    pair.line.cut.append("decide")
    with pytest.raises(Exception, match="cut"):
        pair.run()
    first = Cycle.objects.get(node=pair.fresh.node)
    CyclePart.objects.filter(cycle=first).delete()
    done = pair.run()
    assert (done.number, done.request != first.request) == (1, True)
    assert pair.cycles() == [(1, "done")] == pair.cycles(pair.fresh.node)
    pair.line.lost.append("decide")
    with pytest.raises(Exception, match="cut"):
        pair.run()
    CyclePart.objects.filter(cycle__node=pair.fresh.node, cycle__number=2).delete()
    assert pair.run().number == 2  # the central has decided it, and its answer is fetched
    pair.run()
    assert pair.node.state == "paired"


def test_a_run_whose_bytes_go_while_they_are_sent_is_collected_anew(pair):
    def between(method: str, path: str) -> None:
        if "hello" in path:
            CyclePart.objects.filter(cycle__node=pair.fresh.node, cycle__number=1).delete()

    pair.line.cut.append("parts/1")
    with pytest.raises(Exception, match="cut"):
        pair.run()
    pair.line.between = between
    assert pair.run().number == 1
    assert pair.cycles() == [(1, "done")]


def test_an_answer_that_lost_a_part_is_told_anew(pair):
    pair.line.cut.append("answer")
    with pytest.raises(Exception, match="cut"):
        pair.run()
    CyclePart.objects.filter(cycle__node=pair.node, kind=PartKind.ANSWER).delete()
    assert pair.run().number == 2
    assert pair.courses[-1] == "you were restored"
    assert pair.cycles() == [(1, "done"), (2, "done")]
    pair.run()
    assert pair.node.state == "paired"
