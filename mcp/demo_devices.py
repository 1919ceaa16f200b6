"""The devices of the demo: at Hamburg a till, a program of others, one that waits, and one that was revoked."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pghistory

from locations.permissions import Right
from mcp.central.operations import create_user_group
from mcp.choices import DeviceKind
from mcp.isolation import access, grants
from mcp.isolation.scope import Scope
from mcp.machines import admitted, enrol
from mcp.machines.operations import create_device, revoke_device
from mcp.models import Device, User, UserGroup

ACCOUNT, CENTRAL, HAMBURG = 10400, 1, 2
OF_TILLS = (Right.VIEW_CUSTOMERS, Right.SEE_CONTACT_DATA, Right.ADD_CUSTOMERS, Right.CHANGE_CUSTOMERS)
GROUP = "Kassen und Schnittstellen"


def build_devices(now: datetime) -> None:
    """Made by Anna, as people make them. Runs in a transaction that sees all businesses, after the cast is there."""
    anna, at_central = _anna(HAMBURG), _anna(CENTRAL)
    with pghistory.context(**at_central.history()):
        group = create_user_group(name=GROUP, description="Was Geräte an ihrem Standort dürfen", actor=at_central)
        grants.add_grants(group, [(right, None) for right in OF_TILLS])
    _in_use(DeviceKind.TILL, "Kasse 1", group, "Kassenprogramm 3.2", used_at=now - timedelta(minutes=4), actor=anna)
    _in_use(DeviceKind.INTEGRATION, "Webshop", group, "Shopware 6.6", used_at=now - timedelta(days=41), actor=anna)
    gone = _in_use(
        DeviceKind.TILL, "Kasse 2", group, "Kassenprogramm 3.1", used_at=now - timedelta(days=12), actor=anna
    )
    with pghistory.context(**anna.history()):
        create_device(kind=DeviceKind.COUNTER, name="Tablet an der Theke", group=group, actor=anna)
        revoke_device(device=gone, reason="Beim Einbruch gestohlen", actor=anna)


def _anna(place: int) -> Scope:
    user = User.objects.get(username="anna", organization__account_number=ACCOUNT)
    return access.scope_at(user, account_number=ACCOUNT, client_number=place)


def _in_use(kind: DeviceKind, name: str, group: UserGroup, program: str, *, used_at: datetime, actor: Scope) -> Device:
    """A device that was set up with its code, and was here last at this time."""
    with pghistory.context(**actor.history()):  # not around the rest, which the device does itself
        device, code = create_device(kind=kind, name=name, group=group, actor=actor)
    enrolled = enrol(code, nonce=uuid4(), program=program)
    admitted(enrolled.token, (ACCOUNT, HAMBURG), client="192.0.2.17", program=program)
    Device.objects.filter(pk=device.pk).update(used_at=used_at, enrolled_at=used_at - timedelta(days=3))
    return device
