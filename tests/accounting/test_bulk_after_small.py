"""What is booked in bulk is planned for its own number of rows, whatever the same session has booked before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounting.invoicing.running import issue_next
from accounting.models import Account, Invoice
from accounting.overview import Question, per_customer
from mcp.isolation.scope import Scope
from tests.accounting.accounts import account, guest
from tests.accounting.invoices import begun, issuer, order
from tests.accounting.test_invoice_plans import OF_AN_INVOICE, TABLES, rows_read

pytestmark = pytest.mark.django_db(transaction=True)
SMALL, MANY = 7, 40
"""Invoices issued one by one, which is when a session begins to keep its plans, and those of one block."""
CUSTOMERS, EACH = 3, 8


@pytest.fixture
def anna(cast, as_owner) -> Iterator[Scope]:
    """Tables that were cleaned while they were empty, of whose columns nothing was ever counted."""
    scope: Scope = cast.scope("anna", "Zentrale")
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"VACUUM {table}")
    yield scope
    with connection.cursor() as cursor:
        cursor.execute("RESET seq_page_cost")


def test_checks_of_many_invoices_are_not_planned_as_those_of_few_were(anna):
    issuer(anna)
    whose = guest(anna)
    for _one in range(SMALL + MANY):
        order(anna, whose)
    run = begun(anna, bundling="single")
    for _one in range(SMALL):
        issue_next(run.pk, on=timezone.localdate(), actor=anna, most=1)
    with connection.cursor() as cursor:
        cursor.execute("SET seq_page_cost = 1000")  # as if the tables were large by now
    read = rows_read(lambda: issue_next(run.pk, on=timezone.localdate(), actor=anna, most=MANY))
    assert Invoice.objects.count() == SMALL + MANY
    assert sum(read.values()) <= OF_AN_INVOICE * MANY, read


def test_functions_give_back_how_they_plan(as_owner):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE prosrc LIKE '%set_config(''plan_cache_mode''%' AND "
            "(coalesce(proconfig::text, '') NOT LIKE '%plan_cache_mode=%' OR prosrc NOT LIKE '%DISCARD PLANS%')"
        )
        assert cursor.fetchall() == []


def test_pages_of_what_is_updated_keep_room(as_owner):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_class WHERE relname IN ('accounting_account', 'accounting_receivable') "
            "AND reloptions::text LIKE '%fillfactor%'"
        )
        assert cursor.fetchone() == (2,)


def test_newest_open_items_are_read_without_the_others(anna):
    whose = guest(anna)
    for _one in range(MANY):
        order(anna, whose)
    owed = account(anna, whose, "owed")
    read = rows_read(lambda: _open_items(owed, "20.00"))
    assert sum(read.values()) < MANY, read


def _open_items(owed: Account, up_to: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounting_open_items(%s, %s, %s, 'infinity')", [owed.base_id, owed.pk, up_to])
        assert len(cursor.fetchall()) == 2


def test_open_items_look_a_customer_up_once(anna):
    for one in [guest(anna) for _one in range(CUSTOMERS)]:
        for _item in range(EACH):
            order(anna, one)
    with transaction.atomic():
        before = _customers_read()
        found = per_customer(Question.of(actor=anna))
        read = _customers_read() - before
    assert (found.total.accounts, found.total.items) == (CUSTOMERS, CUSTOMERS * EACH)
    assert read < CUSTOMERS * EACH


def _customers_read() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_stat_get_xact_tuples_returned(indexrelid)) FROM pg_index "
            "WHERE indrelid = 'customers_customer'::regclass"
        )
        return int(cursor.fetchone()[0])
