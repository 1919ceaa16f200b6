"""Who crawls, where, and what he may read of what is planted."""

from __future__ import annotations

import re

from tests.isolation.canary.canaries import Canary
from tests.isolation.canary.crawler import Role

NORDLICHT, SUEDSTERN, CAFE = 10400, 20800, 30100
EVERYWHERE = tuple(f"/{NORDLICHT}/{number}/" for number in range(1, 7))

SUPPORT_READS = {
    "locations.Organization": {"name"},
    "locations.Location": {"name", "street", "postal_code", "city"},
    "locations.LegacySwitch": {"reason"},
}
"""What the provider's support may read of any business, wherever businesses and locations are chosen."""
SUPPORT_READS_THERE = {
    **SUPPORT_READS,
    "mcp.User": {"username", "first_name", "last_name", "email"},
    "mcp.UserGroup": {"name", "description"},
    "mcp.Device": {"name", "program", "made_by", "revoked_by", "revoked_reason"},
    "api.Webhook": {"url", "made_by", "ended_by"},
    "transitions.Transition": {"receiver_name", "requested_by", "note"},
    "transitions.TransitionStep": {"user_name", "location_name", "note", "told"},
    "transitions.BaseSwitch": {"reason", "requested_by", "signed_by"},
    "transitions.SwitchStep": {"user_name", "note", "told"},
    "transitions.JoiningWord": {"sender_name", "user_name", "note"},
    "accounting.AccountingSwitch": {"reason", "asked_by", "decided_by", "note"},
    "clearing.Node": {"name", "paired_by", "program", "state_reason"},
    "clearing.Cycle": {"failure"},
}
"""What support may read at the locations of a business: of this one alone, to help its people back in, and to say which
of two copies of a branch goes on."""
GROUP_JOINED = ("locations.Organization", "name")
"""Of another business: of the group that somebody joins, whose number support has entered there."""

WHO_CHANGED_IT = ("pghistory.Context", "metadata")
"""The name of whoever of the business has changed a password or an address, on the page of the person's logins; and of
whoever has switched a rule of 1.0, on the page of these rules."""


def account_of(address: str) -> int | None:
    """The business to whose locations an address belongs, if to any."""
    match = re.match(r"/(\d+)/\d+/", address)
    return int(match[1]) if match else None


def support_may_read(canary: Canary, address: str) -> bool:
    account = account_of(address)
    if account is None and "/legacy/" in address and (canary.table, canary.column) == WHO_CHANGED_IT:
        return True
    if account is None:
        return canary.column in SUPPORT_READS.get(canary.table, ())
    if "/transitions/transition/" in address and (canary.table, canary.column) == GROUP_JOINED:
        return True
    if account == canary.account and address.endswith("/logins/") and (canary.table, canary.column) == WHO_CHANGED_IT:
        return True
    return account == canary.account and canary.column in SUPPORT_READS_THERE.get(canary.table, ())


def suedstern_may_read(canary: Canary, _address: str) -> bool:
    return canary.account == SUEDSTERN


def of_nordlicht(name: str, *places: str, is_stranger: bool = False) -> Role:
    return Role(name, places, foreign=(SUEDSTERN, CAFE), own=(NORDLICHT,), is_stranger=is_stranger)


ROLES = {
    role.name: role
    for role in (
        of_nordlicht("anonymous", EVERYWHERE[0], is_stranger=True),
        of_nordlicht("anna", *EVERYWHERE),
        of_nordlicht("bodo", *EVERYWHERE[1:3], EVERYWHERE[0]),
        of_nordlicht("carla", *EVERYWHERE[2:0:-1]),
        of_nordlicht("dirk", *EVERYWHERE[3:5]),
        of_nordlicht("frida", *EVERYWHERE[5:3:-1]),
        of_nordlicht("nora", *EVERYWHERE[:2]),
        Role("sven", tuple(f"/{SUEDSTERN}/{n}/" for n in (1, 2, 3)), foreign=(NORDLICHT, CAFE), own=(SUEDSTERN,)),
        Role("ines", (f"/{CAFE}/2/",), foreign=(NORDLICHT, SUEDSTERN), own=(CAFE,)),
        Role(
            "rita",
            (*EVERYWHERE[::5], f"/{SUEDSTERN}/1/", f"/{CAFE}/2/"),
            foreign=(NORDLICHT, SUEDSTERN, CAFE),
            own=(),
            may_read=support_may_read,
        ),
        Role("dev", EVERYWHERE[:1], foreign=(NORDLICHT, SUEDSTERN, CAFE), own=(), is_stranger=True),
    )
}
"""Everybody of the cast; `nora` is somebody of Nordlicht without any right."""

TWIN = Role("sven (twin)", (f"/{SUEDSTERN}/1/",), foreign=(SUEDSTERN,), own=(NORDLICHT,), may_read=suedstern_may_read)
"""Reads the canaries of his own business, to show that those of another would be found."""
