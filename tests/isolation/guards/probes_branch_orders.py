"""What branches with a customer base 1.0 sell: who switches it on, who leaves an order out, and whose it is."""

from __future__ import annotations

from decimal import Decimal
from uuid import uuid4

from django.core.exceptions import ObjectDoesNotExist
from django.utils import timezone

from accounting.at_branch.leaving_out import leave_out
from accounting.at_branch.selling import sell_at_branch
from accounting.models import BranchOrder
from accounting.operations import Line, switch_legacy_accounts
from locations.permissions import Right
from mcp.isolation import grants
from mcp.isolation.scope import MissingRight, Scope
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import BREMEN, CANARY, World

PAGES = "/accounting/accountterms/branch/"


def sold(scope: Scope, number: str = "1") -> BranchOrder:
    """An order that waits at this location."""
    return BranchOrder.objects.create(
        organization=scope.organization, base=scope.base, location=scope.location, key=str(uuid4()), uid=uuid4(),
        number=number, business_day=timezone.localdate(), total=Decimal(5), is_sent=True,
    )  # fmt: skip


@probe
def accounting_of_a_base_1_0_takes_the_right_to_manage_locations(world: World) -> None:
    nobody = bare(world, "Zentrale", *set(Right) - {Right.MANAGE_LOCATION}, who="anna")
    with refused(MissingRight):
        switch_legacy_accounts(location=world.place("Lübeck").pk, is_on=True, actor=nobody)
    with refused(ObjectDoesNotExist):
        switch_legacy_accounts(
            location=world.south.location.pk, is_on=True, actor=bare(world, "Zentrale", *Right, who="anna")
        )


@probe
def an_order_of_a_branch_is_left_out_by_who_may_correct_at_its_location(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    order, elsewhere, foreign = sold(here), sold(world.scope("anna", "Bremen")), sold(world.south)
    with refused(MissingRight):
        leave_out(order=order.pk, note="x", actor=bare(world, "Hamburg", *set(Right) - {Right.CORRECT_ACCOUNTS}))
    for one in (elsewhere, foreign):
        with refused(ObjectDoesNotExist):
            leave_out(order=one.pk, note="x", actor=here)


@probe
def a_branch_sells_with_the_right_to_book_sales(world: World) -> None:
    with refused(MissingRight):
        sell_at_branch(
            customer=1, number="1", total=Decimal(1), key="k", actor=bare(world, "Lübeck"),
            lines=[Line(text="x", quantity=Decimal(1), amount=Decimal(1), vat_rate=Decimal(7))],
        )  # fmt: skip


@probe
def orders_of_branches_are_seen_by_who_sees_accounts_there(world: World) -> None:
    """Carla is given one right after the other; of another base and location nothing is seen."""
    order = sold(world.scope("anna", "Bremen"))
    other, foreign = sold(world.scope("anna", "Hamburg"), CANARY), sold(world.south, CANARY)
    group, bremen = world.cast.group("Auskunft Bremen"), world.place("Bremen").pk
    page, one = f"{BREMEN}{PAGES}", f"{BREMEN}{PAGES}{order.pk}/"
    assert world.get("carla", page).status_code == 403
    grants.add_grants(group, [(Right.SEE_ACCOUNTS, bremen)])
    assert [world.get("carla", address).status_code for address in (page, one)] == [200, 403]
    grants.add_grants(group, [(Right.CORRECT_ACCOUNTS, bremen)])
    assert world.get("carla", one).status_code == 200
    assert CANARY not in world.get("carla", page).content.decode()
    for stranger in (other, foreign):
        assert world.get("carla", f"{BREMEN}{PAGES}{stranger.pk}/").status_code == 404
