"""Accounts at the API: balance, limits, open items, what was booked; payments, credit, and taking back."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from accounting.models import LedgerException, Movement
from accounting.operations import decide_exception, post_sale
from api.models import KeptAnswer
from api.tasks import delete_old_answers
from customers.erasure.erasing import erase_customer
from customers.models import Customer
from locations.permissions import Right
from mcp.isolation import grants, row_scope
from mcp.machines.operations import revoke_device
from mcp.models import LocationGrant
from tests.accounting.accounts import ADDRESS, amounts, guest, key, terms
from tests.api.asking import Till, problem
from tests.api.money import MONEY, balances, line, order, sold
from tests.customers.people import customer

KEY = "7f1d3c9a-0001"
BOOKED = {
    "account/payments": "payment", "credit/top-up": "top_up", "credit/use": "use", "credit/pay-out": "pay_out",
}  # fmt: skip


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def cash(make_till) -> Till:
    """A till at Hamburg that handles money."""
    return make_till("Hamburg", *MONEY)


@pytest.fixture
def buyer(anna) -> Customer:
    return guest(anna, soft_limit=Decimal(50))


def test_account_tells_balance_limits_and_open_items(cash, buyer):
    number = buyer.customer_number
    first, second = sold(cash, number, "12.40"), sold(cash, number, "40.00")
    cash.post(f"customers/{number}/credit/top-up", {"amount": "30"})
    said = cash.get(f"customers/{number}/account").json()
    items = said.pop("open_items")
    assert said == {
        "customer": number, "currency": "EUR", "open_amount": "52.40", "credit": "30.00", "credit_limit": "100.00",
        "warn_above": "50.00", "left": "47.60", "may_buy_on_account": True, "may_hold_credit": True,
        "is_blocked": False, "open_items_total": "52.40",
    }  # fmt: skip
    assert [(one["id"], one["total"], one["location"]["client_number"]) for one in items] == [
        (first["order"]["id"], "12.40", 2), (second["order"]["id"], "40.00", 2),
    ]  # fmt: skip
    assert second["warnings"] == ["€52.40 are open; this account warns above €50.00."]
    assert second["account"]["left"] == "47.60"


def test_reason_of_a_block_takes_the_right_to_see_memos(cash, make_till, anna, buyer):
    terms(anna, buyer, is_blocked=True, blocked_reason="Streit")
    said = cash.get(f"customers/{buyer.customer_number}/account").json()
    assert said["is_blocked"] is True
    assert "blocked_reason" not in said
    seeing = make_till("Hamburg", *MONEY, Right.SEE_MEMOS)
    assert seeing.get(f"customers/{buyer.customer_number}/account").json()["blocked_reason"] == "Streit"


def test_each_booking_moves_what_it_says_once(cash, buyer, anna):
    number = buyer.customer_number
    sold(cash, number, "20.00")
    steps = [
        ("account/payments", "5.00", ("15.00", "0.00")), ("credit/top-up", "50.00", ("15.00", "50.00")),
        ("credit/use", "12.34", ("15.00", "37.66")), ("credit/pay-out", "7.66", ("15.00", "30.00")),
    ]  # fmt: skip
    for path, amount, after in steps:
        body = {"amount": amount, "document": "Bon 7"}
        one = f"{KEY}-{path}"
        answer = cash.post(f"customers/{number}/{path}", body, idempotency_key=one)
        assert answer.status_code == 201, answer.content
        said = answer.json()
        assert (said["movement"]["kind"], said["movement"]["amount"]) == (BOOKED[path], amount)
        assert (said["account"]["open_amount"], said["account"]["credit"]) == after
        assert (said["warnings"], said["exceptions"]) == ([], [])
        assert cash.post(f"customers/{number}/{path}", body, idempotency_key=one).content == answer.content
        other = cash.post(f"customers/{number}/{path}", {**body, "amount": "1.00"}, idempotency_key=one)
        assert problem(other) == (422, "other_request_of_key")
    assert amounts(anna, buyer) == (Decimal(15), Decimal(30))
    names = set(Movement.objects.values_list("user_name", flat=True))
    assert names == {f"Hamburg: {cash.device.name}"}
    assert set(Movement.objects.values_list("user_id", flat=True)) == {None}


def test_what_was_booked_stays_known_when_its_answer_is_kept_no_more(cash, buyer, as_owner):
    number, body = buyer.customer_number, {"amount": "5.00"}
    address = f"customers/{number}/credit/top-up"
    said = cash.post(address, body, idempotency_key=KEY).json()
    one = order("3.00")
    posted = cash.post(f"customers/{number}/orders", one, idempotency_key=f"{KEY}-2").json()
    KeptAnswer.objects.update(at=timezone.now() - timedelta(days=8))
    delete_old_answers(0)
    assert not KeptAnswer.objects.exists()
    assert cash.post(address, body, idempotency_key=KEY).json()["movement"] == said["movement"]
    again = cash.post(f"customers/{number}/orders", one, idempotency_key=f"{KEY}-2").json()
    assert again["order"] == posted["order"]
    KeptAnswer.objects.update(at=timezone.now() - timedelta(days=8))
    delete_old_answers(0)
    refused = cash.post(address, {"amount": "6.00"}, idempotency_key=KEY)
    assert problem(refused) == (422, "movement_key_once")
    assert balances(cash, number) == ("3.00", "5.00")


def test_keys_of_two_tills_are_apart_and_so_are_those_of_two_locations(make_till, buyer, anna):
    for till in (make_till("Hamburg", *MONEY), make_till("Hamburg", *MONEY), make_till("Bremen", *MONEY)):
        address = f"customers/{buyer.customer_number}/credit/top-up"
        assert till.post(address, {"amount": "5.00"}, idempotency_key=KEY).status_code == 201
    assert amounts(anna, buyer)[1] == 15


@pytest.mark.parametrize(
    ("in_terms", "changed", "path", "code"),
    [
        ({"hard_limit": Decimal(1)}, {}, "orders", "limit"),
        ({"is_blocked": True, "blocked_reason": "x"}, {}, "orders", "blocked"),
        ({}, {"is_blocked": True, "blocked_reason": "x"}, "credit/top-up", "blocked"),
        ({}, {"street": ""}, "orders", "no_address"),
        ({"may_buy_on_account": False}, {}, "orders", "not_on_account"),
        ({"may_hold_credit": False}, {}, "credit/top-up", "no_credit"),
        ({}, {}, "credit/use", "below_zero"),
        ({}, {}, "credit/pay-out", "below_zero"),
        ({}, {"archived_at": timezone.now()}, "credit/top-up", "archived"),
    ],
)
def test_what_does_not_go_is_refused_with_the_reason_and_late_it_is_booked(
    cash, anna, buyer, in_terms, changed, path, code
):
    """What a till has done without a line is an exception that people decide, and the till is told so."""
    terms(anna, buyer, **in_terms)
    Customer.objects.filter(pk=buyer.pk).update(**changed)
    body = order("5.00") if path == "orders" else {"amount": "5.00"}
    address = f"customers/{buyer.customer_number}/{path}"
    refused = cash.post(address, body, idempotency_key=KEY)
    assert problem(refused) == (409, code)
    assert str(buyer) in refused.json()["detail"]
    assert (Movement.objects.count(), LedgerException.objects.count()) == (0, 0)
    # The same request once more, under its key: now it has happened.
    answer = cash.post(f"{address}?late=true", body, idempotency_key=KEY)
    assert answer.status_code == 201, answer.content
    said = answer.json()
    assert said.get("exceptions", said.get("order", {}).get("exceptions")) == [code]
    assert Movement.objects.get().is_late is True
    assert LedgerException.objects.open().get().breaches == [code]
    assert cash.post(address, body, idempotency_key=KEY).content == answer.content
    decide_exception(exception=LedgerException.objects.get().pk, note="ist so", actor=anna)


def test_customer_without_an_account_has_none_to_book_on(cash, anna):
    number = customer(anna, **ADDRESS).customer_number
    assert problem(cash.get(f"customers/{number}/account")) == (404, "no_account")
    assert problem(cash.get(f"customers/{number}/account/movements")) == (404, "no_account")
    assert problem(cash.get(f"customers/{number}/orders")) == (404, "no_account")
    assert problem(cash.post(f"customers/{number}/orders", order("1.00"))) == (404, "no_account")
    for path in BOOKED:
        assert problem(cash.post(f"customers/{number}/{path}", {"amount": "1.00"})) == (404, "no_account")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"amount": 5}, "amount"), ({"amount": "5,00"}, "amount"), ({"amount": "5.001"}, "amount"),
        ({"amount": "-5.00"}, "amount"), ({"amount": "1e3"}, "amount"), ({}, "amount"), ({"amount": "NaN"}, "amount"),
        ({"amount": "5.00", "document": "x" * 61}, "document"), ({"amount": "5.00", "is_late": True}, "is_late"),
        ({"amount": "5.00", "business_day": "2019-01-01"}, "business_day"),
        ({"amount": "5.00", "business_day": "gestern"}, "business_day"),
    ],
)  # fmt: skip
def test_what_is_sent_is_taken_strictly(cash, buyer, body, field):
    answer = cash.post(f"customers/{buyer.customer_number}/credit/top-up", body)
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]
    assert not Movement.objects.exists()


def test_zero_is_no_amount_and_late_is_true_or_false(cash, buyer):
    address = f"customers/{buyer.customer_number}/credit/top-up"
    assert problem(cash.post(address, {"amount": "0.00"})) == (422, "amount_invalid")
    assert cash.post(f"{address}?late=yes", {"amount": "1.00"}).status_code == 422
    assert problem(cash.post(f"{address}?lat=true", {"amount": "1.00"})) == (422, "unknown_parameter")


def test_bookings_are_listed_the_latest_first_and_page_by_page(cash, buyer, anna):
    number = buyer.customer_number
    post_sale(customer=buyer.pk, amount=Decimal(9), key=key(), document="Hand", actor=anna)
    cash.post(f"customers/{number}/credit/top-up", {"amount": "5.00"})
    back = cash.post(f"customers/{number}/credit/top-up", {"amount": "7.00"}).json()["movement"]["id"]
    cash.post(f"movements/{back}/reverse", {"reason": "vertippt"})
    address = f"customers/{number}/account/movements"
    said = cash.get(address).json()
    assert said["next"] is None
    told = [(one["kind"], one["open_amount_by"], one["credit_by"], one["is_reversed"]) for one in said["movements"]]
    assert told == [
        ("reversal", "0.00", "-7.00", False), ("top_up", "0.00", "7.00", True), ("top_up", "0.00", "5.00", False),
        ("sale", "9.00", "0.00", False),
    ]  # fmt: skip
    assert said["movements"][0]["reverses"] == back
    assert said["movements"][0]["reason"] == "vertippt"
    pages, page = [], ""
    while page is not None:
        part = cash.get(f"{address}?limit=3{page and f'&page={page}'}").json()
        pages.append([one["id"] for one in part["movements"]])
        page = part["next"]
    assert [len(one) for one in pages] == [3, 1]
    assert [pk for part in pages for pk in part] == [one["id"] for one in said["movements"]]
    for query in ("limit=0", "limit=201", "page=7", "seite=1"):
        assert cash.get(f"{address}?{query}").status_code == 422, query


def test_booking_is_taken_back_once_at_its_location(cash, make_till, buyer, anna):
    number = buyer.customer_number
    one = cash.post(f"customers/{number}/credit/top-up", {"amount": "5.00"}).json()["movement"]["id"]
    away = make_till("Bremen", *MONEY)
    said = {"reason": "vertippt"}
    assert problem(away.post(f"movements/{one}/reverse", said)) == (409, "movement_elsewhere")
    first = cash.post(f"movements/{one}/reverse", said, idempotency_key=KEY)
    assert first.json()["account"]["credit"] == "0.00"
    assert cash.post(f"movements/{one}/reverse", said, idempotency_key=KEY).content == first.content
    assert problem(cash.post(f"movements/{one}/reverse", said)) == (409, "movement_reversed_once")
    back = first.json()["movement"]["id"]
    assert problem(cash.post(f"movements/{back}/reverse", said)) == (409, "movement_reverses_one")
    assert problem(cash.post(f"movements/{uuid4()}/reverse", said)) == (404, "no_such_movement")
    assert cash.post(f"movements/{one}/reverse", {"reason": ""}).status_code == 422
    used = cash.post(f"customers/{number}/credit/top-up", {"amount": "5.00"}).json()["movement"]["id"]
    cash.post(f"customers/{number}/credit/use", {"amount": "4.00"})
    assert problem(cash.post(f"movements/{used}/reverse", said)) == (409, "below_zero")
    assert amounts(anna, buyer) == (0, 1)


def test_each_step_takes_its_right(make_till, buyer, anna):
    number = buyer.customer_number
    full = make_till("Hamburg", *MONEY)
    one = sold(full, number, "3.00")["order"]["id"]
    booked = full.post(f"customers/{number}/credit/top-up", {"amount": "5.00"}).json()["movement"]["id"]
    asked: dict[Right, list[tuple[str, str, Any]]] = {
        Right.SEE_ACCOUNTS: [
            ("GET", f"customers/{number}/account", None), ("GET", f"customers/{number}/account/movements", None),
            ("GET", f"customers/{number}/orders", None), ("GET", f"orders/{one}", None),
        ],
        Right.POST_TO_ACCOUNTS: [
            ("POST", f"customers/{number}/orders", order("1.00")),
            ("POST", f"customers/{number}/credit/use", {"amount": "1.00"}),
        ],
        Right.TOP_UP_CREDIT: [("POST", f"customers/{number}/credit/top-up", {"amount": "1.00"})],
        Right.PAY_OUT_CREDIT: [("POST", f"customers/{number}/credit/pay-out", {"amount": "1.00"})],
        Right.RECEIVE_PAYMENTS: [
            ("POST", f"customers/{number}/account/payments", {"amount": "1.00"}), ("POST", f"orders/{one}/pay", {}),
        ],
        Right.CORRECT_ACCOUNTS: [
            ("POST", f"orders/{one}/cancel", {"reason": "x"}), ("POST", f"movements/{booked}/reverse", {"reason": "x"}),
        ],
    }  # fmt: skip
    everything = [request for requests in asked.values() for request in requests]
    for lacking, requests in {**asked, Right.VIEW_CUSTOMERS: everything}.items():
        till = make_till("Hamburg", *(set(MONEY) - {lacking}))
        for method, path, body in requests:
            answer = till.post(path, body) if method == "POST" else till.get(path)
            assert problem(answer) == (403, "missing_right"), path
            assert answer.json()["right"] == lacking, path
    # Who books and may not see accounts is not told how they stand.
    blind = make_till("Hamburg", Right.VIEW_CUSTOMERS, Right.POST_TO_ACCOUNTS, Right.TOP_UP_CREDIT)
    assert "account" not in sold(blind, number, "1.00")
    assert "account" not in blind.post(f"customers/{number}/credit/top-up", {"amount": "1.00"}).json()
    assert amounts(anna, buyer) == (4, 6)


def test_right_that_is_taken_meanwhile_undoes_the_booking(cash, buyer, anna, monkeypatch):
    number = buyer.customer_number
    one = sold(cash, number, "3.00")["order"]["id"]

    def taken(*_given):
        LocationGrant.objects.filter(group=cash.device.group).delete()

    for module in ("accounts", "orders"):
        monkeypatch.setattr(f"api.endpoints.{module}.name", taken)
    steps = [
        (f"customers/{number}/orders", order("1.00")), (f"orders/{one}/pay", {}),
        (f"orders/{one}/cancel", {"reason": "x"}), (f"customers/{number}/credit/top-up", {"amount": "1.00"}),
    ]  # fmt: skip
    for path, body in steps:
        grants.add_grants(cash.device.group, [(right, anna.location.pk) for right in MONEY])
        assert problem(cash.post(path, body)) == (403, "missing_right"), path
    assert amounts(anna, buyer) == (3, 0)
    assert Movement.objects.count() == 1


def test_account_of_another_business_is_not_there(make_till, cash, buyer, cast):
    south = cast.scope("sven", "München", 20800)
    foreign = guest(south, last_name="Fremd")
    theirs = make_till("München", *MONEY, account_number=20800)
    one = sold(theirs, foreign.customer_number, "3.00")
    booked = one["order"]["booking"]
    if foreign.customer_number != buyer.customer_number:
        for path in ("account", "account/movements", "orders"):
            assert problem(cash.get(f"customers/{foreign.customer_number}/{path}")) == (404, "no_such_customer")
    order_id = one["order"]["id"]
    for answer in (
        cash.get(f"orders/{order_id}"), cash.post(f"orders/{order_id}/pay", {}),
        cash.post(f"orders/{order_id}/cancel", {"reason": "x"}),
    ):  # fmt: skip
        assert problem(answer) == (404, "no_such_order")
    assert problem(cash.post(f"movements/{booked}/reverse", {"reason": "x"})) == (404, "no_such_movement")
    assert cash.get(f"customers/{buyer.customer_number}/account/movements?page={booked}").json()["movements"] == []
    assert amounts(south, foreign) == (3, 0)


def test_customer_of_the_business_has_one_account_at_all_its_locations(cash, make_till, buyer):
    """Bremen sees what Hamburg has sold, and has it paid."""
    bremen = make_till("Bremen", *MONEY)
    one = sold(cash, buyer.customer_number, "3.00")["order"]["id"]
    said = bremen.get(f"customers/{buyer.customer_number}/account").json()
    assert [item["id"] for item in said["open_items"]] == [one]
    assert bremen.post(f"orders/{one}/pay", {}).json()["order"]["state"] == "paid"
    assert balances(cash, buyer.customer_number) == ("0.00", "0.00")
    places = Movement.objects.order_by("posted_at").values_list("location__name", flat=True)
    assert list(places) == ["Hamburg", "Bremen"]


def test_revoked_till_books_nothing_and_neither_does_one_whose_location_has_left(cash, make_till, buyer, anna, cast):
    with row_scope.rows_of(anna):
        revoke_device(device=cash.device, reason="gestohlen", actor=anna)
    address = f"customers/{buyer.customer_number}/orders"
    assert problem(cash.post(address, order("1.00"))) == (401, "not_admitted")
    bremen = make_till("Bremen", *MONEY)
    place = cast.location("Bremen")
    type(place).objects.filter(pk=place.pk).update(closed_at=timezone.now())
    assert problem(bremen.post(address, order("1.00"))) == (404, "not_there")
    assert not Movement.objects.exists()


def test_of_whoever_is_erased_orders_stay_without_him_and_answers_are_gone(cash, buyer, anna):
    number = buyer.customer_number
    one = order("3.00", fiscal={"signature": "Gast"}, lines=[line("3.00", "Torte für Gast")])
    said = cash.post(f"customers/{number}/orders", one, idempotency_key=KEY).json()["order"]
    cash.post(f"orders/{said['id']}/pay", {})
    stone = erase_customer(customer=buyer.pk, reason="gewünscht", actor=anna)
    assert (stone.figures["orders"], stone.figures["movements"]) == (1, 2)
    told = cash.get(f"orders/{said['id']}").json()
    assert (told["customer"], told["number"], told["fiscal"]) == (None, "", {})
    assert [(one["text"], one["amount"]) for one in told["lines"]] == [("–", "3.00")]
    assert problem(cash.post(f"customers/{number}/orders", one, idempotency_key=KEY)) == (410, "answer_gone")
    assert problem(cash.post(f"orders/{said['id']}/cancel", {"reason": "x"})) == (409, "movement_of_nobody")
