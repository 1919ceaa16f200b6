"""The table of addresses: for each address, or each model, one rule that says who is served there.

The table grants nothing. Each page asks for its rights itself, and the tests compare every page with its rule, for
every role and method. The table itself decides only two things: an address without a rule is not served, and a method
that the rule does not name is refused (mcp/isolation/address_check.py). Each app registers the rules of its pages in a
module `addresses`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from locations.permissions import Right

type Rights = tuple[Right, ...]
"""The rights that are needed; the refusal names the first one that is missing."""

FREE: Rights = ()
"""No right is needed beyond being served."""


class Zone(StrEnum):
    """The two sets of addresses (mcp.project.urls and mcp.project.location_urls)."""

    OUTSIDE = "outside"
    LOCATION = "location"


class Served(StrEnum):
    """Who is served at an address. Except for ANYBODY, somebody who is not logged in is sent to the login."""

    ANYBODY = "anybody"
    LOGGED_IN = "logged in"
    SUPPORT = "support"
    """The provider's support; to others the address does not exist."""
    DEVELOPER = "developer"
    """The provider's developers; to others the address does not exist."""
    INSIDER = "insider"
    """Whoever belongs to the business of the location, and the support; to others the address does not exist."""
    NOBODY = "nobody"
    """The admin makes the address, but there is no page."""


class Only(StrEnum):
    """Further conditions, checked after the rights."""

    SOME_RIGHT = "holds any right here"
    EVERYWHERE = "holds the right at all locations"
    AT_CENTRAL = "at the central of a group; elsewhere a 403 shows the way there"
    AT_FRANCHISE = "at a franchise; elsewhere the address does not exist"
    OWN_HOUSE = "one of the franchisee's own people"


class AtBranch(StrEnum):
    """What becomes of an address where the installation stands at a branch (SIDE=branch)."""

    CLOSED = "does not exist at a branch"
    SERVED = "served there as at the central"
    ONLY = "exists at a branch alone"


@dataclass(frozen=True)
class Rule:
    """Who may read an address (GET, HEAD) and who may send a form there (POST)."""

    name: str
    """The name of the address, as for `reverse`."""
    served: Served = Served.INSIDER
    reads: Rights | None = None
    """The rights for reading; None where there is nothing to read."""
    changes: Rights | None = None
    """The rights for sending a form; None where there is no form."""
    only: tuple[Only, ...] = ()
    only_to_change: tuple[Only, ...] = ()
    """Further conditions for sending a form; they are about the last of the rights in `changes`."""
    arguments: Mapping[str, str] = field(default_factory=dict)
    """The rule is only for the address with these arguments."""
    posted: Mapping[str, str] = field(default_factory=dict)
    """The rule is only for a form with these values; there is another one for the address without it."""
    changes_of_row: Rights = ()
    """Further rights for sending a form, by what it does with the row; checked when the row is found."""
    at_branch: AtBranch = AtBranch.CLOSED
    """`register` says it for the rules of one call."""

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that the address knows, as the header Allow names them."""
        reading = ("GET", "HEAD") if self.reads is not None else ()
        return (*reading, *(("POST",) if self.changes is not None else ()), "OPTIONS")


_rules: dict[tuple[Zone, str], list[Rule]] = {}


def register(zone: Zone, *rules: Rule, at_branch: AtBranch = AtBranch.CLOSED) -> None:
    """Add rules to the table; one for the same address, arguments and posted values replaces the earlier one.

    What does not say so is not served at a branch.
    """
    for rule in (replace(rule, at_branch=at_branch) for rule in rules):
        lines = _rules.setdefault((zone, rule.name), [])
        same = [line for line in lines if (line.arguments, line.posted) == (rule.arguments, rule.posted)]
        lines[:] = [*(line for line in lines if line not in same), rule]


def registered(zone: Zone) -> list[Rule]:
    """All rules of a zone."""
    return [rule for (where, _name), lines in _rules.items() if where is zone for rule in lines]


def rule_for(zone: Zone, name: str, arguments: Mapping[str, object]) -> Rule | None:
    """The rule of an address; None where it is not served."""
    for rule in _rules.get((zone, name), []):
        if not rule.posted and all(arguments.get(key) == value for key, value in rule.arguments.items()):
            return rule
    return None


def pages_of(
    model: str,
    *,
    view: Rights,
    add: Rights | None = None,
    change: Rights | None = None,
    delete: Rights | None = None,
    only: tuple[Only, ...] = (),
    only_to_change: tuple[Only, ...] = (),
    served: Served = Served.INSIDER,
) -> list[Rule]:
    """The rules of the five addresses that the admin makes for a model.

    An argument that is left out means that there is no such page.
    """
    all_of_them = only + only_to_change
    lines = {
        "changelist": (view, None, only, ()),
        "add": (add, add, all_of_them, ()),
        "change": (view, None if change is None else view + change, only, only_to_change),
        "delete": (delete, delete, all_of_them, ()),
        "history": (None, None, only, ()),
    }
    return [
        Rule(
            f"admin:{model}_{page}",
            Served.NOBODY if reads is None else served,
            reads,
            changes,
            only=conditions,
            only_to_change=further,
        )
        for page, (reads, changes, conditions, further) in lines.items()
    ]


# --- outside any location ---------------------------------------------------------------------------------------

register(
    Zone.OUTSIDE,
    Rule("admin:login", Served.ANYBODY, reads=FREE, changes=FREE),
    Rule("password_link", Served.ANYBODY, reads=FREE, changes=FREE),
    Rule("health", Served.ANYBODY, reads=FREE),
    Rule("set_language", Served.ANYBODY, reads=FREE, changes=FREE),
    Rule("admin:index", Served.LOGGED_IN, reads=FREE),
    Rule("admin:logout", Served.ANYBODY, changes=FREE),
    Rule("admin:password_change", Served.LOGGED_IN, reads=FREE, changes=FREE),
    Rule("admin:password_change_done", Served.LOGGED_IN, reads=FREE),
    Rule("admin:jsi18n", Served.LOGGED_IN, reads=FREE),
    at_branch=AtBranch.SERVED,
)
register(
    Zone.OUTSIDE,
    Rule("provider_login", Served.ANYBODY, reads=FREE, changes=FREE),
    Rule("password_forgotten", Served.ANYBODY, reads=FREE, changes=FREE),
    Rule("switch_location", Served.LOGGED_IN, reads=FREE),
    *pages_of("locations_organization", served=Served.SUPPORT, view=FREE, add=FREE),
    Rule("admin:locations_legacy_rules", Served.SUPPORT, reads=FREE, changes=FREE),
    Rule("admin:locations_organization_legacy_rules", Served.SUPPORT, reads=FREE, changes=FREE),
)

# --- at a location ----------------------------------------------------------------------------------------------

LOCATION: Rights = (Right.MANAGE_LOCATION,)
USERS: Rights = (Right.MANAGE_USERS,)
DEVICE_PAGES = ("edit", "code", "withdraw", "renew", "revoke")

register(
    Zone.LOCATION,
    Rule("set_language", reads=FREE, changes=FREE),
    Rule("admin:index", reads=FREE, only=(Only.SOME_RIGHT,)),
    Rule("admin:panel", reads=FREE, only=(Only.SOME_RIGHT,), arguments={"name": "waiting"}),
    Rule("admin:logout", changes=FREE),
    Rule("admin:password_change", reads=FREE, changes=FREE),
    Rule("admin:password_change_done", reads=FREE),
    Rule("admin:jsi18n", reads=FREE),
    Rule("admin:mcp_why", reads=FREE),
    *pages_of("locations_location", view=LOCATION, change=LOCATION),
    # At a branch that is paired what changes people, rights or the location is refused: it is made at the central.
    *pages_of("mcp_user", view=USERS, add=USERS, change=USERS),
    Rule("admin:mcp_user_password", reads=USERS, changes=USERS),
    Rule("admin:mcp_user_logins", reads=USERS),
    Rule("admin:mcp_own_logins", reads=FREE),
    Rule("admin:mcp_places", reads=USERS),
    Rule("admin:mcp_people", reads=USERS),
    *pages_of("mcp_usergroup", view=USERS, add=USERS, change=USERS, delete=USERS),
    Rule("admin:mcp_usergroup_rights", reads=USERS, changes=USERS),
    Rule("admin:mcp_usergroup_rights_confirm", reads=USERS, changes=USERS),
    Rule("admin:mcp_usergroup_like", reads=USERS, changes=USERS),
    Rule("admin:mcp_usergroup_rights_log", reads=(*USERS, Right.SEE_HISTORY)),
    at_branch=AtBranch.SERVED,
)
# A branch has tills of its own, which sell on account there.
register(
    Zone.LOCATION,
    Rule("admin:mcp_device_changelist", reads=LOCATION),
    Rule("admin:mcp_device_add", reads=LOCATION, changes=LOCATION),
    Rule("admin:mcp_device_change", reads=LOCATION),
    *(Rule(f"admin:mcp_device_{page}", reads=LOCATION, changes=LOCATION) for page in DEVICE_PAGES),
    at_branch=AtBranch.SERVED,
)
register(
    Zone.LOCATION,
    Rule("admin:switched", reads=FREE, only=(Only.SOME_RIGHT,)),
    Rule("admin:start", changes=FREE, only=(Only.SOME_RIGHT,)),
    Rule("admin:locations_location_add", reads=LOCATION, changes=LOCATION, only=(Only.EVERYWHERE, Only.AT_CENTRAL)),
    Rule("admin:locations_location_close", reads=LOCATION, changes=LOCATION, only=(Only.EVERYWHERE,)),
    Rule("admin:locations_location_reopen", reads=LOCATION, changes=LOCATION, only=(Only.EVERYWHERE,)),
    Rule("admin:mcp_usergroup_copy", reads=USERS, changes=USERS),
    *pages_of(
        "mcp_restriction",
        view=USERS,
        add=USERS,
        delete=USERS,
        only=(Only.AT_FRANCHISE,),
        only_to_change=(Only.OWN_HOUSE,),
    ),
    *(
        Rule(f"admin:mcp_restriction_{page}", reads=USERS, changes=USERS, only=(Only.AT_FRANCHISE, Only.OWN_HOUSE))
        for page in ("matrix", "matrix_confirm")
    ),
)
