"""Fields of a customer that take a right of their own: what is told, found and written without it."""

from __future__ import annotations

from django.utils import timezone

from customers.duplicates import Sought, candidates
from customers.exports import files
from customers.exports.writer import Making, Order
from customers.field_groups import MASK, FieldGroup, withheld
from customers.history.changes import history_of
from customers.imports import lifecycle
from customers.models import Customer
from customers.operations import register_customer
from files.lifecycle import fetch
from locations.permissions import Right
from mcp.isolation.scope import MissingRight, Scope
from tests.conftest import logged_in
from tests.customers.people import customer, form_data, page_of, person_without, says
from tests.customers.transfer import applied, checked, kept_export, table, undone
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probes_packages import packed
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import CANARY, HAMBURG, World
from tests.transitions.carrying import content_of, executed, made, received, receiver
from transitions.package.lifecycle import PACKAGES
from transitions.withdrawals.making import make_list

GROUPS = tuple(FieldGroup)
SECRETS = {"email": "geheim@example.com", "iban": "DE89370400440532013000", "memo": f"{CANARY} im Vertrauen"}
COLUMN = dict(zip(GROUPS, SECRETS, strict=True))


def without(world: World, *groups: FieldGroup, place: str = "Hamburg") -> Scope:
    """The scope of somebody who holds all rights but those of the groups."""
    rights = frozenset(Right) - {group.right for group in groups or GROUPS}
    return bare(world, place, *rights, who="anna")


def secret(world: World) -> Customer:
    return customer(world.scope("anna", "Hamburg"), last_name="Geheim", **SECRETS)


def told(text: str) -> list[str]:
    return [name for name, value in SECRETS.items() if value in text or value in text.replace(" ", "")]


@probe
def pages_of_a_customer_show_masks_without_the_right(world: World) -> None:
    row = secret(world)
    person_without(*(group.right for group in GROUPS))
    client = logged_in("teilsicht")
    for address in (page_of(row), f"{HAMBURG}/customers/customer/", f"{HAMBURG}/customers/customer/{row.pk}/history/"):
        text = client.get(address).content.decode()
        assert "Geheim" in text, address
        assert told(text) == [], address
    assert MASK in client.get(page_of(row)).content.decode()
    assert set(told(world.text("anna", page_of(row)))) == set(SECRETS)
    assert told(world.text("anna", f"{HAMBURG}/customers/customer/")) == ["email"]


@probe
def form_takes_no_field_that_it_does_not_show(world: World) -> None:
    row = secret(world)
    person_without(*(group.right for group in GROUPS))
    client = logged_in("teilsicht")
    page = client.get(page_of(row))
    forged = {"email": "anders@example.com", "iban": "", "memo": "Anders"}
    assert client.post(page_of(row), form_data(page, alias="Neu", **forged)).status_code == 302
    stored = Customer.objects.get(pk=row.pk)
    assert stored.alias == "Neu"
    assert {name: getattr(stored, name) for name in SECRETS} == SECRETS


@probe
def each_group_of_fields_has_a_right_of_its_own(world: World) -> None:
    for group in GROUPS:
        assert withheld(without(world, group)) == set(group.fields)
    assert withheld(world.scope("anna", "Hamburg")) == frozenset()


@probe
def what_is_withheld_finds_nobody(world: World) -> None:
    row, scope = secret(world), without(world, FieldGroup.CONTACT)
    assert candidates(Sought(email=row.email), scope=scope) == []
    assert [one.customer for one in candidates(Sought(email=row.email), scope=world.scope("anna", "Hamburg"))] == [row]


@probe
def history_and_evidence_are_masked(world: World) -> None:
    row, anna = secret(world), world.scope("anna", "Hamburg")
    says(anna, row, "newsletter", True, evidence=f"{CANARY}-Beleg")
    row.memo = "Anders"
    row.save()
    for scope, is_told in ((anna, True), (without(world), False)):
        entries, _more = history_of(row, page=1, scope=scope)
        values = str([(change.old, change.new) for entry in entries for change in entry.changes])
        assert (CANARY in values) is is_told
        assert (f"{CANARY}-Beleg" in values) is is_told


@probe
def new_customer_gets_none_of_them(world: World) -> None:
    for group, name in COLUMN.items():
        with refused(MissingRight):
            register_customer(customer=Customer(last_name="Neu", **{name: SECRETS[name]}), actor=without(world, group))


@probe
def files_that_hold_them_need_the_right(world: World) -> None:
    for group, name in COLUMN.items():
        kept = kept_export(world.scope("anna", "Hamburg"), columns=("last_name", name))
        with refused(MissingRight):
            Making(without(world, group), Order(profile="plain", columns=("last_name", name)))
        with refused(MissingRight):
            fetch(files.EXPORTS, kept, actor=without(world, group)).close()


@probe
def imports_that_fill_them_need_the_right(world: World) -> None:
    anna = world.scope("anna", "Hamburg")
    upload = checked(anna, table(["Nachname", "IBAN"], ["Neu", SECRETS["iban"]]))
    with refused(MissingRight):
        applied(upload, without(world, FieldGroup.BANK))
    upload.refresh_from_db()
    done = applied(upload, anna)
    with refused(MissingRight):
        undone(done, without(world, FieldGroup.BANK))
    assert lifecycle.imports_of(anna).filter(pk=done.pk, state="applied").exists()


@probe
def packages_need_the_rights_of_what_is_in_them(world: World) -> None:
    package = packed(world)
    for group in GROUPS:
        with refused(MissingRight):
            fetch(PACKAGES, package, actor=without(world, group, place="Zentrale")).close()
    package.transition.field_groups = []
    fetch(PACKAGES, package, actor=without(world, FieldGroup.BANK, place="Zentrale")).close()


@probe
def list_of_withdrawals_holds_evidence(world: World) -> None:
    package = packed(world)
    says(world.scope("anna", "Zentrale"), world.customer, "transfer", False, at=timezone.now())
    with refused(MissingRight):
        make_list(transition=package.transition, actor=without(world, FieldGroup.MEMO, place="Zentrale"))


@probe
def receiver_takes_in_what_he_may_see(world: World) -> None:
    anna = world.scope("anna", "Zentrale")
    transition = executed(world.cast)
    package = made(transition, anna)
    own = receiver(world.cast)
    lesser = Scope(user=own.user, location=own.location, rights=own.rights - {Right.SEE_CONTACT_DATA})
    with refused(MissingRight):
        received(content_of(package), lesser)
    assert received(content_of(package), own).upload_id
