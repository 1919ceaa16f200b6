"""A run carries changes from the branch to the central and back, loses nothing, and a second one writes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from psycopg.types.range import Range

from clearing.models import Conflict, Cycle, CyclePart, HeldBack
from customers.cards.operations import assign_card
from customers.erasure import erase_customer
from customers.models import Card, Consent, Customer, CustomerRevision
from locations.choices import Side
from locations.models import Location
from tests.clearing.two_sides import TwoSides, at, changed, place_of
from tests.customers.people import bears, customer, group, says, tag
from tests.customers.transfer import table, take_in, undone

NOBODY = {"sent": 0, "applied": 0, "same": 0, "conflict": 0, "held_back": 0}


@pytest.fixture
def sides(cast, as_owner):
    return TwoSides()


def born(sides, side: Side, **values):
    scope = sides.branch.actor if side == Side.BRANCH else sides.central
    with at(side):
        return customer(scope, **values)


@pytest.mark.django_db
def test_who_is_registered_at_either_side_is_at_both_after_a_run(sides):
    here = born(sides, Side.BRANCH, last_name="Filiale", city="Lübeck", customer_number=10)
    there = born(sides, Side.CENTRAL, last_name="Zentrale", city="Hamburg", customer_number=20)
    assert sides.run() == NOBODY | {"sent": 1, "applied": 1}
    assert sides.versions(sides.central.base).keys() == {here.uid, there.uid}
    assert sides.agree()
    assert sides.run() == NOBODY
    assert sides.agree()


@pytest.mark.django_db
def test_everything_of_a_customer_travels(sides):
    with at(Side.CENTRAL):
        group(sides.central, "Firmen"), tag(sides.central, "Stammgast")
    assert sides.run() == NOBODY
    here = born(
        sides, Side.BRANCH, last_name="Ünal", first_name="Ayşe", birthday="1980-02-29", discount="2.50",
        is_blocked=True, blocked_reason="Zahlt nicht", memo="zwei\nZeilen", tags=["Stammgast"], email="a@example.org",
    )  # fmt: skip
    scope = sides.branch.actor
    with at(Side.BRANCH):
        says(scope, here, "newsletter", is_given=True)
        says(scope, here, "transfer", is_given=False)
        changed(scope, Side.BRANCH, here.uid, customer_group=group_named(scope, "Firmen"), archived_at=timezone.now())
        bears(here, "K-7", "A 1")
    assert sides.run()["applied"] == 1
    assert sides.agree()
    (row,) = Customer.objects.in_base(sides.central.base)
    assert (str(row.customer_group), row.tags, row.former_numbers) == ("Firmen", ["Stammgast"], ["A 1", "K-7"])
    assert Consent.objects.filter(base=sides.central.base).count() == 2
    assert sides.run() == NOBODY


def group_named(scope, name):
    return scope.base.customer_groups.get(name=name).pk


def kept(version):
    """The values of a version that a conflict keeps."""
    return version["values"]


def numbers(location, end):
    Location.objects.filter(pk=location.pk).update(number_range=Range(1, end))


@pytest.mark.django_db
def test_both_change_one_customer_the_branch_stands_and_the_other_is_kept(sides):
    row = born(sides, Side.BRANCH, last_name="Muster", city="Lübeck", street="Alt 1")
    sides.run()
    changed(sides.branch.actor, Side.BRANCH, row.uid, city="Kiel")
    changed(sides.central, Side.CENTRAL, row.uid, street="Neu 2")
    assert sides.run() == NOBODY | {"sent": 1, "conflict": 1}
    assert sides.agree()
    assert sides.versions(sides.central.base)[row.uid].values["city"] == "Kiel"
    for base in (sides.central.base, sides.branch.base):
        (conflict,) = Conflict.objects.in_base(base)
        assert (kept(conflict.lost)["street"], kept(conflict.stood)["street"]) == ("Neu 2", "Alt 1")
        assert (conflict.differing, conflict.only_lost_changed) == (["city", "street"], ["street"])
        assert conflict.is_lost_of_central
    assert sides.run() == NOBODY


@pytest.mark.django_db
def test_whoever_is_paired_later_has_the_conflicts_whose_answer_never_arrived(sides):
    row = born(sides, Side.BRANCH, last_name="Meier", city="Kiel")
    sides.run()
    changed(sides.branch.actor, Side.BRANCH, row.uid, city="Lübeck")
    changed(sides.central, Side.CENTRAL, row.uid, city="Hamburg")
    sides.decide(sides.cut())  # and the machine breaks down
    later = sides.paired(place_of(900_003, "Neue Kasse"))
    sides.run(later)
    told = [one for base in (sides.central.base, later.base) for one in Conflict.objects.in_base(base)]
    assert [one.uid for one in told] == [row.uid, row.uid]
    assert told[0].pk == told[1].pk
    sides.run(later)
    assert Conflict.objects.in_base(later.base).count() == 1


@pytest.mark.django_db
def test_a_number_given_twice_is_the_branchs_and_the_other_is_kept_whole(sides):
    here = born(sides, Side.BRANCH, last_name="Filiale", customer_number=5)
    there = born(sides, Side.CENTRAL, last_name="Zentrale", customer_number=5)
    with at(Side.CENTRAL):
        says(sides.central, there, "newsletter", is_given=True)
        bears(there, "Z-1")
    assert sides.run()["conflict"] == 1
    assert sides.agree()
    assert sides.versions(sides.central.base).keys() == {here.uid}
    (conflict,) = Conflict.objects.in_base(sides.central.base)
    assert (conflict.kind, (conflict.lost or {})["uid"], len((conflict.lost or {})["consents"])) == (
        "born_twice",
        str(there.uid),
        1,
    )
    assert sides.run() == NOBODY


@pytest.mark.django_db
def test_what_is_changed_while_a_run_is_on_its_way_travels_with_the_next_one(sides):
    row = born(sides, Side.BRANCH, last_name="Muster", city="Lübeck")
    sides.run()
    changed(sides.branch.actor, Side.BRANCH, row.uid, city="Kiel")
    sent = sides.cut()
    changed(sides.branch.actor, Side.BRANCH, row.uid, city="Plön")
    decided = sides.decide(sent)
    sides.apply(sent, decided)
    assert sides.versions(sides.branch.base)[row.uid].values["city"] == "Plön"
    assert sides.run() == NOBODY | {"sent": 1, "applied": 1}
    assert sides.agree()
    assert not Conflict.objects.exists()


@pytest.mark.django_db
def test_what_the_central_has_changed_meanwhile_is_a_conflict_of_the_next_run(sides):
    row = born(sides, Side.BRANCH, last_name="Muster", city="Lübeck")
    sides.run()
    changed(sides.central, Side.CENTRAL, row.uid, city="Hamburg")
    sent = sides.cut()
    decided = sides.decide(sent)
    changed(sides.branch.actor, Side.BRANCH, row.uid, city="Plön")
    sides.apply(sent, decided)
    assert sides.run()["conflict"] == 1
    assert sides.agree()
    (conflict,) = Conflict.objects.in_base(sides.central.base)
    assert kept(conflict.lost)["city"] == "Hamburg"


@pytest.mark.django_db
def test_the_same_again_at_any_point_changes_nothing(sides):
    born(sides, Side.BRANCH, last_name="Muster")
    sent = sides.cut()
    assert sides.cut() == sent
    decided = sides.decide(sent)
    before = (decided.receipt, CustomerRevision.objects.count())
    again = sides.decide(sent)
    assert (again.receipt, CustomerRevision.objects.count()) == before
    sides.apply(sent, decided)
    sides.apply(sent, decided)
    assert sides.agree()


@pytest.mark.django_db
def test_who_is_refused_by_a_rule_is_held_back_alone(sides):
    good = [born(sides, Side.BRANCH, last_name=f"Gut{turn}") for turn in range(5)]
    bad = born(sides, Side.BRANCH, last_name="Zu weit", customer_number=4_000_000)
    numbers(sides.central.location, 1_000_000)
    assert sides.run() == NOBODY | {"sent": 6, "applied": 5, "held_back": 1}
    assert sides.versions(sides.central.base).keys() == {row.uid for row in good}
    for base in (sides.central.base, sides.branch.base):
        (held,) = HeldBack.objects.in_base(base)
        assert (held.uid, held.customer_number, held.name) == (bad.uid, 4_000_000, "Zu weit")
        assert "number range" in str(held.reasons)
    assert sides.run() == NOBODY | {"sent": 1, "held_back": 1}
    numbers(sides.central.location, 5_000_000)
    assert sides.run() == NOBODY | {"sent": 1, "applied": 1}
    assert sides.agree()
    assert not HeldBack.objects.exists()


@pytest.mark.django_db
def test_groups_and_tags_travel_with_what_was_renamed_and_what_has_gone(sides):
    scope = sides.branch.actor
    with at(Side.BRANCH):
        firms, old = group(scope, "Firmen"), tag(scope, "Alt")
        row = customer(scope, last_name="Muster", customer_group=firms, tags=["Alt"])
    sides.run()
    assert sides.agree()
    with at(Side.BRANCH):
        firms.name = "Unternehmen"
        firms.save()
        changed(scope, Side.BRANCH, row.uid, tags=[])
        old.delete()
    assert sides.run()["applied"] == 1
    assert sides.agree()
    assert [group.name for group in sides.central.base.customer_groups.all()] == ["Unternehmen"]
    assert not sides.central.base.tags.exists()
    assert sides.run() == NOBODY


@pytest.mark.django_db
def test_an_import_that_is_undone_at_the_branch_is_undone_at_the_central(sides):
    scope = sides.branch.actor
    with at(Side.BRANCH):
        done = take_in(scope, table(["Nachname"], ["Muster"], ["Meier"]))
    assert sides.run()["applied"] == 2
    with at(Side.BRANCH):
        undone(done.upload, scope)
    assert sides.run() == NOBODY | {"sent": 2, "applied": 2}
    assert sides.agree()
    assert not Customer.objects.in_base(sides.central.base).exists()
    assert sides.run() == NOBODY


@pytest.mark.django_db
@pytest.mark.parametrize("side", Side)
def test_who_is_erased_at_one_side_is_gone_at_both_for_good(sides, side):
    row = born(sides, Side.BRANCH, last_name="Geht", email="weg@example.org")
    sides.run()
    scope = sides.branch.actor if side == Side.BRANCH else sides.central
    other = sides.central if side == Side.BRANCH else sides.branch.actor
    changed(other, Side.CENTRAL if side == Side.BRANCH else Side.BRANCH, row.uid, city="Plön")
    with at(side):
        erase_customer(customer=Customer.objects.in_base(scope.base).get(uid=row.uid).pk, reason="Wunsch", actor=scope)
    sides.run()
    assert sides.agree()
    assert not Customer.objects.filter(uid=row.uid).exists()
    assert not Conflict.objects.exists()
    sides.run()
    assert sides.run() == NOBODY


@pytest.mark.django_db
def test_who_gets_the_number_of_somebody_erased_displaces_nobody(sides):
    """Both travel in one run: the erased one has gone when it is asked who bears the number."""
    gone = born(sides, Side.BRANCH, last_name="Geht", customer_number=1)
    sides.run()
    scope = sides.branch.actor
    with at(Side.BRANCH):
        erase_customer(customer=Customer.objects.in_base(scope.base).get(uid=gone.uid).pk, reason="Wunsch", actor=scope)
    fresh = born(sides, Side.BRANCH, last_name="Kommt", customer_number=1)
    assert sides.run()["conflict"] == 0
    assert sides.versions(sides.central.base).keys() == {fresh.uid}
    assert not Conflict.objects.exists()


@pytest.mark.django_db
def test_who_has_a_card_does_not_leave_the_central_for_a_number_given_twice(sides):
    """A card does not travel: it would be lost with him. So the other one is held back alone until somebody decides."""
    here = born(sides, Side.BRANCH, last_name="Filiale", customer_number=5)
    other = born(sides, Side.BRANCH, last_name="Daneben", customer_number=6)
    there = born(sides, Side.CENTRAL, last_name="Zentrale", customer_number=5)
    with at(Side.CENTRAL):
        assign_card(customer=there.pk, number="4711", actor=sides.central)
    assert sides.run() == NOBODY | {"sent": 2, "applied": 1, "held_back": 1}
    assert sides.versions(sides.central.base).keys() == {there.uid, other.uid}
    assert Card.objects.get(base=sides.central.base).customer.uid == there.uid
    for base in (sides.central.base, sides.branch.base):
        held = HeldBack.objects.in_base(base).get(uid=here.uid)
        assert "card" in str(held.reasons)
    with at(Side.CENTRAL), connection.cursor() as cursor:
        cursor.execute("DELETE FROM customers_card WHERE base_id = %s", [sides.central.base.pk])
    assert sides.run()["conflict"] == 1
    sides.run()
    assert sides.agree()


@pytest.mark.django_db
@pytest.mark.parametrize("side", Side)
def test_who_has_a_card_is_not_deleted_with_an_import_that_the_other_side_has_undone(sides, side):
    scopes = {Side.BRANCH: sides.branch.actor, Side.CENTRAL: sides.central}
    other = Side.CENTRAL if side == Side.BRANCH else Side.BRANCH
    with at(other):
        done = take_in(scopes[other], table(["Nachname"], ["Muster"]))
    sides.run()
    row = Customer.objects.in_base(scopes[side].base).get()
    with at(side):
        assign_card(customer=row.pk, number="4711", actor=scopes[side])
    with at(other):
        undone(done.upload, scopes[other])
    for _time in range(2):
        sides.run()
        assert Card.objects.get(base=scopes[side].base).customer == row
        assert "card" in str(HeldBack.objects.in_base(sides.branch.base).get(uid=row.uid).reasons)


@pytest.mark.django_db
@pytest.mark.parametrize("side", Side)
def test_the_bytes_of_past_runs_go_with_who_is_erased(sides, side):
    row = born(sides, Side.BRANCH, last_name="Geht")
    sides.run()
    sides.run()
    scope = sides.branch.actor if side == Side.BRANCH else sides.central
    Cycle.objects.filter(base=scope.base, state="decided").update(state="done")
    assert CyclePart.objects.filter(base=scope.base).exists()
    with at(side):
        pk = Customer.objects.in_base(scope.base).get(uid=row.uid).pk
        erase_customer(customer=pk, reason="Wunsch", actor=scope)
    assert not CyclePart.objects.filter(base=scope.base).exists()


@pytest.mark.django_db
def test_a_change_behind_something_said_on_the_way_of_a_run_is_not_taken_for_none(sides):
    with at(Side.BRANCH):
        eva = customer(sides.branch.actor, first_name="Eva", last_name="Sommer", city="Kiel")
    sent = sides.cut()
    decided = sides.decide(sent)
    with at(Side.BRANCH):
        says(sides.branch.actor, eva, "newsletter", True)
    changed(sides.branch.actor, Side.BRANCH, eva.uid, city="Eutin")
    sides.apply(sent, decided)
    changed(sides.central, Side.CENTRAL, eva.uid, email="eva@example.com")
    sides.run()
    assert sides.agree()
    assert sides.versions(sides.central.base)[eva.uid].values["city"] == "Eutin"
    kept: Any = Conflict.objects.get(base=sides.central.base)
    assert (kept.common["values"]["city"], kept.lost["values"]["email"]) == ("Kiel", "eva@example.com")
    assert kept.only_lost_changed == ["email"]
