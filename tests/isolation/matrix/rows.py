"""The rows that addresses name: one of each kind at every place, made when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pghistory
from django.utils import timezone

from accounting.models import LedgerException
from api.webhooks import create_webhook
from customers.bulk import changing
from customers.bulk.changing import Wish
from customers.choices import BulkKind
from customers.filters.saved import save_filter
from customers.imports import lifecycle, receive
from customers.models import Customer, ImportUpload, SavedFilter
from customers.operations import archive_customers, change_customer
from customers.selection.selecting import select
from customers.table.options import Reading
from files.choices import FileState
from locations import operations as opening
from locations.choices import LocationKind
from locations.models import Location
from locations.operations import Place as Opening
from locations.permissions import Right
from mcp.central import operations
from mcp.demo import PASSWORD
from mcp.isolation import grants
from mcp.isolation.scope import Scope
from mcp.models import User, UserGroup
from privacy.models import PersonFile, PersonFileChunk
from tests.conftest import forget_author
from tests.customers import people
from tests.customers.transfer import kept_export, table
from tests.isolation.matrix.bank_rows import OfBank
from tests.isolation.matrix.clearing_rows import OfClearing
from tests.isolation.matrix.debit_rows import OF_DEBITS, OfDebits
from tests.isolation.matrix.world import ALL, CENTRAL, MUNICH, OF_SUPPORT, Place, Role
from tests.mcp.devices import device_at
from tests.states import in_state
from transitions import operations as leaving
from transitions import switching
from transitions.choices import SwitchDirection
from transitions.models import IncomingChunk, IncomingFile, Package, PackageChunk, Transition

MISSING: dict[str, Any] = dict.fromkeys(
    [
        "upload",
        "import",
        "export",
        "incoming",
        "switch",
        "transition",
        "numbered transition",
        "executed transition",
        "package",
        "person file",
        "bulk change",
        "version",
        "node",
        "device",
        "webhook",
        "reconciliation",
        "sale",
        "payment",
        "opening balances",
        *OF_DEBITS,
        "invoice",
        "invoice run",
        "exception",
        "branch order",
        "bank statement",
        "bank entry",
        "conflict",
        "number given twice",
        "run",
        "answered run",
    ],
    UUID(int=7),
)
NO_ROW = 999_999_999
FILE = table(["Kundennummer", "Name"], ["", "Aus der Datei"])
SIMILAR_ROW = 5
"""The row of a previewed file that looks like a known customer."""
WITHOUT_RIGHTS = "Ohne Rechte"
"""The user group of devices: it may do nothing anywhere, so nobody lacks what they get."""
OWN_FILES = ("upload", "import", "export", "incoming")
"""The kinds of which everybody has one of his own."""


class Rows(OfBank, OfClearing, OfDebits):
    """`get(kind, …)` gives the id; a row of a kind at a place is the same for every role but for files."""

    def own(self, kind: str, role: Role, place: Place) -> Any:
        """The row that exists there. At a place that does not exist, or is somebody else's, it is that of Munich."""
        there = place if place in self.world.places else MUNICH
        if kind in OWN_FILES:
            return self._once((kind, role.name, there), lambda: getattr(self, f"_{kind}")(role, there))
        makers: dict[str, Callable[[Place], Any]] = {
            "customer": lambda at: people.customer(self._system(at)).pk,
            "archived": self._archived,
            "customergroup": lambda at: people.group(self._system(at), "Gast").pk,
            "tag": lambda at: people.tag(self._system(at), "VIP").pk,
            "version": self._older,
            "account": self._account,
            "sale": lambda at: self._sale(at).pk,
            "payment": lambda at: self._payment(at).pk,
            "opening balances": self._balances,
            **self.makers_of_debits(),
            "invoice": self._invoice,
            "invoice run": self._invoice_run,
            "exception": lambda at: LedgerException.objects.get(movement=self._sale(at)).pk,
            "branch order": self._branch_order,
            "bank statement": lambda at: self._bank_entry(at).statement_id,
            "bank entry": lambda at: self._bank_entry(at).pk,
            "conflict": lambda at: self._conflict(at).pk,
            "number given twice": self._given_twice,
            "run": self._run,
            "held back": self._held_back,
            "tagged": self._tagged,
            "node": lambda at: self._node(at).pk,
            "device": self._device,
            "till": self._till,
            "webhook": self._webhook,
            "reconciliation": self._reconciliation,
            "answered run": self._answered,
            "bulk change": self._bulk_change,
            "saved filter": self._saved_filter,
            "consentpurpose": lambda at: people.purpose(self._system(at), "stammtisch").pk,
            "usergroup": self._user_group,
            "user": self._user,
            "password link": self._password_link,
            "location": lambda at: self.world.places[at].pk,
            "open branch": lambda at: self._branch(at, is_closed=False),
            "closed branch": lambda at: self._branch(at, is_closed=True),
            "restriction": lambda at: self._restriction(),
            "business": lambda at: self.world.places[at].organization_id,
            "switch": self._switch,
            "transition": self._transition,
            "numbered transition": self._numbered,
            "executed transition": self._executed,
            "package": self._package,
            "person file": self._person_file,
        }
        return self._once((kind, _shared_by(kind, there)), lambda: makers[kind](there))

    def foreign(self, kind: str) -> Any:
        """The same of another business."""
        return missing(kind) if kind == "restriction" else self.own(kind, self.world.role("other group"), MUNICH)

    def _bulk_change(self, place: Place) -> UUID:
        """A customer has lost a tag, which can be undone."""
        actor = self._somebody(place)
        tag = people.tag(actor, "Sammel")
        query = f"id={people.customer(actor, tags=[tag.name]).pk}"
        found, wish = select(actor, query), Wish(kind=BulkKind.REMOVE_TAG, tag=tag)
        change = changing.propose(wish=wish, query=query, chosen=found, shown=None, actor=actor)
        changing.count(change=change, chosen=found, actor=actor)
        changing.confirm(change=change, seen=str(change.figures["change"]), actor=actor)
        with pghistory.context(**actor.history()) as context:
            changing.apply(change=change, context=context.id, actor=actor)
        forget_author()
        return change.pk

    def _older(self, place: Place) -> UUID:
        """The state in which a customer was registered, who has moved since."""
        moved = people.customer(self._system(place), last_name="Umgezogen")
        event: Any = Customer._meta.get_field("history").related_model
        first: UUID = event.objects.get(pgh_obj=moved.pk).pgh_id
        moved.city = "Bonn"
        change_customer(customer=moved, actor=self._system(place))
        return first

    def _device(self, place: Place) -> UUID:
        """A till in use; its user group has no right there."""
        location = self.world.places[place]
        group = _group_without_rights(location)
        device, _token = device_at(location, group)
        device_id: UUID = device.pk
        return device_id

    def _till(self, place: Place) -> UUID:
        """One in use whose user group may do nothing anywhere: nobody lacks what it gets."""
        location = self.world.places[place]
        group = _group_without_rights(location)
        device, _token = device_at(location, group, name="Kasse ohne Rechte")
        device_id: UUID = device.pk
        return device_id

    def _webhook(self, place: Place) -> UUID:
        """Of a till that may do nothing there."""
        location = self.world.places[place]
        group = _group_without_rights(location)
        device, _token = device_at(location, group, name="Mit Webhook")
        made, _secret = create_webhook(device=device, url="https://shop.example.com/", actor=self._system(place))
        webhook_id: UUID = made.pk
        return webhook_id

    def _tagged(self, place: Place) -> int:
        """A customer of a base in which there is a tag."""
        people.tag(self._system(place), "Sammeln")
        return people.customer(self._system(place)).pk

    def _saved_filter(self, place: Place) -> int:
        """A shared one."""
        shared = SavedFilter(name="Unsere Kieler", query="q=kiel", is_shared=True)
        return save_filter(saved=shared, actor=self._somebody(place)).pk

    def _somebody(self, place: Place) -> Scope:
        location = self.world.places[place]
        return Scope(user=location.organization.users.first(), location=location, rights=ALL)

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

    def _password_link(self, place: Place) -> str:
        """What stands in the address of a link by which somebody chooses a password."""
        user = User.objects.get(pk=self._user(place))
        link = operations.make_link(user=user, is_mailed=False, actor=self._system(place))
        return operations.address_of(link.pk).rstrip("/").rpartition("/")[2]

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

    def _transition(self, place: Place) -> UUID:
        """A location has asked to leave: that of the place, or at the central a branch of its own."""
        location = self.world.places[place]
        if location.is_central:
            location = operations.open_branch(place=Opening(name="Husum"), actor=self._system(place))
        system = Scope.of_system(location, name="test")
        return leaving.request_exit(location=location, planned_for=timezone.localdate(), actor=system).pk

    def _switch(self, place: Place) -> UUID:
        """Support has asked that a location comes to 1.0: that of the place, or a branch of its own at the central."""
        location = self.world.places[place]
        if location.kind != LocationKind.BRANCH:
            head = self._system((place[0], 1))
            location = operations.open_branch(place=Opening(name=f"Fehmarn {len(self._made)}"), actor=head)
        support = Scope(user=self.world.cast.user("rita"), location=location, rights=OF_SUPPORT)
        asked = switching.request_switch(
            location=location, direction=SwitchDirection.TO_OFFLINE, starts_with="home", reason="Leitung", actor=support
        )
        return asked.pk

    def _numbered(self, place: Place) -> UUID:
        """The same, with its account number."""
        pk = self._transition(place)
        support = Scope(user=self.world.cast.user("rita"), location=self.world.places[place], rights=ALL)
        leaving.assign_account(
            transition=Transition.objects.get(pk=pk), account_number=50_000 + len(self._made), name="Neu",
            administrator=User(username="neu"), password=PASSWORD, actor=support,
        )  # fmt: skip
        forget_author()
        return pk

    def _executed(self, place: Place) -> UUID:
        """A branch of its own has left the group; no package is under way."""
        head = self._system((place[0], 1))
        support = Scope(user=self.world.cast.user("rita"), location=head.location, rights=ALL)
        branch = operations.open_branch(place=Opening(name=f"Sylt {len(self._made)}"), actor=head)
        asked = leaving.request_exit(location=branch, planned_for=timezone.localdate(), actor=head)
        leaving.assign_account(
            transition=asked, account_number=60_000 + len(self._made), name="Eigen",
            administrator=User(username="eigen"), password=PASSWORD, actor=support,
        )  # fmt: skip
        leaving.review(transition=asked, is_narrowed=False, actor=head)
        leaving.name_ground(transition=asked, basis="consent", ground="Sie haben eingewilligt", actor=head)
        leaving.confirm(transition=asked, actor=support)
        leaving.execute(transition=asked, at=timezone.now(), actor=head)
        Package.objects.filter(transition=asked).update(state=FileState.FAILED)
        forget_author()
        return asked.pk

    def _package(self, place: Place) -> UUID:
        """Ready to be fetched."""
        failed = Package.objects.get(transition=self._executed(place))
        names = ("organization", "base", "location", "user", "user_name", "name", "transition", "total")
        ready = in_state(Package, **{name: getattr(failed, name) for name in names}, state=FileState.DONE)
        PackageChunk.objects.create(base=ready.base, file=ready, position=0, content=b"x")
        return ready.pk

    def _person_file(self, place: Place) -> UUID:
        """Ready to be fetched."""
        system = self._system(place)
        made = in_state(
            PersonFile, organization=system.organization, base=system.base, location=system.location, name="x.zip",
            customer=people.customer(system), language="de", state=FileState.DONE,
        )  # fmt: skip
        PersonFileChunk.objects.create(base=made.base, file=made, position=0, content=b"x")
        return made.pk

    def _upload(self, role: Role, place: Place) -> UUID:
        return self.previewed(role, place)[0].pk

    def _import(self, role: Role, place: Place) -> UUID:
        """A file that has been imported, and can be undone."""
        upload, actor = self.previewed(role, place)
        lifecycle.confirm_upload(upload=upload, confirmed=lifecycle.fingerprint(upload), actor=actor)
        with pghistory.context(**actor.history()) as context:
            lifecycle.apply_upload(upload=upload, actor=actor, context=context.id)
        forget_author()
        return upload.pk

    def previewed(self, role: Role, place: Place) -> tuple[ImportUpload, Scope]:
        """A file that creates two customers, changes one and has a rejected row, and waits for the confirmation.

        One of the new ones looks like somebody who is known.

        Of this person, or where he does not belong of somebody of that business, since the database takes no other.
        """
        location = self.world.places[place]
        user = role.user if role.account == place[0] else location.organization.users.first()
        actor = Scope(user=user, location=location, rights=ALL)
        known = people.customer(self._system(place), last_name="Alt").customer_number
        content = table(
            ["Kundennummer", "Name"], ["", "Aus der Datei"], [known, "Anders"], [known, "Zweimal"], ["", "Alt"]
        )
        made = receive.receive_upload(name="kunden.csv", content=content, actor=actor)
        targets = ["customer_number", "last_name"]
        receive.choose_columns(upload=made, targets=targets, reading=Reading(), actor=actor)
        lifecycle.check_upload(upload=made, actor=actor)
        return made, actor

    def _export(self, role: Role, place: Place) -> UUID:
        """A file that is ready, of the same person as an upload would be."""
        location = self.world.places[place]
        user = role.user if role.account == place[0] else location.organization.users.first()
        return kept_export(Scope(user=user, location=location, rights=ALL)).pk

    def _incoming(self, role: Role, place: Place) -> UUID:
        """A file that waits to be taken in, of the same person as an upload would be."""
        location = self.world.places[place]
        user = role.user if role.account == place[0] else location.organization.users.first()
        file = IncomingFile.objects.create(
            organization=location.organization, base=location.base, location=location, user=user, name="x.zip",
            sha256=f"{role.name} {place}"[:64],
        )  # fmt: skip
        IncomingChunk.objects.create(base=location.base, file=file, position=0, content=b"x")
        return file.pk


_OF_BUSINESS = {
    "customer", "archived", "customergroup", "tag", "consentpurpose", "business", "executed transition", "package",
    "version", "tagged", "bulk change", "saved filter", "conflict", "number given twice", "run", "held back",
}  # fmt: skip


def _shared_by(kind: str, place: Place) -> Any:
    """The row is the same at a place, in a business, or, of what only the one franchise has, everywhere."""
    if kind == "restriction":
        return None
    return place[0] if kind in _OF_BUSINESS else place


def missing(kind: str) -> Any:
    return MISSING.get(kind, NO_ROW)


def _group_without_rights(location: Location) -> UserGroup:
    group, _is_new = UserGroup.objects.get_or_create(organization=location.organization, name=WITHOUT_RIGHTS)
    return group
