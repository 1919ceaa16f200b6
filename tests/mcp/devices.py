"""Devices in tests: brought to their states by the steps of the product."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from locations.models import Location
from mcp.choices import DeviceKind
from mcp.machines.tokens import make_token
from mcp.models import Device, UserGroup


def device_at(place: Location, group: UserGroup, *, name: str = "Kasse 1", **more: Any) -> tuple[Device, str]:
    """A device in use and the token that it shows."""
    device = Device.objects.create(
        organization=place.organization, location=place, name=name, group=group, made_by="Anna Andresen",
        **({"kind": DeviceKind.TILL} | more),
    )  # fmt: skip
    token = make_token(place.organization_id)
    device.state, device.token, device.enrolled_at = "active", token.stored, timezone.now()
    device.save(update_fields=["state", "token", "enrolled_at"])
    return device, token.secret
