"""Tills: what they find, read, write and are told is of their own base, and each step asks for its right."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from django.db.models import Model

from customers.cards.operations import assign_card
from customers.models import Customer
from locations.permissions import OF_DEVICES, Right
from mcp.isolation import grants
from mcp.models import LocationGrant, UserGroup
from tests.api.asking import Till
from tests.conftest import Browser
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import CANARY, HAMBURG, SOUTHERN, World
from tests.mcp.devices import device_at

KEY = "kanarie-0001"
NEW = {"last_name": "Neu", "email": "neu@example.com"}


def till_at(world: World, *rights: Right, place: str = "Hamburg", account: int = 10400, name: str = "Kasse") -> Till:
    """A till with these rights; without any named it has all that a till can have."""
    location = world.cast.location(place, account)
    group = UserGroup.objects.create(organization=location.organization, name=f"Rechte von {name}")
    grants.add_grants(group, [(right, location.pk) for right in rights or OF_DEVICES])
    device, token = device_at(location, group, name=name)
    return Till(Browser(), f"/{account}/{location.client_number}", token, device)


def lacking(answer: Any) -> str:
    """The right that a refusal names; blank where there is none."""
    return str(answer.json().get("right", "")) if answer.status_code == 403 else ""


@probe
def tills_find_and_read_their_own_base_alone(world: World) -> None:
    assign_card(customer=world.customer.pk, number="EIGEN-1", actor=world.scope("anna", "Hamburg"))
    foreign = assign_card(customer=world.foreign_customer.pk, number=f"{CANARY}-1", actor=world.south)
    till = till_at(world)
    for query in (
        "q=Meier",
        "card=EIGEN-1",
        "phone=%2B491701234567",
        "email=meier@example.com",
        "after=&limit=200",
        "",
    ):
        said = till.get(f"customers?{query}").content.decode()
        assert "Meier" in said, query
        assert CANARY not in said, query
    assert till.get(f"customers?card={foreign.number}").json()["customers"] == []
    assert till.get(f"customers?page={world.foreign_customer.pk}").status_code == 410
    for page in ("me", "customer-groups"):
        said = till.get(page).content.decode()
        assert CANARY not in said
    assert "VIP" in till.get("me").json()["tags"]
    assert [one["name"] for one in till.get("customer-groups").json()["customer_groups"]] == ["Stammgast"]


@probe
def customers_of_another_base_are_not_there_for_a_till(world: World) -> None:
    till = till_at(world)
    own = set(Customer.objects.in_base(world.customer.base).values_list("customer_number", flat=True))
    number = next(one.customer_number for one in _foreign(world) if one.customer_number not in own)
    for answer in (
        till.get(f"customers/{number}"),
        till.get(f"customers/{number}/consents"),
        till.get(f"customers/{number}/cards"),
        till.patch(f"customers/{number}", {"city": "Kiel"}, '"1"'),
        till.post(f"customers/{number}/consents", {"purpose": "newsletter", "is_given": True}),
        till.post(f"customers/{number}/cards", {"number": "NEU-1"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_customer")


def _foreign(world: World) -> list[Customer]:
    return list(Customer.objects.filter(base=world.foreign_customer.base).order_by("-customer_number"))


@probe
def group_of_another_base_is_not_chosen(world: World) -> None:
    row: Model = world.foreign_groups[0]
    answer = till_at(world).post("customers", NEW | {"customer_group": row.pk})
    assert [one["code"] for one in answer.json()["errors"]["customer_group"]] == ["no_such_group"]


@probe
def tills_ask_for_their_rights(world: World) -> None:
    number, etag = world.customer.customer_number, '"1"'
    blind = till_at(world, *(OF_DEVICES - {Right.VIEW_CUSTOMERS}), name="Blind")
    for path in (
        "customers",
        "customers?after=",
        "customer-groups",
        f"customers/{number}",
        f"customers/{number}/cards",
    ):
        assert lacking(blind.get(path)) == "view_customers", path
    assert blind.get("me").json()["tags"] == []
    assert lacking(blind.patch(f"customers/{number}", {"city": "Kiel"}, etag)) == "view_customers"
    said = blind.post("customers", NEW | {"email": "meier@example.com"}).json()
    assert sorted(said) == ["number", "possible_duplicates", "version"]
    assert said["possible_duplicates"] == []
    looking = till_at(world, Right.VIEW_CUSTOMERS, name="Ansehen")
    assert lacking(looking.post("customers", {"last_name": "Neu"})) == "add_customers"
    assert lacking(looking.post(f"customers/{number}/cards", {"number": "NEU-1"})) == "change_customers"
    statement = {"purpose": "newsletter", "is_given": False}
    assert lacking(looking.post(f"customers/{number}/consents", statement)) == "change_customers"


@probe
def tills_ask_for_the_rights_of_fields(world: World) -> None:
    number = world.customer.customer_number
    till = till_at(world, Right.VIEW_CUSTOMERS, Right.CHANGE_CUSTOMERS, Right.ADD_CUSTOMERS)
    for query in ("phone=%2B491701234567", "email=meier@example.com"):
        assert lacking(till.get(f"customers?{query}")) == "see_contact_data"
    etag = till.get(f"customers/{number}")["ETag"]
    for name, right in (("email", "see_contact_data"), ("iban", "see_bank_data"), ("memo", "see_memos")):
        assert lacking(till.patch(f"customers/{number}", {name: ""}, etag)) == right
        assert lacking(till.post("customers", {"last_name": "Neu", name: ""})) == right
    statement = {"purpose": "newsletter", "is_given": True, "evidence": "Zettel"}
    assert lacking(till.post(f"customers/{number}/consents", statement)) == "see_memos"
    assert "meier@example.com" not in till.get("customers?q=Meier").content.decode()


@probe
def answers_are_kept_for_one_till_and_told_with_its_rights(world: World) -> None:
    south = till_at(world, place="Zentrale", account=SOUTHERN, name="Süd")
    assert south.post("customers", NEW | {"first_name": CANARY}, idempotency_key=KEY).status_code == 201
    other, till = till_at(world, name="Andere"), till_at(world, name="Kasse")
    assert other.post("customers", {"last_name": "Andere"}, idempotency_key=KEY).status_code == 201
    first = till.post("customers", NEW, idempotency_key=KEY)
    assert first.status_code == 201
    assert CANARY not in first.content.decode()
    assert till.post("customers", NEW, idempotency_key=KEY).content == first.content
    _take(till, Right.SEE_CONTACT_DATA)
    assert lacking(till.post("customers", NEW, idempotency_key=KEY)) == "see_contact_data"


@probe
def change_of_a_till_whose_right_is_taken_meanwhile_is_undone(world: World) -> None:
    till = till_at(world)
    number = world.customer.customer_number
    etag = till.get(f"customers/{number}")["ETag"]
    with patch("api.endpoints.customers.name", lambda *_given: _take(till, Right.CHANGE_CUSTOMERS)):
        assert lacking(till.patch(f"customers/{number}", {"city": "Bonn"}, etag)) == "change_customers"
    assert Customer.objects.get(pk=world.customer.pk).city == "Kiel"


def _take(till: Till, right: Right) -> None:
    LocationGrant.objects.filter(group=till.device.group, permission__codename=right).delete()


@probe
def page_of_the_api_is_for_whoever_sees_devices(world: World) -> None:
    for page in ("", "openapi.json"):
        assert world.get("anna", f"{HAMBURG}/tills/{page}").status_code == 200
        assert world.get("schwach", f"{HAMBURG}/tills/{page}").status_code == 403
