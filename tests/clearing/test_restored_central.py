"""A central that was restored gets its inbox again from the branch: conflicts and what was decided about them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from clearing.branch.recovering import offer_again
from clearing.choices import ConflictState
from clearing.conflicts.deciding import leave, take_over, undo
from clearing.models import Conflict, Node
from clearing.protocol.decision import ConflictKind
from clearing.protocol.records import ConflictRecord, CustomerRecord
from clearing.protocol.versions import RefusedRecord
from clearing.rows.conflicts import as_told
from customers.erasure import erase_customer
from customers.models import Customer
from locations.choices import Side
from tests.clearing.backups import Backup
from tests.clearing.forging import answered, sent
from tests.clearing.people import NOON, version
from tests.clearing.two_sides import TwoSides, at, changed
from tests.customers.people import customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def sides(cast, as_owner) -> TwoSides:
    return TwoSides()


@pytest.fixture
def eva(sides) -> Customer:
    """Both sides have her."""
    with at(Side.BRANCH):
        found = customer(sides.branch.actor, first_name="Eva", last_name="Sommer", city="Kiel")
    sides.run()
    return found


def both_change(sides: TwoSides, eva: Customer) -> None:
    changed(sides.central, Side.CENTRAL, eva.uid, city="Plön", email="eva@example.com")
    changed(sides.branch.actor, Side.BRANCH, eva.uid, city="Eutin")
    sides.run()


def restored(sides: TwoSides, backup: Backup) -> None:
    """The central is as it was, and both know it."""
    backup.restore()
    own, node = sides.branch.own, Node.objects.get(pk=sides.branch.node)
    known = node.decided
    Node.objects.filter(pk=node.pk).update(known_before=known, decided=own.applied, receipt=own.receipt)
    with at(Side.BRANCH):
        offer_again(
            own, known=known, decided=own.applied, receipt=own.receipt, epoch="another", actor=sides.branch.actor
        )


def of(sides: TwoSides) -> Any:
    """The first conflict, as each side has it. After a restore what has lost before may lose once more."""
    at_central, at_branch = (
        Conflict.objects.filter(base=base).earliest("happened_at") for base in (sides.central.base, sides.branch.base)
    )
    assert at_central.pk == at_branch.pk
    return at_central, at_branch


def settled(sides: TwoSides) -> None:
    """One run, after which nothing is left to tell."""
    sides.run()
    Node.objects.filter(pk=sides.branch.node).update(known_before=None)
    assert sides.branch.own.known_before is None
    assert set(sides.run().values()) == {0}
    assert sides.agree()


def test_what_was_overridden_is_in_the_inbox_again(sides, eva):
    backup = Backup(sides.central.base)
    both_change(sides, eva)
    restored(sides, backup)
    assert not Conflict.objects.filter(base=sides.central.base).exists()
    settled(sides)
    at_central, at_branch = of(sides)
    assert as_told(at_central) == as_told(at_branch)
    assert at_central.lost["values"]["city"] == "Plön"
    assert (at_central.state, at_branch.state) == ("open", "open")
    with at(Side.CENTRAL):
        take_over(conflict=at_central.pk, fields=["email"], actor=sides.central)
    settled(sides)
    assert Customer.objects.get(base=sides.branch.base).email == "eva@example.com"


def test_an_answer_of_the_branch_that_breaks_off_is_offered_once_more(sides, eva):
    backup = Backup(sides.central.base)
    both_change(sides, eva)
    restored(sides, backup)
    sides.cut()
    with at(Side.BRANCH):
        own = sides.branch.own
        offer_again(
            own, known=own.known_before, decided=own.applied, receipt=own.receipt, epoch="another",
            actor=sides.branch.actor,
        )  # fmt: skip
    settled(sides)
    assert of(sides)[0].lost["values"]["city"] == "Plön"


@pytest.mark.parametrize("who", [Side.CENTRAL, Side.BRANCH])
@pytest.mark.parametrize("is_conflict_known", [True, False])
def test_what_was_decided_is_decided_again(sides, eva, who, is_conflict_known):
    before = Backup(sides.central.base)
    both_change(sides, eva)
    backup = Backup(sides.central.base) if is_conflict_known else before
    scope = sides.central if who == Side.CENTRAL else sides.branch.actor
    for decide in (leave, undo, leave):
        with at(who):
            decide(conflict=of(sides)[0].pk, actor=scope)
        sides.run()
    decided = of(sides)[0]
    assert (decided.state, decided.revision) == ("dismissed", 3)
    restored(sides, backup)
    settled(sides)
    for found in of(sides):
        assert (found.state, found.revision, found.is_agreed) == ("dismissed", 3, True)
        assert (found.decided_by, found.decided_at) == (decided.decided_by, decided.decided_at)


def test_what_is_known_stays_and_what_was_decided_anew_stands(sides, eva):
    both_change(sides, eva)
    backup = Backup(sides.central.base)
    with at(Side.BRANCH):
        leave(conflict=of(sides)[1].pk, actor=sides.branch.actor)
    sides.run()
    kept = Backup(sides.central.base)
    restored(sides, kept)
    settled(sides)
    assert [(one.state, one.revision, one.is_agreed) for one in of(sides)] == [("dismissed", 1, True)] * 2
    restored(sides, backup)
    with at(Side.CENTRAL):
        take_over(conflict=of(sides)[0].pk, fields=["email"], actor=sides.central)
    settled(sides)
    at_central, at_branch = of(sides)
    assert (at_central.state, at_branch.state) == ("restored", "superseded")
    assert at_branch.result["own"]["state"] == "dismissed"


def test_a_decision_that_waits_is_taken_by_a_central_that_knows_less(sides, eva):
    both_change(sides, eva)
    backup = Backup(sides.central.base)
    with at(Side.CENTRAL):
        leave(conflict=of(sides)[0].pk, actor=sides.central)
    sides.run()
    with at(Side.BRANCH):
        undo(conflict=of(sides)[1].pk, actor=sides.branch.actor)
    restored(sides, backup)
    settled(sides)
    assert [(one.state, one.revision) for one in of(sides)] == [("open", 2)] * 2


# --- who was erased -------------------------------------------------------------------------------------------------


def test_an_erasure_of_whom_the_restored_central_does_not_know_is_remembered(sides):
    backup = Backup(sides.central.base)
    with at(Side.BRANCH):
        eva = customer(sides.branch.actor, last_name="Sommer", email="eva@example.com")
    sides.run()
    with at(Side.BRANCH):
        erase_customer(customer=eva.pk, reason="Auf Wunsch", actor=sides.branch.actor)
    sides.run()
    restored(sides, backup)
    settled(sides)
    # another branch of the base that was not told offers her
    run = sent(sides, CustomerRecord(version(eva.uid, number=eva.customer_number)).to_json())
    assert [one["kind"] for one in answered(run)] == ["erasure"]
    assert not Customer.objects.filter(base=sides.central.base).exists()


def test_who_was_erased_at_the_branch_does_not_come_back_from_a_central_that_has_forgotten_it(sides, eva):
    backup = Backup(sides.central.base)
    with at(Side.BRANCH):
        erase_customer(
            customer=Customer.objects.get(base=sides.branch.base).pk, reason="Auf Wunsch", actor=sides.branch.actor
        )
    sides.run()
    backup.restore()
    own = sides.branch.own
    # as after another node of the base has brought the two together: nothing says that it was restored
    Node.objects.filter(pk=sides.branch.node).update(
        decided=own.applied, receipt=own.receipt, gets_its_own=True, cursor=0
    )
    sides.run()
    assert not Customer.objects.filter(base=sides.branch.base).exists()
    settled(sides)
    assert not Customer.objects.exists()


# --- what a branch may not tell -------------------------------------------------------------------------------------


def conflict(**more: object) -> ConflictRecord:
    stood = version(uuid4(), number=7, city="Eutin", email="eva@example.com")
    lost = replace(stood, values={**stood.values, "city": "Plön"})
    found = ConflictRecord(
        conflict=uuid4(), uid=stood.uid, number=7, sort=ConflictKind.BOTH_CHANGED, happened_at=NOON, stood=stood,
        lost=lost, common=None, is_lost_of_central=True, differing=("city",),
    )  # fmt: skip
    return replace(found, **more)  # type: ignore[arg-type]


def test_a_central_that_was_not_restored_is_told_no_conflict(sides):
    with pytest.raises(RefusedRecord):
        sent(sides, conflict().to_json())
    assert not Conflict.objects.exists()


def test_a_conflict_of_no_kind_is_refused(sides):
    Node.objects.filter(pk=sides.branch.node).update(known_before=0)
    with pytest.raises(RefusedRecord):
        sent(sides, conflict(sort="anything").to_json())


def test_nobody_who_was_erased_comes_back_in_a_conflict(sides):
    with at(Side.CENTRAL):
        gone = customer(sides.central, last_name="Weg", email="eva@example.com", customer_number=7)
        erase_customer(customer=gone.pk, reason="Auf Wunsch", actor=sides.central)
    Node.objects.filter(pk=sides.branch.node).update(known_before=0)
    other = version(uuid4(), number=8, city="Preetz")
    twice = conflict(sort=ConflictKind.BORN_TWICE, lost=other)
    same = version(gone.uid, number=9, city="Kiel")
    run = sent(sides, *(one.to_json() for one in (conflict(), twice, conflict(uid=gone.uid, stood=same, lost=same))))
    assert run.counts["sent"] == 3
    kept: Any = Conflict.objects.get(base=sides.central.base)
    assert (kept.pk, kept.stood, kept.common, kept.lost["values"]["city"]) == (twice.conflict, None, None, "Preetz")
    assert kept.state == ConflictState.OPEN
    assert "Eutin" not in str(answered(run))
