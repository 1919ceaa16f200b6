"""Runs beside one another, beside tills, and rolled back: numbers have no gap, and no order is billed twice."""

from __future__ import annotations

import random
import threading
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounting.choices import InvoiceKind
from accounting.invoicing import cancel_invoice
from accounting.invoicing.running import issue_next
from accounting.models import Invoice, InvoiceItem, NumberSeries, PaymentOrder, RunOrder
from accounting.operations import cancel_order, pay_order
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import guest, key
from tests.accounting.invoices import begun, issued, issuer, order, prepared
from tests.customers.test_cards_at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def anna(cast) -> Scope:
    scope = cast.scope("anna", "Zentrale")
    issuer(scope)
    return scope


@pytest.fixture
def till(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


def sequences(kind: str = InvoiceKind.INVOICE) -> list[int]:
    return sorted(Invoice.objects.filter(kind=kind).values_list("sequence", flat=True))


def test_two_prepare_at_once_and_each_order_is_in_one_run(anna, till):
    guests = [guest(till, last_name=f"Gast{turn}") for turn in range(6)]
    for whose in guests:
        order(till, whose)
    told = at_once(anna, *(lambda: prepared(anna) for _person in range(4)))
    assert told == ["", *["nothing_to_bill"] * 3]
    assert RunOrder.objects.waiting().count() == 6


def test_two_workers_at_one_run_issue_each_invoice_once(anna, till):
    for turn in range(12):
        order(till, guest(till, last_name=f"Gast{turn}"))
    run = begun(anna)
    today = timezone.localdate()

    def work() -> None:
        while issue_next(run.pk, on=today, actor=anna, most=2) is not None:
            pass

    assert at_once(anna, work, work, work) == [""] * 3
    run.refresh_from_db()
    assert (sequences(), run.issued) == (list(range(1, 13)), 12)
    assert InvoiceItem.objects.count() == 12


def test_run_beside_tills_that_pay_and_cancel(anna, till):
    """Each order is paid, cancelled or billed, and never two of these."""
    whose = guest(till)
    orders = [order(till, whose) for _turn in range(9)]
    run = begun(anna, bundling="single")
    today = timezone.localdate()
    told = at_once(
        till,
        *(lambda pk=pk: pay_order(order=pk, key=key(), actor=till) for pk in orders[:3]),
        *(lambda pk=pk: cancel_order(order=pk, reason="x", key=key(), actor=till) for pk in orders[3:6]),
        lambda: issue_next(run.pk, on=today, actor=anna),
    )
    assert set(told) <= {"", "order_invoiced"}
    states = list(PaymentOrder.objects.order_by("pk").values_list("state", flat=True))
    billed = states.count("invoiced")
    assert billed == Invoice.objects.count() == 3 + told.count("order_invoiced")
    assert sequences() == list(range(1, billed + 1))
    assert RunOrder.objects.filter(left_out="changed").count() == 9 - billed


def test_numbers_have_no_gap_where_a_third_is_rolled_back(anna, till):
    """Eight writers, each with runs of its own, of which 30 % end in an error after they have taken numbers."""
    luck = random.Random(7)
    runs = []
    for turn in range(24):
        order(till, guest(till, last_name=f"Gast{turn}"))
        runs.append((begun(anna), luck.random() < 0.3))
    left, lock, today = list(runs), threading.Lock(), timezone.localdate()

    def write() -> None:
        while True:
            with lock:
                if not left:
                    return
                run, is_broken = left.pop()
            try:
                with row_scope.rows_of(anna):
                    issue_next(run.pk, on=today, actor=anna)
                    _ = 1 / (not is_broken)
            except ZeroDivisionError:
                pass

    assert at_once(anna, *[write] * 8) == [""] * 8
    kept = sum(not is_broken for _run, is_broken in runs)
    assert 0 < kept < 24
    assert sequences() == list(range(1, kept + 1))
    assert NumberSeries.objects.get().last == kept


def test_invoice_is_cancelled_once_by_whoever_is_first(anna, till):
    for turn in range(4):
        order(till, guest(till, last_name=f"Gast{turn}"))
    invoices = issued(anna)
    told = at_once(
        anna,
        *(lambda one=one: cancel_invoice(invoice=one.pk, reason="x", actor=anna) for one in invoices[:2] * 3),
    )
    assert told == ["", "", *["invoice_not_cancelled"] * 4]
    assert sequences(InvoiceKind.CANCELLATION) == [1, 2]
    assert _states() == {"invoiced": 2, "open": 2}


def _states() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT state, count(*) FROM accounting_paymentorder GROUP BY state")
        return dict(cursor.fetchall())
