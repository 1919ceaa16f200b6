"""Postings look up what they need by key, however many rows came since the tables were counted."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounting.choices import Bundling
from accounting.invoicing.running import issue_next
from accounting.models import Account, InvoiceRun, Ledger
from accounting.operations import post_sale
from accounting.payments import Share, book_entry, undo_entry
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import account, guest, key, on_its_own
from tests.accounting.bank_files import entries_of, paid, statement
from tests.accounting.debits import CREDITOR_ID, previewed
from tests.accounting.invoices import issued, issuer, order, prepared
from tests.accounting.mandates import mandate

pytestmark = pytest.mark.django_db(transaction=True)
TABLES = (
    "accounting_movement", "accounting_account", "accounting_allocation", "accounting_paymentorder",
    "accounting_bankentry", "accounting_bankbooking", "accounting_runorder", "accounting_invoice",
    "accounting_invoiceline", "accounting_invoiceitem", "accounting_numberseries", "accounting_issuer",
    "accounting_receivable",
)  # fmt: skip
BEFORE, MORE = 600, 300
MOST = {("sale", MORE): 10 * MORE, ("sale", 1): 40, ("payment", MORE): 60 * MORE, ("payment", 1): 4 * (BEFORE + MORE)}
"""Rows of tables and indexes that so many bookings of a kind may read. A single payment of the oldest item reads all
that is open, from the newest on.
"""


@pytest.fixture
def anna(cast, as_owner) -> Scope:
    """Tables that were cleaned while they were empty, of whose columns nothing was ever counted."""
    scope = cast.scope("anna", "Hamburg")
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"VACUUM {table}")
    return scope


OPEN = 120
MOST_ON_ITS_OWN = {"issue": 60, "debits": 40}


def rows_read(post: Any) -> int:
    """Rows of all tables and of their indexes that `post` reads, in a transaction of its own."""
    with transaction.atomic():
        before = _rows_read()
        post()
        return _rows_read() - before


def _rows_read() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_stat_get_xact_tuples_returned(one)) FROM ("
            "SELECT oid AS one FROM pg_class WHERE relname = ANY (%s) UNION ALL "
            "SELECT indexrelid FROM pg_index WHERE indrelid = ANY (%s::regclass[])) AS counted",
            [list(TABLES), list(TABLES)],
        )
        return int(cursor.fetchone()[0])


def post(scope: Scope, owed: Account, other: Account, kind: str, count: int) -> None:
    """Sales on account, or payments of one cent each."""
    ledger = Ledger.objects.get()
    sides = {"debit": owed.pk, "credit": other.pk} if kind == "sale" else {"debit": other.pk, "credit": owed.pk}
    wanted = [
        {**sides, "amount": "0.01", "kind": kind, "business_day": "2026-01-01", "key": key()} for _one in range(count)
    ]
    with row_scope.rows_of(scope), connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM accounting_post(%s, %s, 'x', %s)", [scope.base.pk, ledger.pk, json.dumps(wanted)]
        )


def test_each_booking_reads_few_rows_after_many(anna):
    whose = guest(anna)
    post_sale(customer=whose.pk, amount=Decimal(1), key=key(), actor=anna)
    owed = account(anna, whose, "owed")
    sales = Account.objects.get(kind="sales")
    money = Account.objects.create(
        organization=anna.organization, base=anna.base, ledger=owed.ledger, kind="money", location=anna.location
    )
    post(anna, owed, sales, "sale", BEFORE)
    for kind, other in (("sale", sales), ("payment", money)):
        for count in (MORE, 1):
            read = rows_read(lambda kind=kind, other=other, count=count: post(anna, owed, other, kind, count))
            assert read <= MOST[kind, count], (kind, count, read)


def test_entry_of_the_bank_is_booked_and_undone_by_its_key_after_many_were_read(anna):
    whose = guest(anna)
    entry = entries_of(anna, statement(anna, *(paid("1.00", f"Nr {at}") for at in range(BEFORE))))[7]
    shares = [Share(customer=whose.pk, amount=Decimal(1))]
    assert rows_read(lambda: book_entry(entry=entry.pk, shares=shares, actor=anna)) <= 80
    assert rows_read(lambda: undo_entry(entry=entry.pk, reason="x", actor=anna)) <= 80


def test_location_on_its_own_bills_without_reading_what_the_central_has_open(cast, anna):
    """Orders and invoices of the central are many, those of the location few."""
    central, bremen = cast.scope("anna", "Zentrale"), cast.scope("anna", "Bremen")
    on_its_own(cast, "Bremen")
    for scope in (central, bremen):
        issuer(scope, payment_term=0, creditor_id=CREDITOR_ID)
    whose, own = guest(anna), guest(bremen)
    for turn in range(2):
        for _one in range(OPEN):
            order(anna, whose)
        if not turn:
            issued(central, bundling=Bundling.SINGLE)
    mandate(bremen, own)
    order(bremen, own)
    run = prepared(bremen)
    InvoiceRun.objects.filter(pk=run.pk).update(state="running")
    read = {
        "issue": rows_read(lambda: issue_next(run.pk, on=timezone.localdate(), actor=bremen)),
        "debits": rows_read(lambda: previewed(bremen)),
    }
    assert {name for name, rows in read.items() if rows > MOST_ON_ITS_OWN[name]} == set(), read
