"""Devices: their pages show the own business and location, each step asks for its right, and none gives away more."""

from __future__ import annotations

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied

from files.quota import within_quota
from locations.permissions import OF_DEVICES, Right
from mcp.choices import DeviceKind
from mcp.isolation.scope import MissingRight, Scope
from mcp.machines import operations
from mcp.machines.operations import OnlyAtLocation
from mcp.models import Device, UserGroup
from mcp.worker.somebody import for_somebody
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import BREMEN, CANARY, FLENSBURG, HAMBURG, HEAD, World
from tests.mcp.devices import device_at

LIST = "/mcp/device/"
NOTHING = "00000000-0000-4000-8000-000000000000"


def _without_rights(world: World) -> UserGroup:
    return world.cast.group("Lübeck")


def _device(world: World, place: str, name: str = "Kasse") -> Device:
    return device_at(world.place(place), _without_rights(world), name=name)[0]


@probe
def devices_are_of_the_own_business_and_location(world: World) -> None:
    own, other = _device(world, "Hamburg", "Kasse an der Elbe"), _device(world, "Bremen", "Kasse an der Weser")
    foreign, _token = device_at(world.foreign_place, world.foreign_group, name=f"{CANARY}nkasse")
    there, here = world.text("anna", f"{HEAD}{LIST}"), world.text("anna", f"{HAMBURG}{LIST}")
    assert "Kasse an der Elbe" in there
    assert "Kasse an der Weser" in there
    assert "Kasse an der Elbe" in here
    assert "Kasse an der Weser" not in here
    assert CANARY not in there + here
    assert world.get("anna", f"{HAMBURG}{LIST}{own.pk}/").status_code == 200
    for device, place in ((other, HAMBURG), (foreign, HAMBURG), (foreign, HEAD)):
        for page in ("", "edit/", "revoke/"):
            assert world.get("anna", f"{place}{LIST}{device.pk}/{page}").status_code == 404
    assert world.get("anna", f"{HAMBURG}{LIST}{NOTHING}/").status_code == 404


@probe
def devices_are_seen_as_far_as_locations_are_managed(world: World) -> None:
    _device(world, "Hamburg")
    foreign, _token = device_at(world.foreign_place, world.foreign_group)
    head = bare(world, "Zentrale", Right.MANAGE_LOCATION)
    assert list(operations.visible_devices(head)) == []
    everywhere = operations.visible_devices(world.scope("anna", "Zentrale"))
    assert everywhere.count() == Device.objects.of_organization(head.organization).count() > 0
    assert foreign not in everywhere
    assert not operations.visible_devices(bare(world, "Hamburg")).exists()


@probe
def pages_of_devices_ask_for_the_right(world: World) -> None:
    device = _device(world, "Hamburg")
    for page in ("", "new/", f"{device.pk}/", f"{device.pk}/edit/", f"{device.pk}/revoke/"):
        answer = world.get("bodo", f"{HAMBURG}{LIST}{page}")
        assert answer.status_code == 403, page
        assert str(Right.MANAGE_LOCATION.label) in answer.content.decode()


@probe
def the_history_of_a_device_is_shown_to_who_may_see_it(world: World) -> None:
    device = _device(world, "Hamburg")
    assert "Angelegt, mit der Benutzergruppe" in world.text("anna", f"{HAMBURG}{LIST}{device.pk}/")
    assert "Angelegt, mit der Benutzergruppe" not in world.text("rita", f"{HAMBURG}{LIST}{device.pk}/")


@probe
def steps_of_devices_ask_for_the_right(world: World) -> None:
    device, group = _device(world, "Hamburg"), _without_rights(world)
    weak = bare(world, "Hamburg", Right.VIEW_CUSTOMERS)
    with refused(MissingRight):
        operations.create_device(kind=DeviceKind.TILL, name="Neu", group=group, actor=weak)
    for step in (
        lambda: operations.change_device(device=device, name="Neu", actor=weak),
        lambda: operations.show_code(device=device, actor=weak),
        lambda: operations.withdraw_code(device=device, actor=weak),
        lambda: operations.ask_renewal(device=device, actor=weak),
        lambda: operations.revoke_device(device=device, reason="x", actor=weak),
    ):
        with refused(MissingRight):
            step()


@probe
def nobody_lets_a_device_do_what_he_may_not_do(world: World) -> None:
    """Support manages locations, and no customers."""
    rita = bare(world, "Hamburg", Right.MANAGE_LOCATION, Right.MANAGE_USERS, who="rita")
    device = _device(world, "Hamburg")
    strong, _token = device_at(world.place("Hamburg"), world.theke, name="Kasse 9")
    with refused(MissingRight):
        operations.create_device(kind=DeviceKind.TILL, name="Neu", group=world.theke, actor=rita)
    with refused(MissingRight):
        operations.change_device(device=device, group=world.theke, actor=rita)
    with refused(MissingRight):
        operations.show_code(device=strong, actor=rita)
    operations.show_code(device=device, actor=rita)
    assert world.theke not in operations.offered_groups(rita)
    assert world.theke in operations.offered_groups(world.scope("anna", "Hamburg"))


@probe
def user_groups_that_are_offered_are_of_the_business_and_place(world: World) -> None:
    offered = operations.offered_groups(world.scope("anna", "Hamburg"))
    assert world.foreign_group not in offered
    assert world.team not in offered
    own = UserGroup.objects.get(pk=world.team.pk)
    assert own in operations.offered_groups(world.scope("frida", "Flensburg"))
    for path in (f"{HAMBURG}{LIST}new/", f"{BREMEN}{LIST}new/"):
        page = world.text("anna", path)
        assert CANARY not in page
        assert world.team.name not in page
    assert world.team.name in world.text("frida", f"{FLENSBURG}{LIST}new/")


@probe
def a_device_of_another_place_is_left_alone(world: World) -> None:
    anna, other = world.scope("anna", "Hamburg"), _device(world, "Bremen")
    foreign, _token = device_at(world.foreign_place, world.foreign_group)
    for device in (other, foreign):
        with refused(ObjectDoesNotExist):
            operations.revoke_device(device=device, reason="x", actor=anna)
    head = world.scope("anna", "Zentrale")
    with refused(OnlyAtLocation):
        operations.show_code(device=other, actor=head)
    operations.revoke_device(device=other, reason="Gestohlen", actor=head)


@probe
def a_device_is_no_person(world: World) -> None:
    device = _device(world, "Hamburg")
    scope = Scope(user=None, device=device, location=world.place("Hamburg"), rights=OF_DEVICES)
    with refused(PermissionDenied):
        for_somebody(scope)
    with refused(PermissionDenied):
        list(within_quota([b"x"], upload=world.upload, actor=scope))
