"""Who is served at which address: one table, a line for each address or for the addresses of a model.

The table opens nothing. Each page asks for its rights itself, and the tests hold every page to its line, for every
role and every method. What the table does decide: an address without a line is not served, and a method that its line
does not know is refused (mcp/isolation/address_check.py). Each app registers the lines of its pages in a module
`addresses`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from locations.permissions import Right

type Rights = tuple[Right, ...]
"""What must be held; of several that are missing the refusal names the first."""

FREE: Rights = ()
"""No right: whoever is served at all."""


class Zone(StrEnum):
    """The two sets of addresses (mcp.project.urls and mcp.project.location_urls)."""

    OUTSIDE = "outside"
    LOCATION = "location"


class Served(StrEnum):
    """To whom an address exists. Anonymous visitors are sent to the login by all but the first."""

    ANYBODY = "anybody"
    LOGGED_IN = "logged in"
    SUPPORT = "support"
    """The provider's support; to others the address does not exist."""
    INSIDER = "insider"
    """Whoever belongs to the business of the location, and the support; to others the address does not exist."""
    NOBODY = "nobody"
    """The admin makes the address, the product has no such page."""


class Only(StrEnum):
    """What else must be true, asked after the rights."""

    SOME_RIGHT = "holds any right here"
    EVERYWHERE = "holds the right at all locations"
    AT_CENTRAL = "at the central of a group; elsewhere a 403 shows the way there"
    AT_FRANCHISE = "at a franchise; elsewhere the address does not exist"
    OWN_HOUSE = "one of the franchisee's own people"


@dataclass(frozen=True)
class Rule:
    """One line: who may read the address (GET, HEAD) and who may change something there (POST)."""

    name: str
    """The name of the address, as for `reverse`."""
    served: Served = Served.INSIDER
    reads: Rights | None = None
    """What reading needs; None: there is nothing to read."""
    changes: Rights | None = None
    """What sending a form needs; None: there is no form."""
    only: tuple[Only, ...] = ()
    only_to_change: tuple[Only, ...] = ()
    """What else must be true of whoever sends a form; asked about the last right that sending it needs."""
    arguments: Mapping[str, str] = field(default_factory=dict)
    """The line holds for the address with these arguments alone."""
    posted: Mapping[str, str] = field(default_factory=dict)
    """The line holds for a form that says this; the address has a line without it as well."""
    changes_of_row: Rights = ()
    """What sending a form needs besides, by what it would do with the row; asked when the row is found."""

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that the address knows, as the header Allow names them."""
        reading = ("GET", "HEAD") if self.reads is not None else ()
        return (*reading, *(("POST",) if self.changes is not None else ()), "OPTIONS")


_rules: dict[tuple[Zone, str], list[Rule]] = {}


def register(zone: Zone, *rules: Rule) -> None:
    """Add lines to the table; a line registered again replaces the earlier one."""
    for rule in rules:
        lines = _rules.setdefault((zone, rule.name), [])
        same = [line for line in lines if (line.arguments, line.posted) == (rule.arguments, rule.posted)]
        lines[:] = [*(line for line in lines if line not in same), rule]


def registered(zone: Zone) -> list[Rule]:
    """All lines of a zone."""
    return [rule for (where, _name), lines in _rules.items() if where is zone for rule in lines]


def rule_for(zone: Zone, name: str, arguments: Mapping[str, object]) -> Rule | None:
    """The line of an address, or None: then it is not served."""
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
    """The five addresses that the admin makes for a model. What is left out has no page."""
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
    Rule("provider_login", Served.ANYBODY, reads=FREE, changes=FREE),
    Rule("password_forgotten", Served.ANYBODY, reads=FREE, changes=FREE),
    Rule("password_link", Served.ANYBODY, reads=FREE, changes=FREE),
    Rule("health", Served.ANYBODY, reads=FREE),
    Rule("set_language", Served.ANYBODY, reads=FREE, changes=FREE),
    Rule("switch_location", Served.LOGGED_IN, reads=FREE),
    Rule("admin:index", Served.LOGGED_IN, reads=FREE),
    Rule("admin:logout", Served.ANYBODY, changes=FREE),
    Rule("admin:password_change", Served.LOGGED_IN, reads=FREE, changes=FREE),
    Rule("admin:password_change_done", Served.LOGGED_IN, reads=FREE),
    Rule("admin:jsi18n", Served.LOGGED_IN, reads=FREE),
    *pages_of("locations_organization", served=Served.SUPPORT, view=FREE, add=FREE),
)

# --- at a location ----------------------------------------------------------------------------------------------

LOCATION: Rights = (Right.MANAGE_LOCATION,)
USERS: Rights = (Right.MANAGE_USERS,)

register(
    Zone.LOCATION,
    Rule("set_language", reads=FREE, changes=FREE),
    Rule("admin:index", reads=FREE, only=(Only.SOME_RIGHT,)),
    Rule("admin:panel", reads=FREE, only=(Only.SOME_RIGHT,), arguments={"name": "waiting"}),
    Rule("admin:switched", reads=FREE, only=(Only.SOME_RIGHT,)),
    Rule("admin:start", changes=FREE, only=(Only.SOME_RIGHT,)),
    Rule("admin:logout", changes=FREE),
    Rule("admin:password_change", reads=FREE, changes=FREE),
    Rule("admin:password_change_done", reads=FREE),
    Rule("admin:jsi18n", reads=FREE),
    Rule("admin:mcp_why", reads=FREE),
    *pages_of("locations_location", view=LOCATION, change=LOCATION),
    Rule("admin:locations_location_add", reads=LOCATION, changes=LOCATION, only=(Only.EVERYWHERE, Only.AT_CENTRAL)),
    Rule("admin:locations_location_close", reads=LOCATION, changes=LOCATION, only=(Only.EVERYWHERE,)),
    Rule("admin:locations_location_reopen", reads=LOCATION, changes=LOCATION, only=(Only.EVERYWHERE,)),
    *pages_of("mcp_user", view=USERS, add=USERS, change=USERS),
    Rule("admin:mcp_user_password", reads=USERS, changes=USERS),
    Rule("admin:mcp_user_logins", reads=USERS),
    Rule("admin:mcp_own_logins", reads=FREE),
    Rule("admin:mcp_places", reads=USERS),
    Rule("admin:mcp_people", reads=USERS),
    *pages_of("mcp_usergroup", view=USERS, add=USERS, change=USERS, delete=USERS),
    Rule("admin:mcp_usergroup_rights", reads=USERS, changes=USERS),
    Rule("admin:mcp_usergroup_rights_confirm", reads=USERS, changes=USERS),
    Rule("admin:mcp_usergroup_copy", reads=USERS, changes=USERS),
    Rule("admin:mcp_usergroup_like", reads=USERS, changes=USERS),
    Rule("admin:mcp_usergroup_rights_log", reads=(*USERS, Right.SEE_HISTORY)),
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
