"""What branches with a customer base 1.0 sell: who switches it on, who leaves an order out, and whose it is."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.test import override_settings
from django.utils import timezone

from accounting.at_branch.contents import order_told, result_told
from accounting.at_branch.leaving_out import leave_out
from accounting.at_branch.matters import customers_kept
from accounting.at_branch.posting import take_orders
from accounting.at_branch.selling import sell_at_branch
from accounting.at_branch.sending import apply_told, offer_again, orders_to_send
from accounting.models import BranchOrder, ToldTerms
from accounting.operations import Line, set_terms, switch_legacy_accounts
from clearing.models import Conflict, Cycle, HeldBack, Node, OwnNode
from clearing.travelling import Arrival
from customers.models import CustomerRevision
from locations.models import Location
from locations.operations import Place, open_location
from locations.permissions import Right
from mcp.isolation import grants
from mcp.isolation.scope import MissingRight, Scope
from mcp.stored_sentences import Sentences
from tests.accounting.accounts import ADDRESS, guest
from tests.api.money import order as till_order
from tests.customers.people import customer
from tests.isolation.guards.probes_api import till_at
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import BREMEN, CANARY, HEAD, World

PAGES = "/accounting/accountterms/branch/"


def sold(scope: Scope, number: str = "1", **values: Any) -> BranchOrder:
    """An order that waits at this location."""
    values = {"key": str(uuid4()), "uid": uuid4(), "is_sent": True, "total": Decimal(5)} | values
    return BranchOrder.objects.create(
        organization=scope.organization, base=scope.base, location=scope.location, number=number,
        business_day=timezone.localdate(), **values,
    )  # fmt: skip


def node_of(scope: Scope) -> Node:
    return Node.objects.create(
        organization=scope.organization, base=scope.base, location=scope.location, name="Kasse", receipt="0" * 64
    )


def accounted(world: World, place: str = "Lübeck") -> Scope:
    """The system at this location, with Accounting for customer base 1.0 switched on."""
    Location.objects.filter(pk=world.place(place).pk).update(has_legacy_accounts=True)
    return world.cast.system(place)


def told(node: Node, uid: UUID, limit: int) -> None:
    ToldTerms.objects.create(
        base_id=node.base_id, node=node, uid=uid, may_buy=True, hard_limit=Decimal(limit), open_amount=Decimal(0)
    )


LINE = Line(text="x", quantity=Decimal(1), amount=Decimal(5), vat_rate=Decimal(7))


@probe
def accounting_of_a_base_1_0_takes_the_right_to_manage_locations(world: World) -> None:
    nobody = bare(world, "Zentrale", *set(Right) - {Right.MANAGE_LOCATION}, who="anna")
    with refused(MissingRight):
        switch_legacy_accounts(location=world.place("Lübeck").pk, is_on=True, actor=nobody)
    support = bare(world, "Zentrale", *Right, who="rita")
    with refused(ValidationError, code="legacy_accounts_by_person"):
        switch_legacy_accounts(location=world.place("Lübeck").pk, is_on=True, actor=support)
    head = bare(world, "Zentrale", *Right, who="anna")
    with refused(ObjectDoesNotExist):
        switch_legacy_accounts(location=world.south.location.pk, is_on=True, actor=head)
    with refused(ValidationError, code="legacy_accounts_of_base"):
        switch_legacy_accounts(location=world.place("Hamburg").pk, is_on=True, actor=head)
    guest(world.scope("anna", "Hamburg"), last_name="Hat ein Konto")
    with refused(ValidationError, code="ledger_of_shared_base"):
        set_terms(customer=1, may_buy_on_account=True, may_hold_credit=True, actor=world.cast.system("Lübeck"))
    open_location(
        organization=world.south.organization, place=Place(name=f"{CANARY}stand", client_number=77), offline=True
    )
    assert CANARY not in world.get("anna", f"{HEAD}/accounting/accountterms/switches/").content.decode()


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
    order = sold(world.scope("anna", "Bremen"), uid=guest(world.south, last_name=CANARY).uid)
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


@probe
def orders_that_arrive_are_of_their_base_and_location(world: World) -> None:
    """Somebody of another business has the same uid, was erased there, and another location has the same key."""
    here = accounted(world)
    stranger = guest(world.south, last_name=CANARY)
    CustomerRevision.objects.create(
        base=world.south.base, uid=(erased := uuid4()), sequence=1, is_erased=True, is_deleted=True
    )
    keys = {}
    for uid in (stranger.uid, erased):
        sold(world.cast.system("Kiel"), "", key=(key := str(uuid4())), uid=uid)
        wanted = BranchOrder(
            key=key, uid=uid, number="1", business_day=timezone.localdate(), total=Decimal(5),
            lines=[{"text": "x", "quantity": "1", "amount": "5.00", "vat_rate": "7.00"}],
        )  # fmt: skip
        keys[key] = order_told(wanted)
    cycle: Any = SimpleNamespace(number=1)
    taken = take_orders(list(keys.values()), Arrival(cycle, node_of(here), here, again=False))
    assert (taken.applied, taken.same, taken.held_back) == (0, 0, 2)
    rows = BranchOrder.objects.filter(location=here.location, key__in=keys)
    assert {row.uid for row in rows} == {stranger.uid, erased}
    assert {row.reasons[0]["code"] for row in rows} == {"branchorder_not_there"}
    assert customers_kept(world.cast.system("Hamburg").base, [stranger.uid, erased]) == set()


@probe
def a_branch_sells_by_what_is_of_its_own_base(world: World) -> None:
    here = accounted(world)
    buyer = customer(here, last_name="Kauft", **ADDRESS)
    CustomerRevision.objects.filter(base=here.base, uid=buyer.uid).update(revision=1)
    node, foreign = node_of(here), node_of(world.south)
    told(node_of(here), buyer.uid, 0)
    told(node, buyer.uid, 10)
    OwnNode.objects.create(
        base=here.base, organization=here.organization, location=here.location, node=node, succeeded_at=timezone.now()
    )
    run = Cycle.objects.create(base=world.south.base, node=foreign, number=1, state="arriving")
    about = {"base": world.south.base, "uid": buyer.uid, "customer_number": 1, "name": "x"}
    Conflict.objects.create(**about, cycle=run, kind="both_changed")
    HeldBack.objects.create(**about, node=foreign, cycle_number=1)
    sold(world.south, uid=buyer.uid, total=Decimal(8))
    said: dict[str, Any] = {"customer": buyer.pk, "number": "", "total": Decimal(5), "lines": [LINE], "actor": here}
    with override_settings(SIDE="branch"):
        sell_at_branch(**said, key="1")
        CustomerRevision.objects.filter(base=here.base, uid=buyer.uid).update(revision=None)
        CustomerRevision.objects.create(base=world.south.base, uid=buyer.uid, customer_number=1, revision=1, sequence=1)
        with refused(ValidationError, code="customer_not_cleared"):
            sell_at_branch(**said, key="5")
        CustomerRevision.objects.filter(base=here.base, uid=buyer.uid).update(revision=1)
        with refused(ObjectDoesNotExist):
            sell_at_branch(**said | {"customer": world.foreign_customers[0].pk}, key="2")
        with refused(ValidationError):
            sell_at_branch(**said | {"total": Decimal(4)}, key="3")
        with refused(ValidationError, code="limit"):
            sell_at_branch(**said | {"total": Decimal(10), "lines": [LINE, LINE]}, key="4")


@probe
def a_till_of_a_branch_is_told_of_the_account_with_the_right_to_see_it(world: World) -> None:
    here = accounted(world)
    buyer = customer(here, last_name="Kauft", **ADDRESS)
    CustomerRevision.objects.filter(base=here.base, uid=buyer.uid).update(revision=1)
    node = node_of(here)
    told(node, buyer.uid, 20)
    OwnNode.objects.create(
        base=here.base, organization=here.organization, location=here.location, node=node, succeeded_at=timezone.now()
    )
    sells = (Right.VIEW_CUSTOMERS, Right.POST_TO_ACCOUNTS)
    with override_settings(SIDE="branch"):
        for rights, sees in (((*sells, Right.SEE_ACCOUNTS), True), (sells, False)):
            till = till_at(world, *rights, place="Lübeck", name=f"Kasse {len(rights)}")
            answer = till.post(f"customers/{buyer.customer_number}/orders", till_order("5.00"))
            assert answer.status_code == 202
            assert ("left" in answer.json(), "open_amount" in answer.json()) == (sees, sees)


@probe
def a_branch_sends_what_it_has_sold_itself(world: World) -> None:
    here, kiel = world.cast.system("Lübeck"), world.cast.system("Kiel")
    _ours, theirs = (sold(scope, key="k", is_sent=False) for scope in (here, kiel))
    assert len(list(orders_to_send(here))) == 1
    cycle: Any = SimpleNamespace(number=3, node_id=node_of(here).pk)
    apply_told([result_told("k", "posted", Sentences())], cycle, here)
    BranchOrder.objects.filter(pk=theirs.pk).update(is_sent=True, run=3)
    offer_again(here, 3)
    assert list(BranchOrder.objects.filter(key="k").order_by("pk").values_list("state", "is_sent")) == [
        ("posted", True), ("waiting", True),
    ]  # fmt: skip
    offer_again(here, 2)
    assert list(BranchOrder.objects.filter(key="k").order_by("pk").values_list("is_sent", flat=True)) == [False, True]
