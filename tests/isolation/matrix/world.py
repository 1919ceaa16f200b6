"""The roles of the permission matrix and the rows that they ask for.

What a role holds is written down here as it is given, and not read back from the product: the expected answers
follow from this file and from the table of addresses alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from accounting.operations import ask_accounting_switch, confirm_accounting_switch
from locations.models import Location
from locations.operations import Place as Opening
from locations.permissions import Right
from mcp.central import operations
from mcp.demo import BRANCH_OFFICE, PASSWORD
from mcp.isolation import grants
from mcp.isolation.addresses import Only, Rule
from mcp.isolation.scope import Scope
from mcp.models import User, UserGroup
from tests.conftest import Browser, Cast

type Place = tuple[int, int]
"""Account number and client number, as in an address."""

CENTRAL, HAMBURG, BREMEN, FLENSBURG = (10400, 1), (10400, 2), (10400, 3), (10400, 6)
MUNICH, NO_LOCATION = (20800, 2), (10400, 99)
EXISTING = (CENTRAL, HAMBURG, BREMEN, FLENSBURG, (20800, 1), MUNICH)
WORKED_AT = (CENTRAL, BREMEN, FLENSBURG)
"""Where the single rights are held. At Hamburg only those work who hold their rights everywhere, and one more."""

ALL = frozenset(Right)
NONE: frozenset[Right] = frozenset()
OF_SUPPORT = frozenset({Right.MANAGE_LOCATION, Right.MANAGE_USERS})
RESTRICTED = frozenset({Right.VIEW_CUSTOMERS, Right.MANAGE_USERS})
"""What the franchisee takes from one of the central's user groups."""


@dataclass(frozen=True)
class Role:
    """Somebody who asks. `holds` are his rights at places, `everywhere` those at all locations of the business."""

    name: str
    client: Browser
    user: User | None = None
    account: int | None = None
    """The business he belongs to; None for the provider's people and for whoever is not logged in."""
    holds: Mapping[Place, frozenset[Right]] = field(default_factory=dict)
    everywhere: frozenset[Right] = NONE
    restricted: Mapping[Place, frozenset[Right]] = field(default_factory=dict)
    house: Place | None = None
    """The franchise of which he is one of the own people."""
    home: Place = BREMEN
    is_support: bool = False
    is_developer: bool = False
    is_logged_in: bool = True

    def __str__(self) -> str:
        return self.name

    def belongs_to(self, place: Place) -> bool:
        return place in EXISTING and (self.is_support or self.account == place[0])

    def rights_at(self, place: Place) -> frozenset[Right]:
        if not self.belongs_to(place):
            return NONE
        return self.holds.get(place, NONE) | (self.everywhere - self.restricted.get(place, NONE))

    def works_at_one_place(self) -> bool:
        return self.account == 30100 or (not self.everywhere and len(self.holds) == 1)


class World:
    """The cast and the roles; they stand while all lines of the table are asked."""

    def __init__(self, cast: Cast, log_in: Any) -> None:
        self.cast, self.log_in = cast, log_in
        self.places = {place: _location(place) for place in EXISTING}
        self.system = {place: Scope.of_system(location, name="test") for place, location in self.places.items()}
        self._keeps_accounts_of_its_own()
        self.roles = [*self._cast(), *self._singles(), *self._special()]
        for role in self.roles:
            role.client.handler = self.roles[0].client.handler  # each would load the middleware anew

    def role(self, name: str) -> Role:
        return next(role for role in self.roles if role.name == name)

    # --- roles --------------------------------------------------------------------------------------------

    def _cast(self) -> list[Role]:
        office = frozenset(BRANCH_OFFICE)
        known = self._known
        return [
            Role("anonymous", Browser(), is_logged_in=False),
            known("central", "anna", 10400, everywhere=ALL),
            known("franchisee", "frida", 10400, holds={FLENSBURG: office}, house=FLENSBURG, home=FLENSBURG),
            known("other group", "sven", 20800, everywhere=ALL),
            known("other business", "ines", 30100, everywhere=ALL),
            known("support", "rita", None, everywhere=OF_SUPPORT, is_support=True),
            known("developer", "dev", None, is_developer=True),
        ]

    def _known(self, name: str, username: str, account: int | None, **more: Any) -> Role:
        return Role(name, self.log_in(username), self.cast.user(username), account, **more)

    def _singles(self) -> list[Role]:
        """One person for each right of the catalogue, who holds that right and no other."""
        return [self._member(f"only {right}", f"only-{right}", [right], WORKED_AT) for right in Right]

    def _special(self) -> list[Role]:
        elsewhere = self._member("all rights elsewhere", "elsewhere", Right, [HAMBURG])
        return [self._member("no right", "nobody", [], []), elsewhere, *self._taken(), self._restricted()]

    def _taken(self) -> list[Role]:
        """Both held every right as they logged in and worked."""
        anna = self.cast.scope("anna", "Zentrale")
        revoked = self._member("right just revoked", "revoked", Right, WORKED_AT)
        gone = self._member("deactivated", "gone", Right, WORKED_AT)
        for role in (revoked, gone):
            assert role.client.get("/10400/3/customers/customer/").status_code == 200
        operations.change_grants(group=UserGroup.objects.get(name="revoked"), wanted=[], actor=anna)
        user = self.cast.user("gone")
        user.is_active = False
        operations.change_user(user=user, actor=anna)
        return [
            Role(revoked.name, revoked.client, revoked.user, 10400),
            Role(gone.name, gone.client, gone.user, 10400, is_logged_in=False),
        ]

    def _restricted(self) -> Role:
        """Works at the franchise with the rights of the central, less those that the franchisee took from him."""
        role = self._member("restricted by franchisee", "restricted", Right, None)
        group, frida = UserGroup.objects.get(name="restricted"), self.cast.scope("frida", "Flensburg")
        for right in sorted(RESTRICTED):
            operations.restrict(group=group, right=right, actor=frida)
        restricted = {FLENSBURG: RESTRICTED}
        return Role(role.name, role.client, role.user, 10400, {}, ALL, restricted, home=FLENSBURG)

    def _member(self, name: str, username: str, rights: Iterable[Right], places: Iterable[Place] | None) -> Role:
        """A person of Nordlicht in a user group of his own, with these rights at the places; None: everywhere."""
        held, system = frozenset(rights), self.system[CENTRAL]
        at = None if places is None else list(places)
        group = operations.create_user_group(name=username, actor=system)
        ids = [None] if at is None else [self.places[place].pk for place in at]
        grants.add_grants(group, [(right, pk) for right in held for pk in ids])
        user = operations.create_user(user=User(username=username), password=PASSWORD, actor=system)
        operations.set_memberships(user=user, groups=[group], actor=system)
        holds = {} if at is None else dict.fromkeys(at, held)
        return Role(name, self.log_in(username), user, 10400, holds, held if at is None else NONE)

    def _keeps_accounts_of_its_own(self) -> None:
        """The franchise has a ledger of its own: what it bills is served there, and what of others is not."""
        place = self.places[FLENSBURG]
        row = ask_accounting_switch(
            location=place.pk, mode="own", reason="x", actor=self.cast.scope("anna", "Zentrale")
        )
        confirm_accounting_switch(switch=row.pk, actor=self.cast.scope("frida", "Flensburg"))

    # --- places -------------------------------------------------------------------------------------------

    def home(self, role: Role, rule: Rule) -> Place:
        """Where the role is asked first: a place at which the page can be served at all."""
        if {Only.EVERYWHERE, Only.AT_CENTRAL} & set(rule.only):
            return CENTRAL
        return FLENSBURG if Only.AT_FRANCHISE in rule.only else role.home

    def open_branch(self, name: str, number: int) -> Location:
        opening = Opening(name=name, client_number=number, city="Husum", postal_code="25813")
        return operations.open_branch(place=opening, actor=self.system[CENTRAL])


def _location(place: Place) -> Location:
    return (
        Location.objects.at_address(account_number=place[0], client_number=place[1])
        .select_related("organization", "base")
        .get()
    )
