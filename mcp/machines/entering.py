"""How a device is let in: by the token that it shows with each request, at the address of its own location.

A device that has renewed its token has two of them that hold, until the new one is used for the first time. Then the
old one is dead, and this is where that happens.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from mcp.isolation import access, row_scope
from mcp.isolation.branch import has_customers_here
from mcp.isolation.scope import Scope
from mcp.machines.problems import NotAdmitted, NotThere, OnOldBase
from mcp.machines.tokens import business_of, hashes_of
from mcp.models import Device
from mcp.models.devices import LONGEST_PROGRAM

type Address = tuple[int, int]
"""Account number and client number."""

NOTED_EVERY = timedelta(minutes=1)
"""How often at most it is written down that a device was here."""


def admitted(token: str, address: Address, *, client: str | None = None, program: str = "") -> Scope:
    """The scope of the device whose token this is, at its own address; `client` is its IP address.

    Raises NotAdmitted without a token that holds, whether or not the address exists; NotThere at any other address, and
    where its location is closed; OnOldBase where that works with a customer base 1.0.
    """
    organization = business_of(token)
    if organization is None:
        raise NotAdmitted
    hashes = hashes_of(token)
    with row_scope.rows_of_organization(organization):
        device = _device(hashes)
        if device is None:
            raise NotAdmitted
        place = device.location
        if (place.organization.account_number, place.client_number) != address or place.closed_at is not None:
            raise NotThere
        if not has_customers_here(place):
            raise OnOldBase
        place.base.organization = device.organization = place.organization  # keys of the tables say so
        _note_use(device, hashes, client=client, program=program)
        return Scope(user=None, device=device, location=place, rights=access.rights_of_device(device, place))


def _device(hashes: list[str]) -> Device | None:
    devices = Device.objects.select_related("location__organization", "location__base", "group")
    return devices.filter(Q(token__in=hashes) | Q(next_token__in=hashes)).first()


def _note_use(device: Device, hashes: list[str], *, client: str | None, program: str) -> None:
    """Note that the device was here; the old token dies with the first use of the new one."""
    now = timezone.now()
    used: dict[str, object] = {
        "used_at": now,
        "address": client,
        "program": program[:LONGEST_PROGRAM] or device.program,
    }
    if device.token != hashes[0]:  # the new one, or one that was hashed by an earlier key of this installation
        _become_current(device, hashes, used)
    elif device.used_at is None or now - device.used_at >= NOTED_EVERY:
        _note(device, used)


def _become_current(device: Device, hashes: list[str], used: dict[str, object]) -> None:
    """From now on the device has this token alone. Raises NotAdmitted where it was given another one meanwhile."""
    stored = Device.objects.select_for_update(of=("self",)).get(pk=device.pk)
    if stored.next_token in hashes:
        used |= {"next_token": "", "next_token_at": None, "renewal_asked_at": None}
    elif stored.token not in hashes:
        raise NotAdmitted
    _note(device, {**used, "token": hashes[0]})


def _note(device: Device, values: dict[str, object]) -> None:
    """Written only as long as the device is not revoked."""
    Device.objects.standing().filter(pk=device.pk).update(**values)
    for field, value in values.items():
        setattr(device, field, value)
