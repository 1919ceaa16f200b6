"""Who may do what where.

    User >─ Membership ─< UserGroup ─┬─< LocationGrant      one right at one location
                                     ├─< OrganizationGrant  one right at all locations, later ones included
                                     └─< Restriction        one right that a franchisee takes away at its location

Rights come to users through user groups only. The two grant tables are guardian's object permissions with direct
foreign keys; `mcp.isolation.grants` alone writes them, `mcp.isolation.access` alone reads them. People and groups
stand in `people`, rights in `grants`, logins in `logins`, what is mailed to people in `mail`. Every row carries
its organization, and composite foreign keys keep user, group and location in the same one.
"""

from mcp.models.grants import LocationGrant, OrganizationGrant, Restriction
from mcp.models.logins import LoginAttempt, PasswordLink
from mcp.models.mail import Mail
from mcp.models.people import Membership, User, UserGroup
from mcp.models.sent import SentForm
from mcp.models.sessions import Session

__all__ = [
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
