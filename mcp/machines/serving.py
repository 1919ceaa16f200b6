"""What a device that was let in asks about itself: who it is, and a new token."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from locations.models import Location
from mcp.choices import DeviceState
from mcp.isolation.scope import DeviceGone, Scope
from mcp.machines.tokens import make_token
from mcp.models import Device


def identity_of(device: Device, place: Location) -> dict[str, object]:
    """Which device it is, and where it stands. No query, where the business of the location is known."""
    business = place.organization
    return {
        "device": str(device.pk),
        "name": device.name,
        "kind": device.kind,
        "business": {"name": business.name, "account_number": business.account_number},
        "location": {"name": place.name, "client_number": place.client_number},
    }


def describe(scope: Scope) -> dict[str, object]:
    """What the device is told about itself. `renew` asks it to renew its token. No query."""
    device = _device(scope)
    return {
        **identity_of(device, scope.location),
        "rights": sorted(scope.rights),
        "renew": device.renewal_asked_at is not None,
        "version": settings.VERSION,
    }


@transaction.atomic
def rotate(scope: Scope) -> str:
    """A new token for the device. The one that it has holds until the new one is used for the first time.

    Asked again before that, as where the answer was lost, it makes another one, and the one before it never holds.
    Raises DeviceGone where the device was revoked meanwhile.
    """
    device = Device.objects.select_for_update(of=("self",)).get(pk=_device(scope).pk)
    if device.state != DeviceState.ACTIVE:
        raise DeviceGone
    token = make_token(device.organization_id)
    device.next_token, device.next_token_at = token.stored, timezone.now()
    device.save(update_fields=["next_token", "next_token_at"])
    return token.secret


def _device(scope: Scope) -> Device:
    if scope.device is None:
        raise DeviceGone
    return scope.device
