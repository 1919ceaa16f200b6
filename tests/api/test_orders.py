"""Orders of tills: sold on account or with credit, paid once, cancelled once; and what the database keeps of them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection
from django.utils import timezone

from accounting.models import LedgerException, Movement, PaymentOrder, PaymentOrderLine
from accounting.operations import OrderRefused, cancel_order, pay_order, reverse
from mcp.isolation import row_scope
from tests.accounting.accounts import amounts, guest, key, on_its_own, terms
from tests.api.asking import Till, problem
from tests.api.money import MONEY, balances, line, order, sold
from tests.conftest import as_web_role

KEY = "7f1d3c9a-0001"


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def cash(make_till) -> Till:
    return make_till("Hamburg", *MONEY)


@pytest.fixture
def buyer(anna) -> Any:
    return guest(anna)


def test_order_keeps_what_the_till_has_said(cash, buyer):
    lines = [
        line("4.20", "Brötchen", quantity="6"), line("8.90", "Käse", quantity="0.350", vat_rate="7"),
        line("-0.10", "Rabatt", quantity="1"),
    ]  # fmt: skip
    fiscal = {"signature": "A/b+==", "transaction": "4711"}
    said = {
        "number": "Bon 7", "method": "account", "total": "13.00", "lines": lines, "fiscal": fiscal,
        "sold_at": "2026-11-30T14:05:00+01:00", "business_day": timezone.localdate().isoformat(),
    }  # fmt: skip
    answer = cash.post(f"customers/{buyer.customer_number}/orders", said)
    told = answer.json()["order"]
    assert answer["Location"].endswith(f"/api/v1/orders/{told['id']}")
    assert cash.get(f"orders/{told['id']}").json() == told
    for name in ("number", "method", "total", "fiscal", "business_day"):
        assert told[name] == said[name]
    assert told["sold_at"] == "2026-11-30T13:05:00Z"
    assert told["lines"] == [
        line("4.20", "Brötchen", quantity="6.000"), line("8.90", "Käse", quantity="0.350"),
        line("-0.10", "Rabatt", quantity="1.000"),
    ]  # fmt: skip
    assert (told["state"], told["customer"], told["payment"]) == ("open", buyer.customer_number, None)
    row = PaymentOrder.objects.get()
    assert (row.device_id, row.customer_id, row.location_id) == (cash.device.pk, buyer.pk, cash.device.location_id)
    assert Movement.objects.get(pk=told["booking"]).document == "Bon 7"


def test_order_is_paid_once_and_the_account_with_it(cash, buyer):
    number = buyer.customer_number
    one = sold(cash, number, "12.40")["order"]["id"]
    paid = cash.post(f"orders/{one}/pay", {}, idempotency_key=KEY)
    assert (paid.status_code, paid.json()["order"]["state"]) == (201, "paid")
    assert cash.post(f"orders/{one}/pay", {}, idempotency_key=KEY).content == paid.content
    assert problem(cash.post(f"orders/{one}/pay", {})) == (409, "order_paid")
    assert balances(cash, number) == ("0.00", "0.00")
    # Taken back, it is open again, and can be paid again.
    payment = paid.json()["order"]["payment"]
    assert cash.post(f"movements/{payment}/reverse", {"reason": "falsch"}).status_code == 201
    assert cash.get(f"orders/{one}").json()["state"] == "open"
    assert balances(cash, number) == ("12.40", "0.00")
    assert cash.post(f"orders/{one}/pay", {}).json()["order"]["state"] == "paid"


def test_order_is_cancelled_once_with_what_was_paid_for_it(cash, buyer):
    number = buyer.customer_number
    ids = [sold(cash, number, "12.40")["order"]["id"] for _one in range(2)]
    cash.post(f"orders/{ids[1]}/pay", {})
    for one in ids:
        gone = cash.post(f"orders/{one}/cancel", {"reason": "falscher Kunde"}, idempotency_key=f"{KEY}-{one}")
        assert (gone.status_code, gone.json()["order"]["state"]) == (201, "cancelled"), gone.content
        again = cash.post(f"orders/{one}/cancel", {"reason": "falscher Kunde"}, idempotency_key=f"{KEY}-{one}")
        assert again.content == gone.content
        assert problem(cash.post(f"orders/{one}/cancel", {"reason": "x"})) == (409, "order_cancelled")
        assert problem(cash.post(f"orders/{one}/pay", {})) == (409, "order_cancelled")
    assert balances(cash, number) == ("0.00", "0.00")
    assert Movement.objects.filter(kind="reversal", reason="falscher Kunde").count() == 3
    assert not LedgerException.objects.exists()


def test_order_with_credit_is_paid_by_it_and_gives_it_back(cash, buyer):
    number = buyer.customer_number
    refused = cash.post(f"customers/{number}/orders", order("4.00", method="credit"))
    assert problem(refused) == (409, "below_zero")
    cash.post(f"customers/{number}/credit/top-up", {"amount": "10.00"})
    said = sold(cash, number, "4.00", method="credit")
    assert (said["order"]["state"], said["account"]["credit"]) == ("paid", "6.00")
    assert cash.get(f"customers/{number}/account").json()["open_items"] == []
    assert problem(cash.post(f"orders/{said['order']['id']}/pay", {})) == (409, "order_paid")
    booking = said["order"]["booking"]
    assert problem(cash.post(f"movements/{booking}/reverse", {"reason": "x"})) == (409, "movement_of_order")
    gone = cash.post(f"orders/{said['order']['id']}/cancel", {"reason": "zurück"}).json()
    assert (gone["order"]["state"], gone["account"]["credit"]) == ("cancelled", "10.00")


def test_order_is_cancelled_where_it_was_posted(cash, make_till, buyer):
    bremen = make_till("Bremen", *MONEY)
    here, there = (sold(cash, buyer.customer_number, "1.00")["order"]["id"] for _one in range(2))
    assert problem(bremen.post(f"orders/{here}/cancel", {"reason": "x"})) == (409, "order_elsewhere")
    bremen.post(f"orders/{there}/pay", {})
    assert problem(cash.post(f"orders/{there}/cancel", {"reason": "x"})) == (409, "order_elsewhere")
    assert PaymentOrder.objects.filter(state="cancelled").count() == 0


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        (order("1.00", "2.00", total="4.00"), 422, "lines_are_not_total"),
        (order("0.00", total="0.00"), 422, "amount_invalid"),
        (order("1.00", lines=[]), 422, "unusable"),
        (order("1.00", number=""), 422, "unusable"),
        (order("1.00", method="cash"), 422, "unusable"),
        (order("1.00", fiscal={str(at): "" for at in range(41)}), 422, "unusable"),
        (order("1.00", lines=[line("1.00", quantity="1.2345")]), 422, "unusable"),
        (order("1.00", lines=[line("1.00", vat_rate="-7.00")]), 422, "unusable"),
        (order("1.00", lines=[line("1.00", vat_rate="100.00")]), 422, "unusable"),
        (order("1.00", lines=[line(1.0)]), 422, "unusable"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_order_that_cannot_be_is_refused(cash, buyer, said, status, code):
    assert problem(cash.post(f"customers/{buyer.customer_number}/orders", said)) == (status, code)
    assert (Movement.objects.count(), PaymentOrder.objects.count()) == (0, 0)


def test_number_of_a_receipt_is_used_once_a_day_by_a_till(cash, make_till, buyer):
    number = buyer.customer_number
    sold(cash, number, "1.00", number="Bon 1")
    again = cash.post(f"customers/{number}/orders", order("1.00", number="Bon 1"))
    assert problem(again) == (409, "order_number_known")
    yesterday = (timezone.localdate() - timedelta(days=1)).isoformat()
    sold(cash, number, "1.00", number="Bon 1", business_day=yesterday)
    sold(make_till("Hamburg", *MONEY), number, "1.00", number="Bon 1")
    assert balances(cash, number) == ("3.00", "0.00")


def test_orders_are_listed_open_or_all_page_by_page(cash, buyer):
    number = buyer.customer_number
    ids = [sold(cash, number, "1.00")["order"]["id"] for _one in range(4)]
    cash.post(f"orders/{ids[0]}/pay", {})
    listed = f"customers/{number}/orders"
    assert [one["id"] for one in cash.get(listed).json()["orders"]] == ids[:0:-1]
    said = cash.get(f"{listed}?state=all&limit=3").json()
    assert [one["id"] for one in said["orders"]] == ids[:0:-1]
    rest = cash.get(f"{listed}?state=all&page={said['next']}").json()
    assert ([one["state"] for one in rest["orders"]], rest["next"]) == (["paid"], None)
    assert cash.get(f"{listed}?state=paid").status_code == 422


def test_who_reverses_on_the_page_moves_the_order_as_well(cash, buyer, anna):
    """The state follows the movements: whoever reverses them, wherever."""
    number = buyer.customer_number
    first, second = (sold(cash, number, "1.00")["order"] for _one in range(2))
    reverse(movement=first["booking"], reason="x", key=key(), actor=anna)
    assert PaymentOrder.objects.get(pk=first["id"]).state == "cancelled"
    paid = pay_order(order=second["id"], key=key(), actor=anna).order
    with pytest.raises(OrderRefused) as caught:
        reverse(movement=second["booking"], reason="x", key=key(), actor=anna)
    assert caught.value.code == "order_paid"
    assert paid.payment_id is not None
    reverse(movement=paid.payment_id, reason="x", key=key(), actor=anna)
    assert PaymentOrder.objects.get(pk=second["id"]).state == "open"
    assert amounts(anna, buyer) == (1, 0)


def test_order_on_an_invoice_is_locked(cash, buyer, anna, as_owner):
    one = sold(cash, buyer.customer_number, "1.00")["order"]
    PaymentOrder.objects.filter(pk=one["id"]).update(state="invoiced")
    assert problem(cash.post(f"orders/{one['id']}/pay", {})) == (409, "order_invoiced")
    assert problem(cash.post(f"orders/{one['id']}/cancel", {"reason": "x"})) == (409, "order_invoiced")
    with pytest.raises(ValidationError) as caught:
        reverse(movement=one["booking"], reason="x", key=key(), actor=anna)
    assert caught.value.code == "order_invoiced"
    assert cash.get(f"customers/{buyer.customer_number}/account").json()["open_items"] == []


def test_key_of_one_order_does_not_pay_or_cancel_another(buyer, anna, cash):
    first, second = (sold(cash, buyer.customer_number, "1.00")["order"]["id"] for _one in range(2))
    one, other = key(), key()
    assert pay_order(order=first, key=one, actor=anna).order.state == "paid"
    assert pay_order(order=first, key=one, actor=anna).order.state == "paid"
    with pytest.raises(ValidationError) as caught:
        pay_order(order=second, key=one, actor=anna)
    assert caught.value.code == "movement_key_once"
    assert cancel_order(order=first, reason="x", key=other, actor=anna).order.state == "cancelled"
    assert cancel_order(order=first, reason="x", key=other, actor=anna).order.state == "cancelled"
    for target, reason in ((second, "x"), (first, "y")):
        with pytest.raises(ValidationError) as caught:
            cancel_order(order=target, reason=reason, key=other, actor=anna)
        assert caught.value.code == "movement_key_once"
    assert PaymentOrder.objects.get(pk=second).state == "open"


def test_payment_taken_back_above_the_limit_waits_for_a_decision(cash, buyer, anna):
    one = sold(cash, buyer.customer_number, "90.00")["order"]["id"]
    payment = cash.post(f"orders/{one}/pay", {}).json()["order"]["payment"]
    sold(cash, buyer.customer_number, "20.00")
    said = cash.post(f"movements/{payment}/reverse", {"reason": "geplatzt"}).json()
    assert (said["exceptions"], said["account"]["open_amount"]) == (["limit"], "110.00")
    terms(anna, buyer, hard_limit=Decimal(200))


# --- what the database keeps -----------------------------------------------------------------------------------------


FORBIDDEN = (
    "UPDATE accounting_paymentorder SET state = 'paid'",
    "UPDATE accounting_paymentorder SET total = 1",
    "UPDATE accounting_paymentorder SET customer_id = NULL",
    "DELETE FROM accounting_paymentorder",
    "INSERT INTO accounting_paymentorder SELECT * FROM accounting_paymentorder",
    "TRUNCATE accounting_paymentorder CASCADE",
    "UPDATE accounting_paymentorderline SET amount = 1",
    "DELETE FROM accounting_paymentorderline",
    "INSERT INTO accounting_paymentorderline SELECT * FROM accounting_paymentorderline",
    "SELECT accounting_lock_order({base}, '{order}')",
    "SELECT accounting_forget_orders({base}, {customer})",
    'SELECT accounting_pay_order({base}, \'{order}\', \'x\', \'{{"kind": "payment", "amount": "1"}}\')',
    "SELECT accounting_pay_order({base}, '{other}', 'x', '{{}}')",
    "SELECT accounting_cancel_order({base} + 1, '{order}', 'x', 'x', 'x', now()::date)",
    "SELECT accounting_cancel_order({base}, '{order}', 'x', '', 'x', now()::date)",
)


@pytest.mark.django_db(transaction=True)
def test_web_role_can_neither_change_nor_make_an_order_otherwise(cash, buyer, anna):
    one = sold(cash, buyer.customer_number, "3.00")["order"]["id"]
    before = (list(PaymentOrder.objects.values_list()), list(PaymentOrderLine.objects.values_list()))
    names = {"base": anna.base.pk, "order": one, "other": uuid4(), "customer": buyer.pk}
    with as_web_role():
        for statement in FORBIDDEN:
            with pytest.raises(DatabaseError), row_scope.rows_of(anna), connection.cursor() as cursor:
                cursor.execute(statement.format(**names))
    assert before == (list(PaymentOrder.objects.values_list()), list(PaymentOrderLine.objects.values_list()))
    assert amounts(anna, buyer) == (3, 0)


def test_lines_that_are_not_the_total_are_refused_by_the_database_too(cash, buyer, anna, monkeypatch):
    monkeypatch.setattr("accounting.operations.orders.demand_sum", lambda _total, _lines: None)
    answer = cash.post(f"customers/{buyer.customer_number}/orders", order("1.00", "2.00", total="4.00"))
    assert answer.status_code == 500
    assert not Movement.objects.exists()


def test_orders_of_a_location_on_its_own_are_not_there_elsewhere(make_till, cast, anna):
    """As for all of a ledger that belongs to one location alone: also for tills of other locations, by its id."""
    bremen = cast.scope("anna", "Bremen")
    guest(anna, last_name="Zentral")
    on_its_own(cast, "Bremen")
    whose = guest(bremen, last_name="Bremer")
    there, here = make_till("Bremen", *MONEY), make_till("Hamburg", *MONEY)
    one = sold(there, whose.customer_number, "3.00")["order"]
    assert problem(here.get(f"orders/{one['id']}")) == (404, "no_such_order")
    assert problem(here.post(f"orders/{one['id']}/pay", {})) == (404, "no_such_order")
    assert problem(here.post(f"movements/{one['booking']}/reverse", {"reason": "x"})) == (404, "no_such_movement")
    assert problem(here.get(f"customers/{whose.customer_number}/account")) == (404, "no_account")
    with row_scope.rows_of(anna):
        assert (PaymentOrder.objects.count(), PaymentOrderLine.objects.count()) == (0, 0)
    assert balances(there, whose.customer_number) == ("3.00", "0.00")
