"""The rows that addresses name: one of each kind at every place, made when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.utils import timezone

from customers.operations import archive_customers
from customers.transfer import uploads
from customers.transfer.reading import Reading
from locations import operations as opening
from locations.permissions import Right
from mcp import grants, operations
from mcp.demo import PASSWORD
from mcp.models import User, UserGroup
from mcp.scope import Scope
from tests.customers import people
from tests.customers.transfer import table
from tests.isolation.matrix.world import ALL, CENTRAL, MUNICH, Place, Role, World

MISSING: dict[str, Any] = {"upload": UUID(int=7)}
NO_ROW = 999_999_999
FILE = table(["Kundennummer", "Name"], ["", "Aus der Datei"])


class Rows:
    """`get(kind, …)` gives the id; a row of a kind at a place is the same for every role but for uploads."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._made: dict[tuple[str, Any], Any] = {}

    def own(self, kind: str, role: Role, place: Place) -> Any:
        """The row that exists there. At a place that does not exist, or is somebody else's, it is that of Munich."""
        there = place if place in self.world.places else MUNICH
        if kind == "upload":
            return self._once((kind, role.name, there), lambda: self.upload(role, there))
        makers: dict[str, Callable[[Place], Any]] = {
            "customer": lambda at: people.customer(self._system(at)).pk,
            "archived": self._archived,
            "customergroup": lambda at: people.group(self._system(at), "Gast").pk,
            "tag": lambda at: people.tag(self._system(at), "VIP").pk,
            "usergroup": self._user_group,
            "user": self._user,
            "location": lambda at: self.world.places[at].pk,
            "open branch": lambda at: self._branch(at, is_closed=False),
            "closed branch": lambda at: self._branch(at, is_closed=True),
            "restriction": lambda at: self._restriction(),
            "business": lambda at: self.world.places[at].organization_id,
        }
        return self._once((kind, _shared_by(kind, there)), lambda: makers[kind](there))

    def foreign(self, kind: str) -> Any:
        """The same of another business."""
        return missing(kind) if kind == "restriction" else self.own(kind, self.world.role("other group"), MUNICH)

    def _once(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def _system(self, place: Place) -> Scope:
        return self.world.system[place]

    def _archived(self, place: Place) -> int:
        gone = people.customer(self._system(place), last_name="Weg")
        archive_customers(customers=[gone.pk], reason="Verzogen", actor=self._system(place))
        return gone.pk

    def _user_group(self, place: Place) -> int:
        """A group without members that the location manages itself; it may view customers there."""
        location, head = self.world.places[place], self._system((place[0], 1))
        group = operations.create_user_group(name=f"Aushilfe {location.name}", owner=location, actor=head)
        grants.add_grants(group, [(Right.VIEW_CUSTOMERS, location.pk)])
        return group.pk

    def _user(self, place: Place) -> int:
        location = self.world.places[place]
        user = User(username=f"kollege-{location.client_number}", location=location)
        return operations.create_user(user=user, password=PASSWORD, actor=self._system(place)).pk

    def _branch(self, place: Place, *, is_closed: bool) -> int:
        """At the central a branch of its own for this; elsewhere nobody sees another location than that itself."""
        if place != CENTRAL:
            return self.world.places[place].pk
        branch = self.world.open_branch("Husum" if is_closed else "Sylt", 20 + is_closed)
        if is_closed:
            opening.close_location(location=branch, at=timezone.now())
        return branch.pk

    def _restriction(self) -> int:
        frida = self.world.cast.scope("frida", "Flensburg")
        group = UserGroup.objects.get(name="Auskunft Bremen")
        return operations.restrict(group=group, right=Right.RUN_REPORTS, actor=frida).pk

    def upload(self, role: Role, place: Place) -> UUID:
        """A file that has been previewed and waits for the confirmation: of this person, or where he does not belong
        of somebody of that business, since the database takes no other.
        """
        location = self.world.places[place]
        user = role.user if role.account == place[0] else location.organization.users.first()
        actor = Scope(user=user, location=location, rights=ALL)
        made = uploads.receive_upload(name="kunden.csv", content=FILE, actor=actor)
        targets = ["customer_number", "last_name"]
        uploads.choose_columns(upload=made, targets=targets, reading=Reading(), actor=actor)
        uploads.check_upload(upload=made, actor=actor)
        return made.pk


def _shared_by(kind: str, place: Place) -> Any:
    """The row is the same at a place, in a business, or, of what only the one franchise has, everywhere."""
    if kind == "restriction":
        return None
    return place[0] if kind in {"customer", "archived", "customergroup", "tag", "business"} else place


def missing(kind: str) -> Any:
    return MISSING.get(kind, NO_ROW)
