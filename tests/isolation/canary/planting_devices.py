"""Devices of a business in each state, and webhooks of them, with canaries in all their words."""

from __future__ import annotations

from typing import Any

from api.models import Webhook
from mcp.models import Device, DeviceCode
from tests.clearing.people import NOON
from tests.isolation.canary.canaries import Canary

OF_USE = ("token", "next_token", "program")
OF_ITS_END = ("revoked_by", "revoked_reason")


def plant_devices(business: Any) -> None:
    """At each location one that waits for its code, one in use, and one that was revoked."""
    nothing = dict.fromkeys((*OF_USE, *OF_ITS_END), "") | {"revoked_at": None, "state": "waiting"}
    group = business.rows["mcp.UserGroup"][0]
    for at, place in enumerate(business.locations):
        owner = {"organization": business.organization, "location": place, "group": group}
        names = [f"{_word(business, 'name')}-{at}-{state}" for state in ("waiting", "active", "revoked")]
        waiting, active, revoked = (business.row(Device, **owner, **nothing, name=name) for name in names)
        business.row(
            DeviceCode, organization=business.organization, device=waiting, used_at=None, withdrawn_at=None, nonce=None
        )
        _webhooks(business, owner, active)
        words = {name: f"{_word(business, name)}-{at}"[:64] for name in OF_USE}
        Device.objects.filter(pk=active.pk).update(state="active", enrolled_at=NOON, **words)
        words = {name: _word(business, name) for name in OF_ITS_END}
        Device.objects.filter(pk=revoked.pk).update(state="revoked", revoked_at=NOON, **words)


def _webhooks(business: Any, owner: dict[str, Any], device: Device) -> None:
    """One in use that fails, and one that was ended."""
    word = business.canaries.word(Canary(business.account, "api.Webhook", "url")).lower()
    for state in ("active", "ended"):
        business.row(
            Webhook, organization=owner["organization"], location=owner["location"], device=device, state="active",
            url=f"https://{word}.example.com/",
            ended_at=None, ended_by="", changed_in=0, last_customer=0, failures=1, last_status=500, last_error="status",
        )  # fmt: skip
        if state == "ended":
            made = business.rows["api.Webhook"][-1]
            ender = business.canaries.word(Canary(business.account, "api.Webhook", "ended_by"))
            Webhook.objects.filter(pk=made.pk).update(state="ended", ended_at=NOON, ended_by=ender)


def _word(business: Any, column: str) -> str:
    word: str = business.canaries.word(Canary(business.account, "mcp.Device", column))
    return word
