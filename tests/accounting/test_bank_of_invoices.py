"""Payments from the bank for invoices: known by the number, and left alone while the bank debits them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils.translation import override

from accounting.models import Invoice
from accounting.pages.bank_words import told_of
from accounting.payments import book_as_proposed
from accounting.payments.open_ones import open_ones
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import guest
from tests.accounting.bank_files import entries_of, paid, statement, told
from tests.accounting.debits import creditor, made
from tests.accounting.invoices import issued, order
from tests.accounting.mandates import mandate

pytestmark = pytest.mark.django_db


@pytest.fixture
def central(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def till(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


def test_number_of_an_invoice_in_the_text_pays_all_of_it(central, till):
    creditor(central)
    whose = guest(till)
    for _one in range(2):
        order(till, whose)
    [invoice] = issued(central)
    order(till, whose)  # sold since, and on no invoice
    found = statement(central, paid("21.40", f"Rechnung {invoice.number}, danke"))
    assert told(central, found) == [("open", "sure")]
    [entry] = entries_of(central, found)
    with row_scope.rows_of(central), override("de"):
        [proposed] = told_of([entry])[0].proposed
    assert (proposed.what, proposed.amount) == (f"Rechnung {invoice.number}", Decimal("21.40"))
    book_as_proposed(entry=entry.pk, actor=central)
    assert told(central, found)[0][0] == "booked"
    invoice = Invoice.objects.get(pk=invoice.pk)
    assert (invoice.state, invoice.paid) == ("paid", Decimal("21.40"))


def test_what_is_at_the_bank_as_a_debit_is_proposed_for_nothing(central, till):
    creditor(central)
    whose = guest(till)
    mandate(till, whose)
    order(till, whose)
    [invoice] = issued(central)
    ledger = invoice.ledger
    with row_scope.rows_of(central):
        assert [one.invoice_number for one in open_ones(ledger).items] == [invoice.number]
    made(central)
    with row_scope.rows_of(central):
        assert list(open_ones(ledger).items) == []
    found = statement(central, paid("10.70", f"Rechnung {invoice.number}"))
    assert told(central, found) == [("open", "none")]
