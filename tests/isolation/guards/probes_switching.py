"""Switches between the customer bases 2.0 and 1.0: support asks and carries out, a developer signs, nobody else."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied

from locations.permissions import Right
from mcp.isolation.scope import Scope
from tests.isolation.guards.probes_leaving import FAR
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import BREMEN, CANARY, HAMBURG, HEAD, SOUTHERN, World
from transitions import switching
from transitions.choices import SwitchDirection
from transitions.models import BaseSwitch

PAGES = "transitions/transition/switches"
SIGNING = "/transitions/baseswitch"


def _support(world: World, place: str, account: int = 10400) -> Scope:
    return world.cast.scope("rita", place, account)


def _asked(world: World, place: str, account: int = 10400, **more: Any) -> BaseSwitch:
    rita = _support(world, place, account)
    given: dict[str, Any] = {"location": rita.location, "direction": SwitchDirection.TO_OFFLINE, "starts_with": "home"}
    return switching.request_switch(**{**given, "reason": CANARY, "actor": rita, **more})


@probe
def switches_are_asked_for_and_carried_out_by_support_alone(world: World) -> None:
    asked = _asked(world, "Bremen")
    anna = world.scope("anna", "Bremen")
    steps = (switching.execute, switching.undo, switching.end, switching.cancel, switching.execute_now)
    for step in (*steps, switching.look, switching.look_back):
        with refused(PermissionDenied):
            step(switch=asked, actor=anna)
    with refused(PermissionDenied):
        _asked(world, "Hamburg", actor=world.scope("anna", "Hamburg"))
    with refused(PermissionDenied):
        _asked(world, "Hamburg", location=world.cast.location("München", SOUTHERN))
    foreign = _asked(world, "München", SOUTHERN)
    for step in (switching.execute, switching.cancel):
        with refused(PermissionDenied):
            step(switch=foreign, actor=_support(world, "Bremen"))


@probe
def switches_are_signed_by_a_developer_alone(world: World) -> None:
    asked, dev = _asked(world, "Bremen"), world.cast.user("dev")
    back = _asked(world, "Lübeck", direction=SwitchDirection.TO_SHARED, starts_with="")
    for name in ("rita", "anna"):
        with refused(PermissionDenied):
            switching.sign(switch=asked.pk, developer=world.cast.user(name))
        with refused(PermissionDenied):
            switching.to_be_signed(developer=world.cast.user(name))
        with refused(PermissionDenied):
            switching.has_signed(switch=asked.pk, developer=world.cast.user(name))
        for address in (f"{SIGNING}/", f"{SIGNING}/{asked.pk}/"):
            assert world.get(name, address).status_code == 404
        assert world.post(name, f"{SIGNING}/{asked.pk}/", {}).status_code == 404
        assert SIGNING not in world.text(name, "/?all=1")
    with refused(PermissionDenied):
        switching.sign(switch=back.pk, developer=dev)
    assert world.get("dev", f"{SIGNING}/{asked.pk}/").status_code == 200
    assert world.get("dev", f"{SIGNING}/{FAR}/").status_code == 404


@probe
def pages_of_switches_are_seen_where_the_location_is_managed(world: World) -> None:
    asked, foreign = _asked(world, "Bremen"), _asked(world, "München", SOUTHERN)
    for place in (HEAD, BREMEN):
        assert f"/{asked.pk}/" in world.text("anna", f"{place}/{PAGES}/")
        assert world.get("anna", f"{place}/{PAGES}/{asked.pk}/").status_code == 200
    assert f"/{foreign.pk}/" not in world.text("anna", f"{HEAD}/{PAGES}/")
    assert f"/{asked.pk}/" not in world.text("anna", f"{HAMBURG}/{PAGES}/")
    for place, pk in ((HEAD, foreign.pk), (HEAD, FAR), (HAMBURG, asked.pk)):
        assert world.get("anna", f"{place}/{PAGES}/{pk}/").status_code == 404
        assert world.post("rita", f"{place}/{PAGES}/{pk}/step/", {"step": "cancel"}).status_code == 404
    for page in ("", f"{asked.pk}/"):
        assert world.get("carla", f"{BREMEN}/{PAGES}/{page}").status_code == 403
    assert not switching.visible_switches(bare(world, "Zentrale", Right.CARRY_OVER)).exists()


@probe
def steps_of_switches_exist_for_support_alone(world: World) -> None:
    asked = _asked(world, "Bremen")
    address = f"{BREMEN}/{PAGES}/{asked.pk}/step/"
    assert world.post("anna", address, {"step": "cancel"}).status_code == 404
    assert world.get("anna", f"{HAMBURG}/{PAGES}/request/").status_code == 404
    assert world.post("rita", address, {"step": "fly"}).status_code == 404
