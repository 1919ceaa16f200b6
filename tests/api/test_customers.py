"""Customers through the API: found, read, registered and changed by the operations of the house."""

from __future__ import annotations

import pghistory.models
import pytest

from customers.cards.operations import assign_card, block_card
from customers.field_groups import FIELDS, FieldGroup
from customers.models import Customer
from customers.operations import archive_customers
from locations.permissions import Right
from tests.api.asking import problem
from tests.customers.people import customer, customers, group, tag

NEW = {"last_name": "Beispiel", "first_name": "Berta", "email": "Berta@Example.COM", "mobile": "040 1000001"}


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Hamburg")


def numbers(answer) -> list[int]:
    return [one["number"] for one in answer.json()["customers"]]


# --- the device itself ----------------------------------------------------------------------------------------------


def test_a_till_learns_who_it_is(till, cast):
    place = cast.location("Hamburg")
    said = till.get("me").json()
    assert said["name"] == till.device.name
    assert (said["business"]["account_number"], said["location"]["client_number"]) == (10400, 2)
    assert (said["first_number"], said["last_number"]) == (place.first_number, place.last_number)
    assert said["rights"] == sorted(said["rights"])
    assert "view_customers" in said["rights"]
    assert said["withheld"] == []


def test_new_token_ends_the_old_one_with_its_first_use(till):
    old = till.token
    answer = till.ask("POST", "token/rotate")
    assert answer.status_code == 200, answer.content
    new = answer.json()["token"]
    assert till.get("me").status_code == 200
    till.token = new
    assert till.get("me").status_code == 200
    till.token = old
    assert problem(till.get("me")) == (401, "not_admitted")


def test_customer_groups_are_told_with_what_they_mean(till, anna):
    made = group(anna, "Stammgäste")
    assert till.get("customer-groups").json() == {
        "customer_groups": [{"id": made.pk, "name": "Stammgäste", "price_level": None, "discount": "0.00"}]
    }


# --- registering ----------------------------------------------------------------------------------------------------


def test_registered_customer_is_that_of_the_counter(till, cast):
    answer = till.post("customers", NEW)
    assert answer.status_code == 201
    said = answer.json()
    row = Customer.objects.get(customer_number=said["number"])
    assert (row.email, row.mobile, row.home_location) == (
        "Berta@example.com", "+49401000001", cast.location("Hamburg")
    )  # fmt: skip
    assert cast.location("Hamburg").first_number <= row.customer_number <= cast.location("Hamburg").last_number
    assert said["customer"]["display_name"] == "Berta Beispiel"
    assert said["possible_duplicates"] == []
    assert answer["ETag"] == f'"{said["version"]}"'
    assert answer["Location"] == f"/10400/2/api/v1/customers/{row.customer_number}"


def test_history_names_the_device(till):
    till.post("customers", NEW)
    context = pghistory.models.Context.objects.latest("created_at").metadata
    assert context["user_name"] == f"Hamburg: {till.device.name}"
    assert context["device"] == str(till.device.pk)


def test_who_may_be_the_same_is_named(till, anna):
    known = customer(anna, last_name="Beispiel", first_name="Berta", email="berta@example.com")
    (same,) = till.post("customers", NEW).json()["possible_duplicates"]
    assert (same["number"], same["reasons"]) == (known.customer_number, ["same e-mail"])


def test_nobody_is_registered_again_where_only_somebody_new_is_meant(till, anna):
    known = customer(anna, last_name="Anders", email="berta@example.com")
    answer = till.post("customers", NEW | {"only_if_new": True})
    assert problem(answer) == (409, "possible_duplicates")
    assert [one["number"] for one in answer.json()["possible_duplicates"]] == [known.customer_number]
    assert Customer.objects.count() == 1


def test_number_is_of_the_block_of_the_location(till, cast):
    first = cast.location("Hamburg").first_number
    assert till.post("customers", NEW | {"number": first + 7}).json()["number"] == first + 7
    taken = till.post("customers", NEW | {"number": first + 7})
    assert problem(taken) == (409, "customer_number_unique")
    assert list(taken.json()["errors"]) == ["number"]
    outside = till.post("customers", NEW | {"number": cast.location("Bremen").first_number})
    assert problem(outside) == (422, "number_out_of_range")
    assert list(outside.json()["errors"]) == ["number"]


def test_till_that_only_registers_learns_the_number_and_no_customer(make_till, anna):
    customer(anna, email="berta@example.com")
    till = make_till("Hamburg", Right.ADD_CUSTOMERS, Right.SEE_CONTACT_DATA)
    said = till.post("customers", NEW).json()
    assert sorted(said) == ["number", "possible_duplicates", "version"]
    assert said["possible_duplicates"] == []
    assert problem(till.get(f"customers/{said['number']}")) == (403, "missing_right")


def test_bank_is_known_by_its_iban(till):
    said = till.post("customers", NEW | {"iban": "DE89 3704 0044 0532 0130 00"}).json()["customer"]
    assert (said["iban"], said["bic"]) == ("DE89370400440532013000", "COBADEFFXXX")


# --- finding --------------------------------------------------------------------------------------------------------


def test_customers_are_found_as_in_the_list(till, anna):
    one = customer(anna, last_name="Müller", city="Hamburg", email="m@example.com", mobile="+49401000001")
    customer(anna, last_name="Anders")
    card = assign_card(customer=one.pk, number="4711", actor=anna)
    for query in (
        "q=Mueller", "q=hamburg", f"number={one.customer_number}", "card=4711", "q=4711", "phone=040 1000001",
        "email=M@example.com",
    ):  # fmt: skip
        assert numbers(till.get(f"customers?{query}")) == [one.customer_number], query
    assert numbers(till.get("customers?q=Mueller&card=4712")) == []
    block_card(card=card.pk, reason="lost", actor=anna)
    (found,) = till.get("customers?card=4711").json()["customers"]
    assert found["cards"] == [{"number": "4711", "state": "blocked", "reason": "lost", "successor": None}]


def test_pages_hold_everybody_once_in_the_order_of_names(till, anna):
    rows = [*customers(anna, 5), customer(anna, last_name="Muster02")]
    seen, page = [], ""
    while True:
        said = till.get(f"customers?limit=2{page}").json()
        seen += [one["number"] for one in said["customers"]]
        if said["next"] is None:
            break
        page = f"&page={said['next']}"
    by_name = sorted(rows, key=lambda row: (row.sort_name, row.pk))
    assert seen == [row.customer_number for row in by_name]
    found = till.get("customers?q=muster&limit=3").json()
    more = till.get(f"customers?q=muster&limit=3&page={found['next']}").json()
    assert [one["number"] for said in (found, more) for one in said["customers"]] == seen
    assert more["next"] is None


def test_archived_customers_are_found_where_they_are_asked_for(till, anna):
    gone, there = customers(anna, 2)
    archive_customers(customers=[gone.pk], reason="weg", actor=anna)
    assert numbers(till.get("customers")) == [there.customer_number]
    assert numbers(till.get("customers?state=archived")) == [gone.customer_number]
    assert numbers(till.get("customers?state=all")) == [gone.customer_number, there.customer_number]
    assert till.get(f"customers/{gone.customer_number}").json()["archived_reason"] == "weg"


# --- what may not be seen -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hidden", FieldGroup)
def test_fields_without_their_right_are_left_out_and_not_taken(make_till, anna, hidden):
    row = customer(
        anna, last_name="Muster", email="geheim@example.com", iban="DE89370400440532013000", memo="geheim",
        mobile="+49401000001",
    )  # fmt: skip
    rights = {Right.VIEW_CUSTOMERS, Right.CHANGE_CUSTOMERS, *(other.right for other in FieldGroup if other != hidden)}
    till = make_till("Hamburg", *rights)
    answer = till.get(f"customers/{row.customer_number}")
    said = answer.json()
    assert said["withheld"] == sorted(FIELDS[hidden])
    assert not set(said) & set(FIELDS[hidden])
    name = {"contact": "email", "bank": "iban", "memo": "memo"}[hidden]
    refused = till.patch(f"customers/{row.customer_number}", {name: ""}, answer["ETag"])
    assert problem(refused) == (403, "missing_right")
    assert refused.json()["right"] == hidden.right
    assert Customer.objects.get(pk=row.pk).changed_at == row.changed_at


@pytest.mark.parametrize("query", ["phone=040 1000001", "email=geheim@example.com"])
def test_nobody_is_found_by_what_may_not_be_seen(make_till, anna, query):
    customer(anna, email="geheim@example.com", mobile="+49401000001")
    till = make_till("Hamburg", Right.VIEW_CUSTOMERS)
    assert problem(till.get(f"customers?{query}")) == (403, "missing_right")
    assert numbers(till.get("customers?q=geheim")) == []


def test_who_may_not_see_memos_blocks_nobody(make_till, anna):
    row = customer(anna)
    till = make_till("Hamburg", Right.VIEW_CUSTOMERS, Right.CHANGE_CUSTOMERS)
    etag = till.get(f"customers/{row.customer_number}")["ETag"]
    refused = till.patch(f"customers/{row.customer_number}", {"is_blocked": True}, etag)
    assert refused.json()["right"] == "see_memos"


# --- changing -------------------------------------------------------------------------------------------------------


def test_change_keeps_what_is_not_said(till, anna):
    made = group(anna, "Stammgäste")
    tag(anna, "VIP")
    row = customer(anna, last_name="Muster", first_name="Max", city="Bremen")
    etag = till.get(f"customers/{row.customer_number}")["ETag"]
    sent = {
        "last_name": "Neu", "birthday": "1990-12-31", "discount": "12.5", "customer_group": made.pk, "tags": ["VIP"],
        "former_numbers": ["A-7"], "payment_method": "invoice", "payment_term": 14, "country": "AT",
        "phone_private": "01 234567",
    }  # fmt: skip
    answer = till.patch(f"customers/{row.customer_number}", sent, etag)
    assert answer.status_code == 200, answer.content
    said = answer.json()
    assert {name: said[name] for name in sent} == sent | {"discount": "12.50", "phone_private": "+431234567"}
    assert (said["first_name"], said["city"]) == ("Max", "Bremen")
    assert answer["ETag"] == f'"{said["version"]}"' != etag
    assert till.get(f"customers/{row.customer_number}").json() == said


def test_version_is_asked_for_and_must_be_that_of_now(till, anna):
    row = customer(anna)
    address = f"customers/{row.customer_number}"
    etag = till.get(address)["ETag"]
    for missing in (None, "*", "x", f"{etag}, {etag}"):
        assert problem(till.patch(address, {"city": "Kiel"}, missing)) == (428, "version_missing")
    assert till.patch(address, {"city": "Kiel"}, f"W/{etag}").status_code == 200  # something has compressed it
    assert problem(till.patch(address, {"city": "Bonn"}, etag)) == (412, "changed_meanwhile")
    assert Customer.objects.get(pk=row.pk).city == "Kiel"


def test_blocking_says_why(till, anna):
    row = customer(anna)
    address = f"customers/{row.customer_number}"
    etag = till.get(address)["ETag"]
    refused = till.patch(address, {"is_blocked": True}, etag)
    assert list(refused.json()["errors"]) == ["blocked_reason"]
    assert till.patch(address, {"is_blocked": True, "blocked_reason": "zahlt nicht"}, etag).status_code == 200
    etag = till.get(address)["ETag"]
    unblocked = till.patch(address, {"is_blocked": False}, etag).json()
    assert (unblocked["is_blocked"], unblocked["blocked_reason"]) == (False, "")


# --- cards and consents ---------------------------------------------------------------------------------------------


def test_card_is_given_once(till, anna):
    first, second = customers(anna, 2)
    answer = till.post(f"customers/{first.customer_number}/cards", {"number": "ab 12"})
    assert (answer.status_code, answer.json()["cards"][0]["number"]) == (201, "AB12")
    refused = till.post(f"customers/{second.customer_number}/cards", {"number": "AB12"})
    assert problem(refused) == (409, "card_number_unique")
    assert till.get(f"customers/{first.customer_number}/cards").json() == answer.json()


def test_consent_is_recorded_at_the_till_and_withdrawn(till, anna):
    row = customer(anna)
    address = f"customers/{row.customer_number}/consents"
    state = {one["purpose"]: one for one in till.get(address).json()["purposes"]}
    assert state["newsletter"]["state"] == "never"
    answer = till.post(address, {"purpose": "newsletter", "is_given": True})
    assert answer.status_code == 201, answer.content
    told = {one["purpose"]: one for one in answer.json()["purposes"]}["newsletter"]
    assert (told["state"], told["source"]) == ("given", "till")
    statement = row.consents.get()
    assert (statement.location, statement.recorded_by) == (anna.location, f"Hamburg: {till.device.name}")
    till.post(address, {"purpose": "newsletter", "is_given": False, "at": "2031-01-01T00:00:00Z"})
    assert till.get(address).json()["purposes"]


def test_statement_of_an_offline_till_keeps_its_moment(till, anna):
    row = customer(anna)
    address = f"customers/{row.customer_number}/consents"
    till.post(address, {"purpose": "newsletter", "is_given": True, "at": "2026-01-02T03:04:05+01:00"})
    assert row.consents.get().at.isoformat() == "2026-01-02T02:04:05+00:00"


def test_unknown_purpose_is_refused(till, anna):
    row = customer(anna)
    answer = till.post(f"customers/{row.customer_number}/consents", {"purpose": "nothing", "is_given": True})
    assert problem(answer) == (422, "unknown_purpose")
    assert list(answer.json()["errors"]) == ["purpose"]
