"""Branches that reconcile: their pages show the own business and location, and each step asks for its right."""

from __future__ import annotations

import io
import uuid
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.test import override_settings

from clearing.branch import by_stick as sticks_at_branch
from clearing.branch import pairing as at_branch
from clearing.branch import starting
from clearing.branch.running import NotPaired
from clearing.central import by_stick as sticks_at_central
from clearing.central import pairing, quarantine, telling
from clearing.choices import RIGHTS_TO_PAIR, CycleState
from clearing.models import Alarm, AlarmRecipient, Cycle, HeldBack, Node, OwnNode
from clearing.protocol.keys import PrivateKey
from clearing.protocol.stick import Direction, StickHeader
from clearing.protocol.stick_problems import WrongReceiver
from customers.imports.branch_numbers import BranchNumbers, demand_apart
from locations.choices import BaseKind
from locations.models import CustomerBase, Location
from locations.permissions import Right
from mcp.isolation.scope import MissingRight, Scope
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import CANARY, HAMBURG, HEAD, World

LUEBECK, PAGE = "/10400/4", "/clearing/node/"
NOTHING = "00000000-0000-4000-8000-000000000000"


def _node(location: Location, name: str) -> Node:
    return Node.objects.create(
        organization=location.organization, base=location.base, location=location, name=name, receipt="0" * 64
    )


def _run(node: Node) -> Cycle:
    return Cycle.objects.create(base=node.base, node=node, number=987_654, state=CycleState.ARRIVING)


@probe
def nodes_are_of_the_own_business_and_location(world: World) -> None:
    own, other = _node(world.place("Lübeck"), "Unsere Kasse"), _node(world.place("Kiel"), "Kasse in Kiel")
    foreign = _node(world.foreign_place, CANARY)
    there, here = world.text("anna", f"{HEAD}{PAGE}"), world.text("anna", f"{LUEBECK}{PAGE}")
    assert "Unsere Kasse" in there
    assert "Kasse in Kiel" in there
    assert "Unsere Kasse" in here
    assert "Kasse in Kiel" not in here
    assert CANARY not in there + here
    assert world.get("anna", f"{LUEBECK}{PAGE}{own.pk}/").status_code == 200
    for node, place in ((other, LUEBECK), (foreign, LUEBECK), (foreign, HEAD)):
        for page in ("", "retire/"):
            assert world.get("anna", f"{place}{PAGE}{node.pk}/{page}").status_code == 404
    assert world.get("anna", f"{HEAD}{PAGE}{own.pk}/retire/").status_code == 404
    assert world.get("anna", f"{LUEBECK}{PAGE}{NOTHING}/").status_code == 404


@probe
def runs_are_of_the_own_base(world: World) -> None:
    own = _run(_node(world.place("Lübeck"), "Unsere Kasse"))
    foreign = _run(_node(world.foreign_place, CANARY))
    assert world.get("anna", f"{LUEBECK}{PAGE}run/{own.pk}/").status_code == 200
    assert world.get("anna", f"{LUEBECK}{PAGE}run/{foreign.pk}/").status_code == 404
    assert world.get("anna", f"{LUEBECK}{PAGE}run/{NOTHING}/").status_code == 404


@probe
def who_may_not_view_customers_reads_no_name_in_a_run(world: World) -> None:
    run = _run(_node(world.place("Lübeck"), "Unsere Kasse"))
    HeldBack.objects.create(
        base=run.base, uid=uuid.uuid4(), customer_number=1, name="Erika Gehalten", node=run.node, cycle_number=987_654
    )
    assert "Erika Gehalten" in world.text("anna", f"{LUEBECK}{PAGE}run/{run.pk}/")
    assert "Erika Gehalten" not in world.text("rita", f"{LUEBECK}{PAGE}run/{run.pk}/")


@probe
def heirs_are_named_by_support_alone(world: World) -> None:
    node = _node(world.place("Lübeck"), "Unsere Kasse")
    Node.objects.filter(pk=node.pk).update(state="quarantined")
    assert world.post("anna", f"{LUEBECK}{PAGE}{node.pk}/release/", {"heir": "known"}).status_code == 404
    assert world.get("anna", f"{LUEBECK}{PAGE}{node.pk}/release/").status_code == 404
    with refused(PermissionDenied):
        quarantine.release(node=node, heir=quarantine.Heir.KNOWN, actor=world.scope("anna", "Lübeck"))
    assert world.post("rita", f"{LUEBECK}{PAGE}{node.pk}/release/", {"heir": "known"}).status_code == 302
    assert Node.objects.get(pk=node.pk).state == "paired"


@probe
def steps_of_pairing_ask_for_their_right(world: World) -> None:
    luebeck = bare(world, "Lübeck", Right.VIEW_CUSTOMERS)
    node = _node(luebeck.location, "Unsere Kasse")
    own = OwnNode(base=luebeck.base, organization=luebeck.organization, location=luebeck.location)
    nothing: Any = None  # it is not read before the right is asked for
    calls: list[Any] = [
        lambda: pairing.make_pairing_code(location=luebeck.location, actor=luebeck),
        lambda: pairing.withdraw_pairing_code(location=luebeck.location, actor=luebeck),
        lambda: quarantine.retire(node=node, actor=luebeck),
        lambda: telling.choose_mail(is_wanted=True, actor=luebeck),
        lambda: starting.clear_now(actor=luebeck),
        lambda: at_branch.pair(own, code="", central_url="", machine="", actor=luebeck),
        lambda: at_branch.keep_pairing(own, nothing, actor=luebeck),
    ]
    for call in calls:
        with refused(MissingRight):
            call()


@probe
def a_code_is_of_the_location_where_one_works(world: World) -> None:
    managing = bare(world, "Lübeck", *RIGHTS_TO_PAIR)
    for elsewhere in (world.place("Kiel"), world.foreign_place):
        with refused(Location.DoesNotExist):
            pairing.make_pairing_code(location=elsewhere, actor=managing)


@probe
def what_stays_paired_keeps_the_base_for_its_branches(world: World) -> None:
    """The node of another base says nothing about this one."""
    managing: Scope = bare(world, "Lübeck", Right.MANAGE_LOCATION)
    node, base = _node(managing.location, "Unsere Kasse"), managing.base
    _node(world.foreign_place, CANARY)
    base.has_node = True
    base.save(update_fields=["has_node"])
    quarantine.retire(node=node, actor=managing)
    base.refresh_from_db()
    assert not base.has_node


@probe
def the_page_of_a_branch_is_of_its_own_base(world: World) -> None:
    place, here = world.foreign_place, world.place("Lübeck")
    theirs = CustomerBase.objects.create(organization=place.organization, kind=BaseKind.OFFLINE, branch_number=7)
    owned = {"organization": place.organization, "base": theirs, "location": place}
    foreign = Node.objects.create(**owned, name=CANARY, receipt="0" * 64)
    OwnNode.objects.create(**owned, node=foreign, central_url=f"https://{CANARY}")
    _run(foreign)
    with refused(NotPaired):
        starting.clear_now(actor=bare(world, "Lübeck", Right.CLEAR))
    with override_settings(SIDE="branch"):
        assert CANARY not in world.text("anna", f"{LUEBECK}{PAGE}own/")
        OwnNode.objects.create(
            base=here.base, organization=here.organization, location=here, node=_node(here, "Unsere Kasse")
        )
        page = world.text("anna", f"{LUEBECK}{PAGE}own/")
    assert "987" not in page


@probe
def pages_of_nodes_name_the_missing_right(world: World) -> None:
    for page, right in [
        ("", Right.MANAGE_LOCATION), ("code/", Right.MANAGE_LOCATION), ("mail/", Right.MANAGE_LOCATION),
        ("code/withdraw/", Right.MANAGE_LOCATION),
        (f"{NOTHING}/", Right.MANAGE_LOCATION), (f"run/{NOTHING}/", Right.MANAGE_LOCATION), ("own/", Right.CLEAR),
    ]:  # fmt: skip
        answer = world.get("schwach", f"{HAMBURG}{PAGE}{page}")
        assert answer.status_code == 403, page
        assert answer.context["right"] == right.label, page


@probe
def alarms_are_those_of_the_own_business(world: World) -> None:
    own, foreign = _node(world.place("Lübeck"), "Unsere Kasse"), _node(world.foreign_place, CANARY)
    for node, kind in ((own, "late"), (foreign, "disk")):
        Alarm.objects.create(organization=node.organization, base=node.base, node=node, kind=kind)
    panel = world.text("anna", f"{HEAD}/overview/branches/")
    assert "show=late" in panel
    assert "show=disk" not in panel
    assert "show=disk" not in world.text("anna", f"{HEAD}{PAGE}")


@probe
def mail_about_alarms_is_chosen_by_each_for_himself(world: World) -> None:
    _node(world.place("Lübeck"), "Unsere Kasse")
    theirs = world.south.user
    assert theirs is not None
    AlarmRecipient.objects.create(organization=world.south.organization, user=theirs)
    assert 'value="on"' in world.text("anna", f"{HEAD}{PAGE}")
    telling.choose_mail(is_wanted=False, actor=world.scope("anna", "Zentrale"))
    assert AlarmRecipient.objects.filter(user=theirs).exists()


@probe
def client_numbers_of_another_business_say_nothing(world: World) -> None:
    place = world.foreign_place
    Location.objects.filter(pk=place.pk).update(client_number=43_210)
    demand_apart([BranchNumbers(43_210, 43_211)], world.scope("anna", "Lübeck"))


@probe
def sticks_are_of_the_location_and_take_the_right_to_reconcile(world: World) -> None:
    page, luebeck = f"{LUEBECK}{PAGE}own/stick/", world.place("Lübeck")
    without = [right for right in Right if right is not Right.CLEAR]
    nobody, nothing = bare(world, "Lübeck", *without), io.BytesIO(b"")
    calls: list[Any] = [
        lambda: sticks_at_central.take_in(file=nothing, actor=nobody),
        lambda: sticks_at_central.answer(run=uuid.UUID(NOTHING), actor=nobody),
        lambda: sticks_at_branch.prepare(actor=nobody),
        lambda: sticks_at_branch.written(actor=nobody),
        lambda: sticks_at_branch.take_in(file=nothing, actor=nobody),
    ]
    for call in calls:
        with refused(MissingRight):
            call()
    assert world.get("anna", page).status_code == 200
    own, foreign = _answered(luebeck, "Unsere Kasse"), _answered(world.foreign_place, CANARY)
    kiel = _answered(world.place("Kiel"), "Kasse in Kiel")
    assert world.get("anna", f"{page}{own.pk}/").status_code == 200
    for address in (page, f"{page}{own.pk}/"):
        assert world.get("rita", address).status_code == 403
    shown = world.text("anna", page)
    assert f"{own.pk}" in shown
    managing = bare(world, "Lübeck", Right.CLEAR)
    for run in (foreign, kiel):
        assert world.get("anna", f"{page}{run.pk}/").status_code == 404
        assert f"{run.pk}" not in shown
        with refused(ObjectDoesNotExist):
            sticks_at_central.answer(run=run.pk, actor=managing)
        with refused(WrongReceiver):
            sticks_at_central._node_of(StickHeader(1, 1, run.node_id, 2, Direction.TO_CENTRAL), managing)
    found = sticks_at_central._node_of(StickHeader(1, 1, own.node_id, 2, Direction.TO_CENTRAL), managing)
    assert found.pk == own.node_id


def _answered(location: Location, name: str) -> Cycle:
    """A run whose answer nobody has fetched."""
    run = _run(_node(location, name))
    counts = {"sent": 0, "applied": 0, "same": 0, "conflict": 0, "held_back": 0}
    Cycle.objects.filter(pk=run.pk).update(state=CycleState.DECIDED, receipt="0" * 64, counts=counts)
    Node.objects.filter(pk=run.node_id).update(decided=run.number, public_key=PrivateKey.make().public.text)
    return run


@probe
def page_of_a_location_names_those_that_share_its_base_alone(world: World) -> None:
    shown = world.text("anna", f"{HEAD}/locations/location/{world.place('Lübeck').pk}/change/")
    assert "Das gilt auch für Kiel: Der Kundenstamm ist derselbe." in shown
