"""The cast with data that could leak: the other business has the same names and numbers, and texts with a canary."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import pghistory
from django.contrib.messages.storage.fallback import FallbackStorage
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest, SimpleCookie
from django.test import Client, RequestFactory

from customers.imports import lifecycle, receive
from customers.models import Customer, CustomerGroup, ImportUpload, Tag
from customers.operations import archive_customers
from locations.models import Location
from locations.operations import Place
from locations.permissions import Right
from mcp.central import operations
from mcp.isolation import grants
from mcp.isolation.scope import Scope
from mcp.models import Restriction, User, UserGroup
from tests.conftest import Cast, LogIn, forget_author
from tests.customers.people import customer, group, purpose, says, tag
from tests.customers.transfer import kept_export

CANARY = "Kanarie"
HEAD, HAMBURG, BREMEN, FLENSBURG, SOUTH = "/10400/1", "/10400/2", "/10400/3", "/10400/6", "/20800/1"
MISSING = 999_999
PASSWORD = "Sauerteig-und-Butter-7"
FILE = b"Kundennummer;Nachname\r\n;Importiert\r\nx;Falsch\r\n"
NORTH, SOUTHERN = 10400, 20800
EVERYTHING_BUT_VIEW = [right for right in Right if right not in {Right.VIEW_CUSTOMERS, Right.MANAGE_USERS}]


class World:
    """Everything that a probe needs, by name; what begins with `foreign` belongs to Südstern."""

    def __init__(self, cast: Cast, log_in: LogIn) -> None:
        self.cast = cast
        self._people()
        self._customers()
        self._uploads()
        self._exports()
        names = User.objects.values_list("username", flat=True)
        self._clients: dict[str, Client] = {name: log_in(name) for name in names}

    def _people(self) -> None:
        north, south = self.cast.system("Zentrale"), self.cast.system("Zentrale", SOUTHERN)
        self.weak = self._person("schwach", north, "Nur Berichte", [Right.RUN_REPORTS])
        self.blind = self._person("blind", north, "Ohne Ansehen", EVERYTHING_BUT_VIEW)
        self.keeper = self._person("hueter", north, "Nur Benutzer", [Right.MANAGE_USERS])
        self.adder = self._person("neuling", north, "Nur Anlegen", [Right.ADD_CUSTOMERS])
        self.theke = self.cast.group("Theke Hamburg und Bremen")
        self.team = self.cast.group("Team Flensburg")
        self.foreign_place = operations.open_branch(
            place=Place(name=f"{CANARY}ort", city=f"{CANARY}stadt", is_franchise=True), actor=south
        )
        self.foreign_group = operations.create_user_group(name=f"{CANARY}nvolk", actor=south)
        same = operations.create_user_group(name=self.theke.name, actor=south)
        self.foreign_user = User(username="kanarie", first_name=CANARY, last_name="Gelb", location=self.foreign_place)
        operations.create_user(user=self.foreign_user, password=PASSWORD, actor=south)
        operations.set_memberships(user=self.foreign_user, groups=[self.foreign_group, same], actor=south)
        self.restriction = self._restriction("Flensburg", NORTH, self.theke, Right.EXPORT_CUSTOMERS)
        self.foreign_restriction = self._restriction(
            f"{CANARY}ort", SOUTHERN, self.foreign_group, Right.EXPORT_CUSTOMERS
        )

    def _person(self, username: str, actor: Scope, name: str, rights: Iterable[Right]) -> User:
        made = operations.create_user_group(name=name, actor=actor)
        grants.add_grants(made, [(right, None) for right in rights])
        user = operations.create_user(user=User(username=username), password=PASSWORD, actor=actor)
        operations.set_memberships(user=user, groups=[made], actor=actor)
        return user

    def _restriction(self, place: str, account: int, restricted: UserGroup, right: Right) -> Restriction:
        return Restriction.objects.create(
            organization=self.cast.organization(account), location=self.cast.location(place, account),
            group=restricted, right=right,
        )  # fmt: skip

    def _customers(self) -> None:
        here, south, offline = self.scope("anna", "Hamburg"), self.south, self.cast.system("Lübeck")
        self.group, self.tag = group(here, "Stammgast"), tag(here, "VIP")
        self.customer = customer(
            here, last_name="Meier", city="Kiel", email="meier@example.com", mobile="+491701234567",
            customer_group=self.group, tags=["VIP"], birthday="1980-05-05", customer_number=here.location.first_number,
        )  # fmt: skip
        self.archived = customer(here, last_name="Weggezogen")
        archive_customers(customers=[self.archived.pk], reason="Verzogen", actor=here)
        self.purpose = purpose(here, "stammtisch", name="Stammtisch")
        self.foreign_purpose = purpose(south, "kanarie", name=f"{CANARY}nzweck")
        says(here, self.customer, "newsletter", True)
        self.foreign_customers: list[Customer] = []
        self.foreign_groups: list[CustomerGroup] = []
        self.foreign_tags: list[Tag] = []
        for scope in (south, offline):
            self._foreign(scope)
        self.foreign_customer, self.offline_customer = self.foreign_customers
        self.foreign_archived = customer(south, last_name=f"{CANARY} Weg")
        archive_customers(customers=[self.foreign_archived.pk], reason="Verzogen", actor=south)

    def _foreign(self, scope: Scope) -> None:
        groups = [group(scope, f"{CANARY}ngruppe"), group(scope, "Stammgast")]
        tags = [tag(scope, f"{CANARY}nwort"), tag(scope, "VIP")]
        self.foreign_customers.append(
            customer(
                scope, last_name="Meier", first_name=CANARY, city="Kiel", email="meier@example.com",
                mobile="+491701234567", customer_group=groups[0], tags=["VIP", tags[0].name], birthday="1980-05-05",
                customer_number=scope.location.first_number,
            )
        )  # fmt: skip
        says(scope, self.foreign_customers[-1], "newsletter", True, evidence=CANARY)
        self.foreign_groups += groups
        self.foreign_tags += tags

    def _uploads(self) -> None:
        self.upload = self._upload(self.scope("anna", "Hamburg"), "eigene.csv")
        self.foreign_upload = self._upload(self.south, f"{CANARY}.csv")
        self.offline_upload = self._upload(self.scope("anna", "Lübeck"), f"{CANARY}-luebeck.csv")

        # Each has created a customer and changed one.
        self.imported = self._imported(self.scope("anna", "Hamburg"), "fertig.csv")
        self.foreign_imported = self._imported(self.south, f"{CANARY}-fertig.csv")
        self.offline_imported = self._imported(self.scope("anna", "Lübeck"), f"{CANARY}-fertig-luebeck.csv")

    def _upload(self, actor: Scope, name: str, content: bytes = FILE) -> ImportUpload:
        made = receive.receive_upload(name=name, content=content, actor=actor)
        lifecycle.check_upload(upload=made, actor=actor)
        return made

    def _imported(self, actor: Scope, name: str) -> ImportUpload:
        known = customer(actor, last_name="Vorher", first_name=CANARY if actor.location.name != "Hamburg" else "")
        content = f"Kundennummer;Nachname\r\n{known.customer_number};Nachher\r\n;Importiert\r\n".encode()
        made = self._upload(actor, name, content)
        lifecycle.confirm_upload(upload=made, confirmed=lifecycle.fingerprint(made), actor=actor)
        with pghistory.context(**actor.history()) as context:
            lifecycle.apply_upload(upload=made, actor=actor, context=context.id)
        forget_author()
        return made

    def _exports(self) -> None:
        self.export = kept_export(self.scope("anna", "Hamburg"))
        self.foreign_export = kept_export(self.south, CANARY.encode())
        self.offline_export = kept_export(self.scope("anna", "Lübeck"), CANARY.encode())

    # --- asking -------------------------------------------------------------------------------------------

    def get(self, username: str, address: str) -> Any:
        return self._clients[username].get(address, headers={"accept-language": "de"})

    def post(self, username: str, address: str, data: dict[str, Any]) -> Any:
        return self._clients[username].post(address, data, headers={"accept-language": "de"})

    def text(self, username: str, address: str) -> str:
        answer = self.get(username, address)
        assert answer.status_code == 200, f"{address}: {answer.status_code}"
        return answer.content.decode()

    def scope(self, username: str, place: str, account: int = NORTH) -> Scope:
        return self.cast.scope(username, place, account)

    @cached_property
    def south(self) -> Scope:
        return self.scope("sven", "Zentrale", SOUTHERN)

    def request(self, scope: Scope | None, data: dict[str, Any] | None = None) -> HttpRequest:
        """A request as the middleware hands it to a page, for what is asked below the pages."""
        request: Any = RequestFactory().post("/", data) if data is not None else RequestFactory().get("/")
        request.scope, request.user, request.session = scope, scope.user if scope else User(), {}
        request._messages = FallbackStorage(request)
        return request

    def place(self, name: str) -> Location:
        return self.cast.location(name)

    @contextmanager
    def undone(self) -> Iterator[World]:
        """A twin of this world. Whatever happens inside, to rows or to the twin, is undone."""
        twin = copy.copy(self)
        twin.__dict__ |= {name: _copied(value) for name, value in vars(self).items()}
        cookies = {name: client.cookies.output(header="", sep=";") for name, client in self._clients.items()}
        try:
            with transaction.atomic():
                yield twin
                transaction.set_rollback(True)
        finally:
            for name, client in self._clients.items():
                client.cookies = SimpleCookie(cookies[name])


def _copied(value: Any) -> Any:
    if isinstance(value, list):
        return [_copied(each) for each in value]
    return copy.copy(value) if isinstance(value, Model) else value


def counted() -> tuple[int, ...]:
    """How many rows of each kind there are, to show that nothing came and nothing went."""
    models: tuple[Any, ...] = (Customer, CustomerGroup, Tag, User, UserGroup, Restriction, Location)
    return tuple(model._default_manager.count() for model in models)
