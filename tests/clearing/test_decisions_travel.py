"""A decision about a conflict goes with the next run: whichever side is first, both show the same afterwards."""

from __future__ import annotations

import pytest

from clearing.choices import ConflictState
from clearing.conflicts.deciding import leave, recreate, take_over, undo
from clearing.models import Conflict
from customers.models import Customer
from locations.choices import Side
from tests.clearing.two_sides import TwoSides, at, changed
from tests.customers.people import customer


@pytest.fixture
def sides(cast, as_owner) -> TwoSides:
    return TwoSides()


def conflicts(sides: TwoSides) -> tuple[Conflict, Conflict]:
    """The one conflict, as each side has it."""
    at_central, at_branch = (Conflict.objects.get(base=base) for base in (sides.central.base, sides.branch.base))
    assert at_central.pk == at_branch.pk
    return at_central, at_branch


def states(sides: TwoSides) -> tuple[str, str]:
    at_central, at_branch = conflicts(sides)
    return at_central.state, at_branch.state


def both_have_changed(sides: TwoSides) -> Customer:
    with at(Side.BRANCH):
        eva = customer(sides.branch.actor, first_name="Eva", last_name="Sommer", city="Kiel")
    sides.run()
    changed(sides.central, Side.CENTRAL, eva.uid, email="eva@example.com", city="Plön")
    changed(sides.branch.actor, Side.BRANCH, eva.uid, city="Eutin")
    sides.run()
    return eva


@pytest.mark.django_db
def test_what_is_decided_at_one_side_is_decided_at_the_other(sides):
    eva = both_have_changed(sides)
    at_central, at_branch = conflicts(sides)
    assert at_branch.only_lost_changed == ["email"]
    assert (at_central.stood, at_central.lost, at_central.name) == (at_branch.stood, at_branch.lost, "Eva Sommer")
    with at(Side.BRANCH):
        take_over(conflict=at_branch.pk, fields=at_branch.only_lost_changed, actor=sides.branch.actor)
    sides.run()
    assert states(sides) == ("restored", "restored")
    assert sides.agree()
    put_together = sides.versions(sides.central.base)[eva.uid].values
    assert (put_together["city"], put_together["email"]) == ("Eutin", "eva@example.com")
    # undone at the other side, by values: it knows what was written
    with at(Side.CENTRAL):
        undo(conflict=at_central.pk, actor=sides.central)
    sides.run()
    assert states(sides) == ("open", "open")
    assert sides.versions(sides.branch.base)[eva.uid].values["email"] == ""
    before = sides.versions(sides.central.base)
    sides.run()
    assert (sides.versions(sides.central.base), states(sides)) == (before, ("open", "open"))


@pytest.mark.django_db
def test_of_two_decisions_the_first_that_reaches_the_central_stands(sides):
    both_have_changed(sides)
    at_central, at_branch = conflicts(sides)
    with at(Side.CENTRAL):
        leave(conflict=at_central.pk, actor=sides.central)
    with at(Side.BRANCH):
        take_over(conflict=at_branch.pk, fields=["email"], actor=sides.branch.actor)
    sides.run()
    assert states(sides) == (ConflictState.DISMISSED, ConflictState.SUPERSEDED)
    assert conflicts(sides)[1].result["own"]["state"] == "restored"
    assert sides.agree()
    with at(Side.CENTRAL):
        undo(conflict=at_central.pk, actor=sides.central)
    sides.run()
    assert states(sides) == ("open", "open")


@pytest.mark.django_db
def test_whose_number_was_given_twice_is_created_anew_at_either_side(sides):
    with at(Side.BRANCH):
        here = customer(sides.branch.actor, last_name="Hier")
    with at(Side.CENTRAL):
        there = customer(sides.central, last_name="Dort")
    assert here.customer_number == there.customer_number
    sides.run()
    at_central, at_branch = conflicts(sides)
    assert (at_branch.lost_uid, at_branch.name, at_branch.uid) == (there.uid, "Dort", here.uid)
    with at(Side.CENTRAL):
        anew = recreate(conflict=at_central.pk, actor=sides.central)
    sides.run()
    assert states(sides) == ("recreated", "recreated")
    assert sides.agree()
    assert conflicts(sides)[1].created_uid == anew.uid
    with at(Side.BRANCH):
        undo(conflict=at_branch.pk, actor=sides.branch.actor)
    sides.run()
    assert states(sides) == ("open", "open")
    assert sides.agree()
    assert Customer.objects.get(pk=anew.pk).is_archived
