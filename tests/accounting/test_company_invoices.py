"""Invoices of companies: what their members have bought the company takes over, and a cancellation gives it back."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounting.choices import InvoiceKind
from accounting.invoicing import cancel_invoice
from accounting.invoicing.cancelling import InvoiceRefused
from accounting.invoicing.contents import content_of
from accounting.invoicing.running import issue_next
from accounting.models import Invoice, InvoiceItem, InvoiceLine, LedgerException, Movement, PaymentOrder
from accounting.operations import NotAllocated, allocate, receive_payment, reverse
from customers.choices import InvoiceTo
from customers.erasure import erase_customer
from customers.memberships.operations import Details, end_membership, join_customer
from customers.models import Customer
from mcp.isolation.scope import Scope
from tests.accounting.accounts import ADDRESS, amounts, guest, key, terms
from tests.accounting.invoices import begun, issued, issuer, line, order, prepared
from tests.accounting.test_invoices import left_out
from tests.customers.people import customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(cast) -> Scope:
    scope = cast.scope("anna", "Zentrale")
    issuer(scope)
    return scope


@pytest.fixture
def till(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def firm(till) -> Customer:
    whose = customer(till, last_name="", company="Firma", **ADDRESS)
    terms(till, whose, hard_limit=Decimal(15))
    return whose


def member(till: Scope, firm: Customer, name: str, invoice_to: str = InvoiceTo.COMPANY) -> Customer:
    whose = guest(till, last_name=name)
    since = timezone.localdate() - timedelta(days=30)
    join_customer(member=whose.pk, of=firm.pk, details=Details(valid_from=since, invoice_to=invoice_to), actor=till)
    return whose


def test_company_takes_over_what_its_members_have_bought(anna, till, firm):
    one, two = member(till, firm, "Eins"), member(till, firm, "Zwei")
    for whose, amount in ((one, "10"), (one, "2"), (two, "20"), (firm, "5")):
        order(till, whose, line(amount))
    [invoice] = issued(anna)
    assert (invoice.customer, invoice.gross, invoice.state) == (firm, 37, "open")
    assert (amounts(till, one), amounts(till, two), amounts(till, firm)) == ((0, 0), (0, 0), (37, 0))
    kinds = {item.movement.kind: item.amount for item in InvoiceItem.objects.select_related("movement")}
    assert (set(kinds), kinds["sale"]) == ({"sale", "transfer"}, 5)
    transfers = Movement.objects.filter(kind="transfer").order_by("amount").values_list("amount", "document")
    assert list(transfers) == [(12, invoice.number), (20, invoice.number)]
    bought = InvoiceLine.objects.filter(invoice=invoice).values_list("member", "member_name", "gross")
    assert set(bought) == {(one.pk, "Eins", 10), (one.pk, "Eins", 2), (two.pk, "Zwei", 20), (None, "", 5)}
    assert {one.text for one in content_of(invoice).lines} == {"Brot · Eins", "Brot · Zwei", "Brot"}
    assert LedgerException.objects.filter(movement__kind="transfer").exists()  # above the limit of the company


def test_member_with_an_alias_alone_is_named_by_it(anna, till, firm):
    whose = member(till, firm, "Eins")
    Customer.objects.filter(pk=whose.pk).update(last_name="", alias="Der Kapitän")
    order(till, whose)
    [invoice] = issued(anna)
    assert InvoiceLine.objects.get(invoice=invoice).member_name == "Der Kapitän"


def test_company_pays_its_invoice(anna, till, firm):
    order(till, member(till, firm, "Eins"), line("10"))
    [invoice] = issued(anna)
    receive_payment(customer=firm.pk, amount=Decimal(10), key=key(), actor=till)
    invoice.refresh_from_db()
    assert (invoice.paid, invoice.state) == (10, "paid")


def test_what_the_company_has_paid_ahead_counts_when_it_is_issued(anna, till, firm):
    receive_payment(customer=firm.pk, amount=Decimal(4), key=key(), actor=till)
    order(till, member(till, firm, "Eins"), line("10"))
    [invoice] = issued(anna)
    assert (invoice.paid_before, invoice.paid, invoice.state) == (4, 4, "partly_paid")


def test_cancellation_gives_back_to_the_members(anna, till, firm):
    one = member(till, firm, "Eins")
    pk = order(till, one, line("10"))
    [invoice] = issued(anna)
    transfer = Movement.objects.get(kind="transfer")
    with pytest.raises(ValidationError) as caught:
        reverse(movement=transfer.pk, reason="x", key=key(), actor=till)
    assert caught.value.code == "movement_not_on_invoice"
    cancel_invoice(invoice=invoice.pk, reason="Falsche Firma", actor=anna)
    assert (amounts(till, one), amounts(till, firm)) == ((10, 0), (0, 0))
    assert PaymentOrder.objects.get(pk=pk).state == "open"
    assert Movement.objects.get(reverses=transfer).reason == "Falsche Firma"
    assert len(issued(anna)) == 1
    assert amounts(till, firm) == (10, 0)


def test_person_pays_as_member_and_the_company_stands_on_it(anna, till, firm):
    one = member(till, firm, "Eins", InvoiceTo.MEMBER)
    order(till, one)
    [invoice] = issued(anna)
    assert (invoice.customer, invoice.buyer_data["member_of"]) == (one, "Firma")
    assert content_of(invoice).buyer.member_of == "Firma"
    assert not Movement.objects.filter(kind="transfer").exists()


def test_membership_of_the_business_day_decides_and_one_that_ended_since_leaves_out(anna, till, firm):
    one = member(till, firm, "Eins")
    today = timezone.localdate()
    order(till, one, line("10"), day=today)
    order(till, one, line("7"), day=today - timedelta(days=40))
    run = begun(anna)
    assert run.invoices == 2
    [membership] = one.memberships.all()
    end_membership(membership=membership.pk, on=today - timedelta(days=1), actor=till)
    while issue_next(run.pk, on=today, actor=anna) is not None:
        pass
    assert [(invoice.customer, invoice.gross) for invoice in Invoice.objects.filter(kind=InvoiceKind.INVOICE)] == [
        (one, 7)
    ]
    assert left_out(run) == {("", "changed")}


def test_company_without_an_account_is_left_out(anna, till):
    firm = customer(till, last_name="", company="Firma", **ADDRESS)
    order(till, member(till, firm, "Eins"))
    order(till, guest(till, last_name="Gut"))
    run = prepared(anna)
    assert (run.invoices, left_out(run)) == (1, {("", "no_account")})


def test_what_the_company_takes_over_pays_just_the_orders_of_the_invoice(anna, till, firm, log_in):
    whose = member(till, firm, "Eins")
    order(till, whose)
    issued(anna)
    order(till, whose, line("3"))
    taken_over = Movement.objects.get(kind="transfer").pk
    with pytest.raises(NotAllocated) as caught:
        allocate(payment=taken_over, parts=[], actor=till)
    assert caught.value.code == "allocation_payment_of_order"
    page = "/10400/2/accounting/accountterms/"
    assert log_in("anna").get(f"{page}allocate/{taken_over}/").status_code == 404
    assert f"allocate/{taken_over}" not in log_in("anna").get(f"{page}{whose.pk}/").content.decode()


def test_invoice_stays_once_somebody_whose_orders_are_on_it_was_erased(anna, till, firm):
    whose = member(till, firm, "Verschwindet")
    order(till, whose)
    [invoice] = issued(anna)
    erase_customer(customer=whose.pk, reason="Wunsch", actor=anna)
    with pytest.raises(InvoiceRefused) as caught:
        cancel_invoice(invoice=invoice.pk, reason="Falsch", actor=anna)
    assert caught.value.code == "movement_accounts_of_ledger"
    assert Invoice.objects.get().state == "open"
