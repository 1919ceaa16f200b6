"""Issuing looks rows up by key, the checks of foreign keys as well, however many came since the tables were counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounting.invoicing.running import issue_next
from accounting.models import Invoice
from mcp.isolation.scope import Scope
from tests.accounting.accounts import guest
from tests.accounting.invoices import begun, issuer, order

pytestmark = pytest.mark.django_db(transaction=True)
TABLES = (
    "accounting_invoice", "accounting_invoiceitem", "accounting_invoiceline", "accounting_invoicevat",
    "accounting_runorder", "accounting_paymentorder", "accounting_paymentorderline", "accounting_movement",
    "accounting_account", "accounting_allocation",
)  # fmt: skip
EACH = 40
"""Invoices of each of two blocks, with one order each."""
OF_AN_INVOICE = 30
"""Rows of tables and indexes that may be read for one, by the function and by the checks of its foreign keys."""


@pytest.fixture
def anna(cast, as_owner) -> Iterator[Scope]:
    """Tables that were cleaned while they were empty, of whose columns nothing was ever counted."""
    scope: Scope = cast.scope("anna", "Zentrale")
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"VACUUM {table}")
        cursor.execute("SET enable_seqscan = off")  # so few rows would be read whole, and that is no matter
    yield scope
    with connection.cursor() as cursor:
        cursor.execute("RESET enable_seqscan")


def rows_read(do: Any) -> dict[str, int]:
    """Rows that `do` reads in a transaction of its own, by table and index, with what is checked at its end."""
    with transaction.atomic(), connection.cursor() as cursor:
        before = _rows_read()
        do()
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        return {name: count - before[name] for name, count in _rows_read().items() if count > before[name]}


def _rows_read() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, pg_stat_get_xact_tuples_returned(oid) FROM pg_class WHERE relname = ANY (%s) "
            "OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = ANY (%s::regclass[]))",
            [list(TABLES), list(TABLES)],
        )
        return dict(cursor.fetchall())


def test_second_block_of_a_run_reads_no_more_than_the_first(anna):
    issuer(anna)
    whose = guest(anna)
    for _one in range(2 * EACH):
        order(anna, whose)
    run = begun(anna, bundling="single")
    read = [
        rows_read(lambda: issue_next(run.pk, on=timezone.localdate(), actor=anna, most=EACH)) for _block in range(2)
    ]
    assert Invoice.objects.count() == 2 * EACH
    assert max(sum(block.values()) for block in read) <= OF_AN_INVOICE * EACH, read
