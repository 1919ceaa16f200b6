"""Invoices: what a run chooses and issues, their sums and numbers, and cancelling them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone, translation

from accounting.choices import Bundling
from accounting.invoicing import (
    InvoiceRefused,
    IssuerIncomplete,
    NotAtCentral,
    NothingToBill,
    RunRefused,
    cancel_invoice,
    cancel_run,
    missing_of,
    set_billing_terms,
    set_issuer,
    start_run,
)
from accounting.invoicing.running import issue_next
from accounting.models import (
    BillingTerms,
    Invoice,
    InvoiceLine,
    InvoiceVat,
    Issuer,
    NumberSeries,
    PaymentOrder,
    RunOrder,
)
from accounting.operations import OrderRefused, cancel_order, pay_order, receive_payment, reverse
from customers.erasure.erasing import erase_customer
from customers.models import Customer
from mcp.isolation.scope import MissingRight, Scope
from mcp.worker.task_frame import Stopped
from tests.accounting.accounts import ADDRESS, guest, key, on_its_own, terms
from tests.accounting.invoices import begun, issued, issuer, line, order, prepared
from tests.customers.people import customer

pytestmark = pytest.mark.django_db
YEAR = timezone.localdate().year


@pytest.fixture
def anna(cast) -> Scope:
    """At the central, where invoices are made."""
    scope = cast.scope("anna", "Zentrale")
    issuer(scope)
    return scope


@pytest.fixture
def till(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


def left_out(run) -> set[tuple[str, str]]:
    rows = RunOrder.objects.of_run(run).exclude(left_out="").select_related("payer")
    return {(str(row.payer.last_name), row.left_out) for row in rows}


def test_run_bills_each_customer_once_with_all_his_orders(anna, till):
    one, two = guest(till, last_name="Eins"), guest(till, last_name="Zwei")
    order(till, one, line("10.70"), line("11.90", "19"), number="B1")
    order(till, two)
    order(till, one, line("1.99", quantity=Decimal("2.5"), text="Brezel"), number="B2")
    first, second = issued(anna)
    assert [first.number, second.number] == [f"RE-{YEAR}-000001", f"RE-{YEAR}-000002"]
    assert (first.customer, first.gross, first.net, first.tax) == (
        one,
        Decimal("24.59"),
        Decimal("21.86"),
        Decimal("2.73"),
    )
    assert (first.state, first.paid, first.due_on) == ("open", 0, timezone.localdate() + timedelta(days=14))
    rates: Any = InvoiceVat.objects.filter(invoice=first).order_by("rate").values_list("rate", "net", "tax", "gross")
    assert list(rates) == [
        (7, Decimal("11.86"), Decimal("0.83"), Decimal("12.69")), (19, 10, Decimal("1.90"), Decimal("11.90")),
    ]  # fmt: skip
    lines: Any = InvoiceLine.objects.filter(invoice=first).order_by("position")
    assert [(one.text, one.quantity, one.gross, one.net, one.vat_rate, one.order_number) for one in lines] == [
        ("Brot", 1, Decimal("10.70"), 10, 7, "B1"),
        ("Brot", 1, Decimal("11.90"), 10, 19, "B1"),
        ("Brezel", Decimal("2.5"), Decimal("1.99"), Decimal("1.86"), 7, "B2"),
    ]
    assert set(PaymentOrder.objects.values_list("state", flat=True)) == {"invoiced"}


def test_invoice_keeps_issuer_and_buyer_as_of_that_moment(anna, till):
    whose = guest(till, last_name="Eins")
    set_billing_terms(customer=whose.pk, values={"reference": "KST 7", "leitweg_id": "04011000-12345-03"}, actor=till)
    order(till, whose)
    [invoice] = issued(anna)
    issuer(anna, legal_name="Andere GmbH")
    Customer.objects.filter(pk=whose.pk).update(last_name="Anders", city="Kiel")
    invoice.refresh_from_db()
    assert invoice.issuer_data["legal_name"] == "Nordlicht Bäckereien GmbH"
    kept = {name: invoice.buyer_data[name] for name in ("last_name", "city", "reference", "leitweg_id")}
    assert kept == {"last_name": "Eins", "city": "Hamburg", "reference": "KST 7", "leitweg_id": "04011000-12345-03"}


def test_small_business_charges_no_vat(anna, till):
    issuer(anna, is_small_business=True)
    order(till, guest(till), line("10.70"), line("11.90", "19"))
    [invoice] = issued(anna)
    assert (invoice.net, invoice.tax, invoice.gross) == (Decimal("22.60"), 0, Decimal("22.60"))
    assert list(InvoiceVat.objects.values_list("rate", "net")) == [(Decimal(0), Decimal("22.60"))]


def test_single_or_collective_is_agreed_with_the_customer_or_said_by_the_run(anna, till):
    single, collective = guest(till, last_name="Einzeln"), guest(till, last_name="Sammel")
    set_billing_terms(customer=single.pk, values={"is_collective": False}, actor=till)
    for whose in (single, single, collective, collective):
        order(till, whose)
    for bundling, wanted in ((Bundling.COLLECTIVE, 2), (Bundling.SINGLE, 4), (Bundling.AGREED, 3)):
        run = prepared(anna, bundling=bundling)
        assert (run.invoices, run.total) == (wanted, Decimal("42.80"))
        cancel_run(run=run.pk, actor=anna)
    assert len(issued(anna)) == 3


def test_preview_says_who_is_left_out_and_why(anna, till):
    nowhere = customer(till, last_name="Ohne")
    terms(till, nowhere)
    held, small, fine = guest(till, last_name="Wartet"), guest(till, last_name="Klein"), guest(till, last_name="Gut")
    set_billing_terms(customer=held.pk, values={"is_held": True, "held_reason": "Streit"}, actor=till)
    for whose, amount in ((nowhere, "30"), (held, "30"), (small, "4.99"), (fine, "5")):
        order(till, whose, line(amount))
    run = prepared(anna, minimum=Decimal(5))
    assert (run.state, run.invoices, run.total) == ("previewed", 1, 5)
    assert left_out(run) == {("Ohne", "no_address"), ("Wartet", "held"), ("Klein", "minimum")}


def test_whoever_is_held_after_the_preview_is_left_out_at_issue(anna, till):
    held, payer, fine = (guest(till, last_name=name) for name in ("Wartet", "Zahlt", "Gut"))
    for whose in (held, payer, fine):
        order(till, whose)
    run = begun(anna)
    assert run.invoices == 3
    for whose in (held, payer):
        set_billing_terms(customer=whose.pk, values={"is_held": True, "held_reason": "Streit"}, actor=till)
    set_billing_terms(customer=payer.pk, values={"is_held": False, "held_reason": ""}, actor=till)
    assert issue_next(run.pk, on=timezone.localdate(), actor=anna) == 2
    assert issue_next(run.pk, on=timezone.localdate(), actor=anna) is None
    assert left_out(run) == {("Wartet", "held")}
    assert set(Invoice.objects.values_list("customer__last_name", flat=True)) == {"Zahlt", "Gut"}
    set_billing_terms(customer=held.pk, values={"is_held": False, "held_reason": ""}, actor=till)
    assert prepared(anna).invoices == 1


def test_whoever_is_held_in_another_ledger_is_billed(anna, till, cast):
    whose = guest(till)
    order(till, whose)
    run = begun(anna)
    bremen = cast.scope("anna", "Bremen")
    on_its_own(cast, "Bremen")
    terms(bremen, whose)
    set_billing_terms(customer=whose.pk, values={"is_held": True, "held_reason": "Streit"}, actor=bremen)
    assert issue_next(run.pk, on=timezone.localdate(), actor=anna) == 1


def test_whoever_has_an_alias_alone_is_not_billed_before_he_has_a_name(anna, till):
    """An invoice names whom it is for: one without a name could not be written, and would stop its run."""
    whose = customer(till, last_name="", alias="Odette", **ADDRESS)
    terms(till, whose)
    order(till, whose)
    run = prepared(anna)
    assert (run.invoices, left_out(run)) == (0, {("", "no_address")})
    cancel_run(run=run.pk, actor=anna)
    Customer.objects.filter(pk=whose.pk).update(first_name="Odette")
    run = begun(anna)
    assert run.invoices == 1
    Customer.objects.filter(pk=whose.pk).update(first_name="")
    assert issue_next(run.pk, on=timezone.localdate(), actor=anna) == 0
    assert (left_out(run), Invoice.objects.exists()) == ({("", "no_address")}, False)


def test_run_asks_for_days_locations_and_groups(anna, till, cast):
    bremen = cast.scope("anna", "Bremen")
    whose = guest(till)
    today = timezone.localdate()
    order(till, whose, line("1"), day=today - timedelta(days=3))
    order(bremen, whose, line("2"), day=today - timedelta(days=3))
    order(till, whose, line("4"), day=today)
    asked = {"until": today - timedelta(days=1), "locations": [bremen.location.pk]}
    run = prepared(anna, **asked)
    assert run.total == 2
    assert prepared(anna, until=today - timedelta(days=1)).total == 1
    with pytest.raises(NothingToBill):
        prepared(anna, groups=[0])


def test_what_is_previewed_is_issued_and_no_other_run_takes_it(anna, till):
    paid, taken_back, stays = (guest(till, last_name=name) for name in ("Zahlt", "Storno", "Bleibt"))
    orders = [order(till, whose) for whose in (paid, taken_back, stays)]
    run = begun(anna)
    with pytest.raises(NothingToBill):
        prepared(anna)
    pay_order(order=orders[0], key=key(), actor=till)
    cancel_order(order=orders[1], reason="x", key=key(), actor=till)
    order(till, stays, line("99"))  # after the preview
    today = timezone.localdate()
    assert [issue_next(run.pk, on=today, actor=anna) for _turn in range(2)] == [1, None]
    assert left_out(run) == {("Zahlt", "changed"), ("Storno", "changed")}
    assert [one.gross for one in Invoice.objects.all()] == [Decimal("10.70")]


def test_blocks_go_on_where_the_last_one_ended(anna, till):
    for turn in range(5):
        order(till, guest(till, last_name=f"Gast{turn}"))
    invoices = issued(anna, most=2)
    assert [one.sequence for one in invoices] == [1, 2, 3, 4, 5]
    assert [one.customer.customer_number for one in invoices] == sorted(
        one.customer.customer_number for one in invoices
    )
    with pytest.raises(NothingToBill):
        prepared(anna)
    with pytest.raises(Stopped):
        issue_next(UUID(str(invoices[0].run_id)), on=timezone.localdate(), actor=anna)


def test_invoiced_sale_is_locked(anna, till):
    pk = order(till, guest(till))
    issued(anna)
    for wrong in (
        lambda: pay_order(order=pk, key=key(), actor=till),
        lambda: cancel_order(order=pk, reason="x", key=key(), actor=till),
        lambda: reverse(movement=PaymentOrder.objects.get(pk=pk).booking_id, reason="x", key=key(), actor=till),
    ):
        with pytest.raises(OrderRefused) as caught:
            wrong()
        assert caught.value.code == "order_invoiced"


def test_cancellation_has_a_number_of_its_own_and_opens_the_orders(anna, till):
    pk = order(till, guest(till), line("10.70"), line("-0.70"))
    [wrong] = issued(anna)
    done = cancel_invoice(invoice=wrong.pk, reason="Falscher Kunde", actor=anna)
    wrong.refresh_from_db()
    assert (done.number, done.kind, done.cancels, done.gross) == (f"ST-{YEAR}-000001", "cancellation", wrong, 10)
    assert (wrong.state, done.state, done.reason) == ("cancelled", "cancellation", "Falscher Kunde")
    assert (done.buyer_data, done.issuer_data) == (wrong.buyer_data, wrong.issuer_data)
    amounts = [list(InvoiceLine.objects.filter(invoice=one).order_by("position").values_list("gross", "net"))
               for one in (wrong, done)]  # fmt: skip
    assert amounts[0] == amounts[1]
    assert PaymentOrder.objects.get(pk=pk).state == "open"
    for one in (wrong, done):
        with pytest.raises(InvoiceRefused):
            cancel_invoice(invoice=one.pk, reason="x", actor=anna)
    [again] = issued(anna)
    assert again.number == f"RE-{YEAR}-000002"
    assert PaymentOrder.objects.get(pk=pk).state == "invoiced"


def test_cancellation_needs_a_reason(anna, till):
    order(till, guest(till))
    [invoice] = issued(anna)
    with pytest.raises(ValidationError):
        cancel_invoice(invoice=invoice.pk, reason=" ", actor=anna)
    assert NumberSeries.objects.filter(kind="cancellation").count() == 0


def test_no_invoice_without_what_the_issuer_has_to_say(anna, till):
    order(till, guest(till))
    assert missing_of(Issuer.objects.get()) == []
    issuer(anna, iban="", street="", vat_id="", tax_number="")
    with pytest.raises(IssuerIncomplete) as caught:
        prepared(anna)
    with translation.override("en"):
        assert str((caught.value.params or {})["missing"]) == "street, VAT id or tax number, IBAN"
    issuer(anna)
    run = prepared(anna)
    issuer(anna, legal_name="")
    with pytest.raises(IssuerIncomplete):
        start_run(run=run.pk, actor=anna)


def test_numbers_of_the_issuer_are_checked(anna):
    wrong = {"vat_id": "DE123", "iban": "DE00", "bic": "X", "creditor_id": "DE1"}
    with pytest.raises(ValidationError) as caught:
        set_issuer(values=wrong, actor=anna)
    assert set(caught.value.error_dict) == set(wrong)
    with pytest.raises(ValidationError) as caught:
        set_issuer(values={"prefix": "ST"}, actor=anna)
    assert "issuer_prefixes_differ" in {one.code for one in caught.value.error_dict["__all__"]}


@pytest.mark.parametrize("wrong", ["04011000-12345-35", "x", "04011000"])
def test_leitweg_id_is_checked(till, wrong):
    with pytest.raises(ValidationError) as caught:
        set_billing_terms(customer=guest(till).pk, values={"leitweg_id": wrong}, actor=till)
    assert set(caught.value.error_dict) == {"leitweg_id"}


def test_run_is_cancelled_before_it_runs_and_lets_its_orders_go(anna, till):
    order(till, guest(till))
    run = prepared(anna)
    cancel_run(run=run.pk, actor=anna)
    with pytest.raises(RunRefused):
        cancel_run(run=run.pk, actor=anna)
    with pytest.raises(RunRefused):
        start_run(run=run.pk, actor=anna)
    assert len(issued(anna)) == 1


def test_invoices_are_made_at_the_central_by_whoever_may(anna, till, cast):
    with pytest.raises(NotAtCentral):
        prepared(till)
    with pytest.raises(NotAtCentral):
        set_issuer(values={}, actor=till)
    with pytest.raises(MissingRight):
        prepared(cast.scope("bodo", "Hamburg"))


def test_invoice_is_paid_by_what_is_allocated_to_its_orders(anna, till):
    whose = guest(till)
    order(till, whose, line("10"))
    order(till, whose, line("20"))
    receive_payment(customer=whose.pk, amount=Decimal(4), key=key(), actor=till)  # before the invoice
    [invoice] = issued(anna)
    assert (invoice.paid_before, invoice.paid, invoice.state) == (4, 4, "partly_paid")
    movement = receive_payment(customer=whose.pk, amount=Decimal(30), key=key(), actor=till).movement
    invoice.refresh_from_db()
    assert (invoice.paid, invoice.state, invoice.paid_before) == (30, "paid", 4)
    reverse(movement=movement.pk, reason="Rückgabe", key=key(), actor=till)
    invoice.refresh_from_db()
    assert (invoice.paid, invoice.state) == (4, "partly_paid")


def test_what_is_paid_for_orders_of_a_cancelled_invoice_counts_for_the_next(anna, till):
    whose = guest(till)
    order(till, whose, line("10"))
    [wrong] = issued(anna)
    receive_payment(customer=whose.pk, amount=Decimal(6), key=key(), actor=till)
    cancel_invoice(invoice=wrong.pk, reason="x", actor=anna)
    receive_payment(customer=whose.pk, amount=Decimal(1), key=key(), actor=till)
    [again] = issued(anna)
    wrong.refresh_from_db()
    assert (wrong.paid, wrong.state) == (6, "cancelled")
    assert (again.paid_before, again.paid, again.state) == (7, 7, "partly_paid")


def test_invoice_of_an_erased_customer_stays_and_leads_to_nobody(anna, till):
    whose = guest(till, last_name="Eins")
    set_billing_terms(customer=whose.pk, values={"reference": "KST 7"}, actor=till)
    order(till, whose, line("10"))
    [invoice] = issued(anna)
    receive_payment(customer=whose.pk, amount=Decimal(10), key=key(), actor=till)
    erase_customer(customer=whose.pk, reason="Auf Wunsch", actor=till)
    invoice.refresh_from_db()
    assert (invoice.customer_id, invoice.buyer_data["last_name"], invoice.state) == (None, "Eins", "paid")
    assert not BillingTerms.objects.exists()
    assert RunOrder.objects.get().payer_id is None
