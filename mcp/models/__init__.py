"""Who may do what where.

    User >─ Membership ─< UserGroup ─┬─< LocationGrant      one right at one location
                                     ├─< OrganizationGrant  one right at all locations, later ones included
                                     └─< Restriction        one right that a franchisee takes away at its location

Rights come to users through user groups only. The two grant tables are guardian's object permissions with direct
foreign keys; only `mcp.isolation.grants` writes them, and only `mcp.isolation.access` reads them. Every row has its
organization, and composite foreign keys keep user, group and location in the same one.

`people`: users and user groups. `grants`: rights. `logins`: login attempts and links for passwords. `mail`: the outbox.
`sessions`: who is logged in. `devices`: machines. `sent`: forms that were sent.
"""

from mcp.models.devices import Device, DeviceCode, DevicePace
from mcp.models.grants import LocationGrant, OrganizationGrant, Restriction
from mcp.models.logins import LoginAttempt, PasswordLink
from mcp.models.mail import Mail
from mcp.models.people import Membership, User, UserGroup
from mcp.models.sent import SentForm
from mcp.models.sessions import Session

__all__ = [
    "Device",
    "DeviceCode",
    "DevicePace",
    "LocationGrant",
    "LoginAttempt",
    "Mail",
    "Membership",
    "OrganizationGrant",
    "PasswordLink",
    "Restriction",
    "SentForm",
    "Session",
    "User",
    "UserGroup",
]
