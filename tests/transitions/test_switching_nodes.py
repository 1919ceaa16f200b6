"""Switching a base 1.0 that nodes work with: they hear of it, fall silent, and go on where it is undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from clearing.branch import running, site
from clearing.branch.talking import CentralRefused
from clearing.choices import CONFLICT_KINDS, NodeState
from clearing.models import Conflict, HeldBack, Node
from clearing.protocol.site import Site
from customers.edit_side import EditedAtOtherSide, standing
from customers.models import Consent, Customer
from customers.operations import register_customer
from locations.choices import EditSide, Side
from locations.models import CustomerBase
from mcp.central import operations as central
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.clearing import pairs
from tests.clearing.conftest import *  # noqa: F403 - the fixtures of a pair
from tests.conftest import Cast, forget_author
from tests.transitions.switched import asked_to_offline, asked_to_shared, customers
from transitions import switching
from transitions.choices import SwitchState

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _sites_are_taken(monkeypatch: pytest.MonkeyPatch, small_runs: Any) -> None:
    """Of what the central tells, the branch takes the side on which customers are edited."""

    def taken(told: Site, *, actor: Scope) -> None:
        forget_author()
        pairs.small_site(told, actor=actor)
        with row_scope.rows_of(actor):
            site._take_edit_side(told.edit_side, actor)

    monkeypatch.setattr(running, "apply_site", taken)


def side(base: CustomerBase) -> str:
    return CustomerBase.objects.values_list("edit_side", flat=True).get(pk=base.pk)


def test_a_node_hears_of_it_falls_silent_and_goes_on_where_it_is_undone(pair: Any, cast: Cast) -> None:
    pair.run()
    rita, offline = cast.scope("rita", "Lübeck"), pair.there.base
    before = side(offline)
    asked = asked_to_shared(cast)
    assert side(offline) == EditSide.NEITHER
    seen = switching.look(switch=asked, actor=rita)
    assert ["has not heard yet" in str(one) for one in seen.obstacles] == [True]
    with pytest.raises(ValidationError, match="has not heard yet"):
        switching.execute(switch=asked, actor=rita)
    pair.run()
    assert (pair.node.knows_side, side(pair.fresh.base)) == (EditSide.NEITHER, EditSide.NEITHER)
    assert switching.look(switch=asked, actor=rita).is_free
    done = switching.execute(switch=asked, actor=rita)
    with pytest.raises(CentralRefused) as refused:
        pair.run()
    assert refused.value.code == "switched"
    assert "2.0" in str(pair.fresh.failure)
    assert side(pair.fresh.base) == EditSide.NEITHER
    undone = switching.undo(switch=done, actor=cast.scope("rita", "Lübeck"))
    assert (undone.state, side(offline)) == (SwitchState.UNDONE, before)
    pair.run()
    assert side(pair.fresh.base) == before
    assert pair.node.state == NodeState.PAIRED


def test_cancelled_the_base_is_written_again(pair: Any, cast: Cast) -> None:
    before = side(pair.there.base)
    asked = asked_to_shared(cast)
    off = switching.cancel(switch=asked, actor=cast.scope("rita", "Lübeck"))
    assert (off.state, side(pair.there.base)) == (SwitchState.CANCELLED, before)
    pair.run()
    assert side(pair.fresh.base) == before


def test_ended_for_good_the_pairing_is_over(pair: Any, cast: Cast) -> None:
    pair.run()
    asked = asked_to_shared(cast)
    pair.run()
    with pytest.raises(ValidationError, match="being switched"):
        central.choose_edit_side(location=asked.location, side=EditSide.BOTH, actor=cast.scope("anna", "Zentrale"))
    done = switching.execute(switch=asked, actor=cast.scope("rita", "Lübeck"))
    ended = switching.end(switch=done, actor=cast.scope("rita", "Lübeck"))
    assert ended.state == SwitchState.SETTLED
    assert pair.node.state == NodeState.RETIRED
    assert not CustomerBase.objects.get(pk=ended.source_id).has_node
    for step in (switching.undo, switching.end):
        with pytest.raises(ValidationError):
            step(switch=ended, actor=cast.scope("rita", "Lübeck"))


def test_nothing_is_written_in_a_base_that_is_switched(pair: Any, cast: Cast) -> None:
    luebeck = cast.location("Lübeck")
    CustomerBase.objects.filter(pk=luebeck.base_id).update(edit_side=EditSide.BOTH)
    (one,) = customers(luebeck, 31)
    said = Consent.objects.get(customer=one)
    asked = asked_to_shared(cast)
    base = CustomerBase.objects.get(pk=luebeck.base_id)
    for here in Side:
        found = standing(base)
        assert found is not None
        assert type(found)(found.edited_at, here).sentence
        assert found.is_closed
    with pytest.raises(EditedAtOtherSide):
        register_customer(customer=Customer(last_name="Neu"), actor=cast.system("Lübeck"))
    with pytest.raises(IntegrityError), transaction.atomic():
        Customer.objects.filter(pk=one.pk, base=base).update(city="Kiel")
    said.pk, said.at = None, said.recorded_at
    said.is_given = False
    with pytest.raises(IntegrityError), transaction.atomic():
        said.save(force_insert=True)
    switching.cancel(switch=asked, actor=cast.scope("rita", "Lübeck"))
    Customer.objects.filter(pk=one.pk, base=base).update(city="Kiel")


def test_what_is_open_is_decided_before(pair: Any, cast: Cast) -> None:
    base, node = pair.there.base, pair.node
    named: dict[str, Any] = {"base": base, "uid": node.pk, "customer_number": 1, "name": "x"}
    rows: list[Callable[[], Any]] = [
        lambda: Conflict.objects.create(**named, kind=CONFLICT_KINDS[0][0]),
        lambda: HeldBack.objects.create(**named, node=node, cycle_number=1, record={}),
    ]
    for made in rows:
        with transaction.atomic():
            made()
            with pytest.raises(ValidationError, match="conflicts are open"):
                asked_to_shared(cast)
            transaction.set_rollback(True)
    Node.objects.filter(pk=node.pk).update(knows_side=EditSide.NEITHER)
    asked = asked_to_shared(cast)
    rita = cast.scope("rita", "Lübeck")
    assert switching.look(switch=asked, actor=rita).is_free
    for values in ({"waiting": 3}, {"held_back": 1}, {"decided": 2, "acknowledged": 1}, {"state": "quarantined"}):
        with transaction.atomic():
            Node.objects.filter(pk=node.pk).update(**values)
            assert not switching.look(switch=asked, actor=rita).is_free, values
            transaction.set_rollback(True)


def test_a_shared_base_1_0_is_not_taken_from_under_a_switch(pair: Any, cast: Cast) -> None:
    """Kiel shares the base of Lübeck: it goes along, and cannot be asked for meanwhile."""
    asked_to_shared(cast)
    with pytest.raises(ValidationError, match="under way"):
        asked_to_shared(cast, "Kiel")


def test_to_offline_is_refused_where_its_base_is_in_use_at_a_branch(pair: Any, cast: Cast) -> None:
    hamburg = cast.location("Hamburg")
    hamburg.branch_number = cast.location("Lübeck").branch_number
    hamburg.save(update_fields=["branch_number"])
    with pytest.raises(ValidationError, match="edited at the branch"):
        asked_to_offline(cast)
    asked_to_offline(cast, starts_with="nothing")
