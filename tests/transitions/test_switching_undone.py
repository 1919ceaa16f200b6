"""A switch of a base 1.0 with a node is undone: both sides have the same customers after the next run."""

from __future__ import annotations

import pytest

from clearing.models import Node
from customers.erasure import erase_customer
from customers.models import Customer, CustomerRevision
from locations.choices import EditSide
from locations.models import Location
from mcp.isolation.scope import Scope
from tests.clearing.two_sides import TwoSides
from tests.conftest import Cast
from tests.transitions.switched import REASON, customers
from transitions import switching
from transitions.choices import SwitchDirection

pytestmark = pytest.mark.django_db


def test_both_sides_agree_after_a_switch_was_undone(cast: Cast, as_owner: None) -> None:
    sides = TwoSides()
    place, base = sides.central.location, sides.central.base
    stays, goes = customers(place, 11, 12)
    sides.run()
    assert sides.agree()
    rita = Scope(user=cast.user("rita"), location=place, rights=sides.central.rights)
    asked = switching.request_switch(location=place, direction=SwitchDirection.TO_SHARED, reason=REASON, actor=rita)
    Node.objects.filter(base=base).update(knows_side=EditSide.NEITHER)
    sides.run()
    for node in Node.objects.filter(base=base):
        Node.objects.filter(pk=node.pk).update(acknowledged=node.decided)
    done = switching.execute(switch=asked, actor=rita)
    shared = Scope.of_system(Location.objects.select_related("organization", "base").get(pk=place.pk), name="test")
    Customer.objects.filter(base=shared.base, pk=stays.pk).update(city="Kiel")
    erase_customer(customer=goes.pk, reason="Auf Wunsch", actor=shared)
    back = switching.look_back(switch=done, actor=rita)
    assert (back.total, back.erased) == (1, 1)
    switching.undo(switch=done, actor=rita)
    assert list(Customer.objects.in_base(base).values_list("customer_number", "city")) == [(11, "Kiel")]
    assert CustomerRevision.objects.get(base=base, uid=goes.uid).is_erased
    sides.run()
    assert sides.agree()
