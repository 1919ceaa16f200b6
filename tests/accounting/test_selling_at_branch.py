"""A till sells on account at its branch: what keeps it from that is said, with its remedy."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from accounting.models import BranchOrder, ToldTerms
from accounting.operations import CannotAccountFor, set_terms, switch_legacy_accounts
from accounting.operations.opening import NotOnThisBase
from clearing.models import HeldBack, OwnNode
from customers.models import CustomerRevision
from locations.choices import Side
from locations.models import Location
from locations.permissions import Right
from mcp.isolation.branch import MadeAtCentral
from mcp.isolation.scope import Scope
from tests.accounting.accounts import ADDRESS
from tests.accounting.branches import SellingSides
from tests.clearing import branches
from tests.clearing.two_sides import changed
from tests.customers.people import customer


@pytest.fixture
def sides(cast, as_owner):
    return SellingSides()


def _refused(sides: Any, key: str = "k1", **more: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        sides.sell(key, **more)
    assert len(str(refused.value.messages[0])) > len("a sentence")
    return str(refused.value.code)


def _of_guest(sides: Any, **values: Any) -> None:
    changed(sides.branch.actor, Side.BRANCH, sides.guest.uid, **values)


MISSING: dict[str, Callable[[SellingSides], object]] = {
    "accounts_switched_off": lambda sides: sides.switch(is_on=False, sides=[Side.BRANCH]),
    "branch_not_paired": lambda sides: OwnNode.objects.filter(base=sides.branch.base).update(node=None),
    "reconciled_too_long_ago": lambda sides: OwnNode.objects.filter(base=sides.branch.base).update(
        succeeded_at=timezone.now() - timedelta(hours=48, minutes=1)
    ),
    "customer_not_cleared": lambda sides: CustomerRevision.objects.filter(base=sides.branch.base).update(revision=None),
    "customer_held_back": lambda sides: HeldBack.objects.create(
        base=sides.branch.base, uid=sides.guest.uid, customer_number=1, node=sides.branch.own.node, cycle_number=1  # type: ignore[misc]
    ),
    "no_account": lambda sides: ToldTerms.objects.filter(base=sides.branch.base).delete(),
    "archived": lambda sides: _of_guest(sides, archived_at=timezone.now()),
    "blocked": lambda sides: ToldTerms.objects.filter(base=sides.branch.base).update(is_blocked=True),
    "not_on_account": lambda sides: ToldTerms.objects.filter(base=sides.branch.base).update(may_buy=False),
    "no_address": lambda sides: _of_guest(sides, street=""),
}  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("code", MISSING)
def test_what_is_missing_keeps_a_branch_from_selling_and_is_said(sides, code):
    MISSING[code](sides)
    assert _refused(sides) == code
    assert not BranchOrder.objects.exists()


@pytest.mark.django_db
def test_a_conflict_keeps_a_customer_from_buying_until_it_is_decided(sides):
    for side, scope in ((Side.CENTRAL, sides.central), (Side.BRANCH, sides.branch.actor)):
        changed(scope, side, sides.guest.uid, city=f"Ort {side}")
    sides.run()
    assert _refused(sides) == "customer_in_conflict"


@pytest.mark.django_db
def test_the_limit_counts_what_is_open_at_the_central_and_what_it_has_not_booked_yet(sides):
    sides.sell("k1", "60.00")
    sides.sell("k2", "40.00")
    assert _refused(sides, key="k3", amount="0.01") == "limit"
    sides.run()
    assert _refused(sides, key="k3", amount="0.01") == "limit"
    sides.opened(sides.guest, hard_limit=Decimal(101))
    sides.run()
    sides.sell("k3", "1.00")


@pytest.mark.django_db
def test_what_a_till_has_sold_without_a_line_is_kept_whatever_it_breaks(sides):
    OwnNode.objects.update(succeeded_at=None)
    ToldTerms.objects.all().delete()
    assert sides.sell("k1", "500.00", is_late=True).state == "waiting"
    sides.switch(is_on=False, sides=[Side.BRANCH])
    assert _refused(sides, key="k2", is_late=True) == "accounts_switched_off"


@pytest.mark.django_db
def test_the_same_key_is_the_same_order_and_another_content_is_refused(sides):
    first = sides.sell("k1")
    assert sides.sell("k1").pk == first.pk
    assert _refused(sides, amount="6.00") == "movement_key_once"
    other = sides.registered(last_name="Zweiter")
    assert _refused(sides, to=other) == "movement_key_once"


@pytest.mark.django_db
def test_a_number_of_a_till_stands_once_on_a_day(sides):
    sides.sell("k1")
    assert _refused(sides, key="k2", number="K1") == "order_number_known"
    sides.sell("k2", number="")
    sides.sell("k3", number="")


@pytest.mark.django_db
def test_nothing_of_what_was_sold_can_be_changed_by_the_role_that_serves():
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT attname FROM pg_attribute WHERE attrelid = 'accounting_branchorder'::regclass AND attnum > 0
            AND has_column_privilege('stammhaus_clearing', attrelid, attnum, 'UPDATE') ORDER BY 1"""
        )
        assert [name for (name,) in cursor.fetchall()] == [
            "decided_at", "decided_by", "is_sent", "is_told", "note", "order_id", "reasons", "run", "state",
        ]  # fmt: skip
        cursor.execute("SELECT has_table_privilege('stammhaus_clearing', 'accounting_branchorder', 'DELETE')")
        assert cursor.fetchone() == (False,)


# --- the switch -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_accounting_for_a_base_1_0_is_switched_at_the_central_by_who_manages_locations(cast, settings):
    central, place = cast.location("Zentrale"), cast.location("Lübeck")
    actor = Scope(user=cast.user("anna"), location=central, rights=frozenset({Right.MANAGE_LOCATION}))
    with pytest.raises(CannotAccountFor) as refused:
        switch_legacy_accounts(location=cast.location("Hamburg").pk, is_on=True, actor=actor)
    assert refused.value.code == "legacy_accounts_of_base"
    here = Scope(user=cast.user("anna"), location=place, rights=frozenset(Right))
    with pytest.raises(CannotAccountFor):
        switch_legacy_accounts(location=place.pk, is_on=True, actor=here)
    guest = customer(here, last_name="Gast", **ADDRESS)
    with pytest.raises(NotOnThisBase):
        set_terms(customer=guest.pk, may_buy_on_account=True, may_hold_credit=False, actor=here)
    switch_legacy_accounts(location=place.pk, is_on=True, actor=actor)
    here = Scope(user=cast.user("anna"), location=cast.location("Lübeck"), rights=frozenset(Right))
    set_terms(customer=guest.pk, may_buy_on_account=True, may_hold_credit=False, actor=here)
    switch_legacy_accounts(location=place.pk, is_on=False, actor=actor)
    assert Location.objects.get(pk=place.pk).has_legacy_accounts is False
    settings.SIDE = Side.BRANCH
    branches.pair(branches.own_node(place))
    with pytest.raises(MadeAtCentral):
        switch_legacy_accounts(location=place.pk, is_on=True, actor=actor)
