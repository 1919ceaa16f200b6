"""Decisions about conflicts on their way: the first that reaches the central stands, and the other one is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection
from django.utils import timezone

from clearing.choices import BulkChoice, ConflictState
from clearing.conflicts.bulk import Done, counts, decide_run
from clearing.conflicts.deciding import leave, take_over, undo
from clearing.conflicts.restoring import InTheWay
from clearing.models import Conflict, Cycle
from clearing.protocol.decision import ConflictKind
from clearing.protocol.records import DecisionRecord
from clearing.rows.decisions import accept_decision, decisions_since, decisions_to_tell
from customers.models import Customer, RevisionCounter
from locations.choices import Side
from locations.row_policies import side_sql
from tests.clearing.conflicting import born_twice, both_changed, node
from tests.customers.people import customer


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Lübeck")


@pytest.fixture
def made(anna):
    eva = customer(anna, first_name="Eva", last_name="Sommer", city="Lübeck")
    return both_changed(anna, eva, before={}, lost={"city": "Kiel"})


def run_of(scope) -> Cycle:
    return Cycle.objects.create(base=scope.base, node=node(scope), number=1, state="arriving")


def again(conflict: Conflict) -> Conflict:
    return Conflict.objects.get(pk=conflict.pk)


def accept(scope, told: DecisionRecord) -> bool:
    return accept_decision(scope.base, told)[1]


def since(scope, sequence: int) -> list[DecisionRecord]:
    return list(decisions_since(scope.base, sequence, up_to=1_000_000))


def told_by(other: str, conflict: Conflict, state: ConflictState, *, revision: int) -> DecisionRecord:
    at = None if state == ConflictState.OPEN else timezone.now()
    return DecisionRecord(conflict.pk, state, "" if at is None else other, at, revision)


def at_a_branch() -> None:
    with connection.cursor() as cursor:
        cursor.execute(side_sql(Side.BRANCH))


@pytest.mark.django_db
def test_the_central_tells_each_decision_once_in_order(anna, made):
    counter = RevisionCounter.objects.get(base=anna.base)
    assert not list(since(anna, 0))
    leave(conflict=made.pk, actor=anna)
    [told] = since(anna, counter.sequence)
    assert (told.state, told.by, told.revision) == (ConflictState.DISMISSED, anna.actor_name, 1)
    cursor = again(made).sequence
    assert not list(since(anna, cursor))
    undo(conflict=made.pk, actor=anna)
    [told] = since(anna, cursor)
    assert (told.state, told.at, told.revision) == (ConflictState.OPEN, None, 2)


@pytest.mark.django_db
def test_at_the_central_the_first_that_arrives_stands(anna, made):
    first = told_by("Dirk", made, ConflictState.DISMISSED, revision=0)
    assert accept(anna, first)
    stands, counter = again(made), RevisionCounter.objects.get(base=anna.base).sequence
    assert (stands.state, stands.decided_by, stands.revision, stands.sequence) == ("dismissed", "Dirk", 1, counter)
    assert not accept(anna, first)  # once more: nothing is written
    assert RevisionCounter.objects.get(base=anna.base).sequence == counter
    assert not accept(anna, told_by("Kai", made, ConflictState.RESTORED, revision=0))
    assert again(made).decided_by == "Dirk"
    assert accept(anna, told_by("Kai", made, ConflictState.OPEN, revision=1))
    assert (again(made).state, again(made).revision) == ("open", 2)


@pytest.mark.django_db
def test_who_has_decided_at_the_branch_meanwhile_is_told_what_stands(anna, made, as_owner):
    at_a_branch()
    take_over(conflict=made.pk, fields=["city"], actor=anna)
    [told] = decisions_to_tell(anna.base)
    assert (told.state, told.revision, again(made).sequence) == (ConflictState.RESTORED, 0, 0)
    assert accept(anna, told_by("Zoe", made, ConflictState.DISMISSED, revision=1))
    beaten = again(made)
    assert (beaten.state, beaten.decided_by, beaten.revision) == (ConflictState.SUPERSEDED, "Zoe", 1)
    assert beaten.result["stands"] == "dismissed"
    assert (beaten.result["own"]["state"], beaten.result["own"]["by"]) == ("restored", anna.actor_name)
    assert not list(decisions_to_tell(anna.base))
    assert Customer.objects.get(uid=made.uid).city == "Kiel"  # he travels as any change
    with pytest.raises(InTheWay, match="decided at the other side"):
        undo(conflict=made.pk, actor=anna)
    assert accept(anna, told_by("Zoe", made, ConflictState.OPEN, revision=2))
    assert again(made).state == ConflictState.OPEN


@pytest.mark.django_db
def test_what_the_central_has_taken_is_agreed_at_the_branch(anna, made, as_owner):
    at_a_branch()
    leave(conflict=made.pk, actor=anna)
    [told] = decisions_to_tell(anna.base)
    assert accept(anna, replace(told, revision=1))
    assert (again(made).state, again(made).revision, again(made).is_agreed) == ("dismissed", 1, True)
    assert not accept(anna, replace(told, revision=1))
    assert not accept(anna, told_by("Zoe", made, ConflictState.RESTORED, revision=1))  # an old answer again
    assert again(made).decided_by == anna.actor_name
    assert accept_decision(anna.base, replace(told, conflict=made.uid)) == (None, False)
    assert accept_decision(anna.base, replace(told, state="nonsense")) == (made, False)


@pytest.mark.django_db
@pytest.mark.parametrize("side", [Side.CENTRAL, Side.BRANCH])
def test_all_of_a_run_are_decided_at_once(anna, as_owner, side):
    run, people = run_of(anna), [customer(anna, last_name=f"Muster{at}", city="Lübeck") for at in range(4)]
    if side == Side.BRANCH:
        at_a_branch()
    one, two = (both_changed(anna, row, before={}, lost={"city": "Kiel", "email": "a@b.de"}) for row in people[:2])
    both = both_changed(anna, people[2], before={"city": "Plön"}, lost={"city": "Kiel"})  # both have changed the field
    refused = both_changed(anna, people[3], before={}, lost={"tags": ("Fehlt",)})
    twice, other = born_twice(anna, people[0]), both_changed(anna, people[3], before={}, lost={"city": "Kiel"})
    of_run = [one, two, both, refused, twice]
    Conflict.objects.filter(pk__in=[made.pk for made in of_run]).update(cycle=run)
    assert counts(run.pk, anna) == {BulkChoice.TAKE_OVER: 3, BulkChoice.RECREATE: 1, BulkChoice.LEAVE: 5}
    done = decide_run(run=run.pk, choice=BulkChoice.TAKE_OVER, actor=anna)
    assert done == Done(decided=2, refused=1)
    assert {row.city for row in Customer.objects.filter(pk__in=[people[0].pk, people[1].pk])} == {"Kiel"}
    assert decide_run(run=run.pk, choice=BulkChoice.RECREATE, actor=anna) == Done(decided=1, refused=0)
    assert decide_run(run=run.pk, choice=BulkChoice.LEAVE, actor=anna) == Done(decided=2, refused=0)
    assert [again(made).state for made in (*of_run, other)] == [
        "restored", "restored", "dismissed", "dismissed", "recreated", "open",
    ]  # fmt: skip
    if side == Side.CENTRAL:
        assert {told.conflict for told in since(anna, 0)} == {one.pk for one in of_run}
    else:
        assert {told.conflict for told in decisions_to_tell(anna.base)} == {one.pk for one in of_run}
    undo(conflict=both.pk, actor=anna)
    assert again(both).state == ConflictState.OPEN
    assert both.kind == ConflictKind.BOTH_CHANGED
