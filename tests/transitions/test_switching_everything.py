"""Switches over many kinds of customers: there and back nothing is lost, doubled or somebody else's."""

from __future__ import annotations

from random import Random
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.utils import timezone

from customers.choices import CardReason, CardState, FormerNumberSource
from customers.erasure import erase_customer
from customers.imports import take_turn
from customers.imports.turns import LeftBase
from customers.models import Card, Customer, CustomerGroup, FormerNumber, Tag, Tombstone, TombstoneMark
from customers.numbers import SwitchedMeanwhile
from customers.operations import register_customer
from locations.models import CustomerBase, Location
from mcp.isolation.scope import Scope
from mcp.worker.progress import Progress
from tests.conftest import Cast
from tests.transitions.switched import asked_to_shared, customers, state_of, to_offline, to_shared
from transitions import switching
from transitions.models import BaseSwitch, SwitchedCustomer

pytestmark = pytest.mark.django_db


def fresh(name: str) -> Location:
    return Location.objects.select_related("organization", "base").get(name=name, organization__account_number=10400)


def somebody(random: Random, place: Location, number: int) -> Customer:
    """Somebody in one of the many ways in which customers are."""
    values: dict[str, Any] = {"home_location": random.choice([place, place, None])}
    if random.random() < 0.3:
        values |= {"archived_at": timezone.now(), "archived_reason": "Verzogen"}
    if random.random() < 0.3:
        values |= {"uid": UUID(int=random.randrange(1, 8))}
    if random.random() < 0.3:
        values |= {"customer_group": None, "tags": []}
    if "uid" in values and Customer.objects.filter(base=place.base, uid=values["uid"]).exists():
        values.pop("uid")
    (one,) = customers(place, number, **values)
    if random.random() < 0.3:
        first = Card.objects.get(customer=one, base=place.base)
        second = Card.objects.create(base=place.base, customer=one, number=f"{first.number}-2")
        Card.objects.filter(pk=first.pk, base=place.base).update(
            state=CardState.BLOCKED, reason=CardReason.values[0], successor=second
        )
    return one


def filled(seed: int) -> tuple[CustomerBase, CustomerBase]:
    """The base 1.0 of Lübeck and Kiel, and that of the group, with numbers, uids and words in common."""
    random, luebeck, kiel, hamburg = Random(seed), fresh("Lübeck"), fresh("Kiel"), fresh("Hamburg")
    for number in random.sample(range(1, 12), 6):
        somebody(random, luebeck, number)
    for number in random.sample(range(12), 3):
        somebody(random, kiel, kiel.first_number + number)
    CustomerGroup.objects.create(base=hamburg.base, name="STAMMGÄSTE", discount=7)
    for number in random.sample(range(12), 4):
        somebody(random, hamburg, hamburg.first_number + number)
    for number in random.sample(range(1, 12), 4):
        one = somebody(random, hamburg, hamburg.first_number + 100 + number)
        Customer.objects.filter(pk=one.pk, base=hamburg.base).update(home_location=None)
        Customer.objects.create(
            organization=hamburg.organization, base=hamburg.base, customer_number=number, last_name=f"Zentral {number}"
        )
    return luebeck.base, hamburg.base


def everything_else(*bases: CustomerBase) -> list[Any]:
    others = CustomerBase.objects.exclude(pk__in=[base.pk for base in bases]).order_by("pk")
    return [state_of(base) for base in others]


@pytest.mark.parametrize("seed", range(4))
def test_there_and_back_is_the_identity(cast: Cast, seed: int) -> None:
    rita = cast.scope("rita", "Lübeck")
    south = cast.location("München", 20800)
    customers(south, south.first_number)
    offline, shared = filled(seed)
    before, theirs, others = state_of(offline), state_of(shared), everything_else(offline, shared)
    placed = list(Location.objects.order_by("pk").values_list("pk", "base", "number_range"))
    asked = asked_to_shared(cast)
    seen = switching.look(switch=asked, actor=rita)
    done = switching.execute(switch=asked, actor=rita)
    rows = Customer.objects.in_base(shared)
    assert rows.count() == len(before["customers_customer"]) + len(theirs["customers_customer"])
    assert rows.values("customer_number").distinct().count() == rows.values("uid").distinct().count() == rows.count()
    assert not Customer.objects.in_base(offline).exists()
    went = SwitchedCustomer.objects.filter(switch=done, is_back=False)
    changed = [one for one in went if one.number_before != one.number_after]
    assert (len(changed), went.count()) == (seen.renumbered, seen.total)
    assert sum(one.uid_before != one.uid_after for one in went) == seen.other_uid
    for one in changed:
        kept = FormerNumber.objects.get(base=shared, customer=one.customer_id, source=FormerNumberSource.SWITCH)
        assert (kept.number, kept.origin) == (str(one.number_before), "1.0/4")
        found = rows.matching(str(one.number_before), hidden=[]).values_list("pk", flat=True)
        assert one.customer_id in found
    assert everything_else(offline, shared) == others
    switching.undo(switch=done, actor=rita)
    assert state_of(offline) == before
    assert state_of(shared) == theirs
    assert everything_else(offline, shared) == others
    assert list(Location.objects.order_by("pk").values_list("pk", "base", "number_range")) == placed


def test_a_card_whose_number_is_somebody_elses_there_stays_behind_and_comes_back(cast: Cast) -> None:
    luebeck, hamburg = fresh("Lübeck"), fresh("Hamburg")
    (one,) = customers(luebeck, 5)
    number = f"{luebeck.branch_number}-5"
    old, new = Card.objects.get(customer=one, base=luebeck.base), f"{number}-2"
    heir = Card.objects.create(base=luebeck.base, customer=one, number=new)
    lost = {"state": CardState.BLOCKED, "reason": CardReason.values[0], "successor": heir}
    Card.objects.filter(pk=old.pk, base=luebeck.base).update(**lost)
    Card.objects.create(base=luebeck.base, customer=one, number="GUT-1")
    (other,) = customers(hamburg, hamburg.first_number)
    Card.objects.create(base=hamburg.base, customer=other, number=new)
    before = state_of(luebeck.base)
    asked, rita = asked_to_shared(cast), cast.scope("rita", "Lübeck")
    assert switching.look(switch=asked, actor=rita).cards == [new]
    done = switching.execute(switch=asked, actor=rita)
    borne = Card.objects.filter(base=hamburg.base, customer=one.pk).values_list("number", flat=True)
    assert list(borne) == ["GUT-1"]  # the blocked one led to the other
    switching.undo(switch=done, actor=rita)
    assert state_of(luebeck.base) == before


def test_who_was_erased_before_is_brought_back_by_no_file_afterwards(cast: Cast) -> None:
    (gone,) = customers(fresh("Lübeck"), 5)
    erase_customer(customer=gone.pk, reason="Auf Wunsch", actor=cast.system("Lübeck"))
    to_shared(cast)
    shared = fresh("Lübeck").base
    stone = Tombstone.objects.get(base=shared, customer_id=gone.pk)
    assert TombstoneMark.objects.filter(base=shared, tombstone=stone, kind="uid").exists()


def test_whoever_was_about_to_write_there_is_told(cast: Cast) -> None:
    bodo, luebeck = cast.scope("bodo", "Hamburg"), cast.system("Lübeck")
    to_offline(cast)
    to_shared(cast)
    for actor in (bodo, luebeck):
        with pytest.raises(SwitchedMeanwhile), transaction.atomic():
            register_customer(customer=Customer(last_name="Spät"), actor=actor)
    with pytest.raises(LeftBase):
        take_turn(luebeck.base.pk, progress=Progress())


def test_erased_meanwhile_he_is_counted_and_stays_away(cast: Cast) -> None:
    stays, goes = customers(fresh("Lübeck"), 5, 6)
    done = to_shared(cast)
    erase_customer(customer=goes.pk, reason="Auf Wunsch", actor=Scope.of_system(fresh("Lübeck"), name="test"))
    rita = cast.scope("rita", "Lübeck")
    assert not SwitchedCustomer.objects.get(switch=done, customer_id=goes.pk).number_before
    assert switching.look_back(switch=done, actor=rita).erased == 1
    undone = switching.undo(switch=done, actor=rita)
    assert undone.figures["back"]["erased"] == 1
    offline = fresh("Lübeck").base
    assert list(Customer.objects.in_base(offline).values_list("pk", flat=True)) == [stays.pk]
    assert Tombstone.objects.filter(base=offline, customer_id=goes.pk).exists()


def test_groups_and_tags_come_along_even_where_nobody_has_them(cast: Cast) -> None:
    hamburg = fresh("Hamburg")
    CustomerGroup.objects.create(base=hamburg.base, name="Firmen", discount=5)
    Tag.objects.create(base=hamburg.base, name="VIP")
    to_offline(cast, starts_with="nothing")
    base = fresh("Hamburg").base
    assert CustomerGroup.objects.get(base=base, name="Firmen").discount == 5
    assert Tag.objects.filter(base=base, name="VIP").exists()
    assert BaseSwitch.objects.get().figures["total"] == 0
