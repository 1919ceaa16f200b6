"""Debits and reminders look up what they need by key, however many rows came since the tables were counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounting.debits.outcomes import collect_debits, return_debit
from accounting.models import DebitItem
from accounting.payments import book_as_proposed, propose_for, undo_entry
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.bank_files import book_now, statement
from tests.accounting.debits import creditor, debits, previewed
from tests.accounting.reminders import later_run
from tests.accounting.returned import at_bank, came_back, collected, entry

pytestmark = pytest.mark.django_db(transaction=True)
TABLES = (
    "accounting_debititem", "accounting_debitfile", "accounting_invoice", "accounting_invoiceitem",
    "accounting_mandate", "accounting_dispute", "accounting_movement", "accounting_account", "accounting_allocation",
    "accounting_bankentry", "accounting_dunningnotice",
)  # fmt: skip
BULK = 500
FEW = 120
"""Rows of tables and indexes that one debit may read: each table a handful of times, and none of them whole."""
COPIES = (
    """
    INSERT INTO accounting_invoice (organization_id, base_id, ledger_id, owner_key, issuer_id, kind, year, sequence,
        number, customer_id, issued_on, due_on, delivered_from, delivered_until, currency, net, tax, gross, paid_before,
        paid, is_cancelled, issuer_data, buyer_data, reason, user_name)
    SELECT organization_id, base_id, ledger_id, owner_key, issuer_id, kind, year, sequence + nth, 'X-' || nth,
        customer_id, issued_on, due_on, delivered_from, delivered_until, currency, net, tax, gross, 0, 0, false,
        issuer_data, buyer_data, '', user_name
    FROM (SELECT * FROM accounting_invoice ORDER BY sequence DESC LIMIT 1) AS one, generate_series(1, %(bulk)s) AS nth
    """,
    """
    INSERT INTO accounting_debititem (base_id, owner_key, file_id, invoice_id, customer_id, mandate_id, amount, state,
        left_out, announced_on, end_to_end_id, mandate_reference, iban, holder, scheme, is_recurrent, return_code,
        charges)
    SELECT one.base_id, one.owner_key, one.file_id, invoice.id, one.customer_id, one.mandate_id, one.amount, 'proposed',
        '', current_date, '', '', '', '', '', true, '', 0
    FROM (SELECT * FROM accounting_debititem WHERE position = 1) AS one
    JOIN accounting_invoice AS invoice ON invoice.number LIKE 'X-%%'
    """,
    """
    UPDATE accounting_debititem AS item SET state = 'pending', end_to_end_id = 'X-' || numbered.nth,
        mandate_reference = 'X', scheme = 'CORE', position = 100 + numbered.nth
    FROM (SELECT id, row_number() OVER () AS nth FROM accounting_debititem WHERE state = 'proposed') AS numbered
    WHERE item.id = numbered.id
    """,
)


@pytest.fixture
def head(cast, as_owner) -> Scope:
    """Tables that were cleaned while they were empty, of whose columns nothing was ever counted."""
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"VACUUM {table}")
    scope: Scope = cast.scope("anna", "Zentrale")
    creditor(scope)
    return scope


def rows_read(do: Callable[[], Any]) -> int:
    """Rows of these tables and of their indexes that it reads, in a transaction of its own."""
    with transaction.atomic():
        before = _rows_read()
        do()
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


def bulk(head: Scope) -> None:
    """Many more invoices and debits of the same file, as a large business has them."""
    with row_scope.rows_of(head), connection.cursor() as cursor:
        for statement in COPIES:
            cursor.execute(statement, {"bulk": BULK} if "%(" in statement else None)


def test_one_debit_is_read_by_its_keys_after_many_came(head, cast):
    today, till = timezone.localdate(), cast.scope("anna", "Hamburg")
    file, items = at_bank(head, till, many=6)
    collect_debits(file=file.pk, on=today, items=[items[0].pk], actor=head)
    return_debit(debit=items[0].pk, code="AM04", on=today, actor=head)
    bulk(head)
    single, back = (
        entry(head, one, number=f"{at}") for at, one in enumerate((collected(items[1]), came_back(items[2])))
    )
    steps: dict[str, Callable[[], Any]] = {
        "return": lambda: return_debit(debit=items[3].pk, code="AM04", on=today, actor=head),
        "single": lambda: book_as_proposed(entry=single.pk, actor=head),
        "undo": lambda: undo_entry(entry=single.pk, reason="x", actor=head),
        "back": lambda: book_as_proposed(entry=back.pk, actor=head),
    }
    read = {name: rows_read(step) for name, step in steps.items()}
    assert read.pop("undo") <= 3 * BULK  # seldom done, and reads the debits of its file
    assert max(read.values()) <= FEW, read


def test_many_are_read_a_few_times_each(head, cast):
    """Proposing debits and reminders of all that is due reads each invoice, and what belongs to it, a few times."""
    till = cast.scope("anna", "Hamburg")
    _file, _items = at_bank(head, till, many=2)
    later_run(head)
    bulk(head)
    assert rows_read(lambda: previewed(head)) <= 12 * BULK
    assert rows_read(lambda: later_run(head, days=61)) <= 20 * BULK


def test_statement_of_singles_is_proposed_and_booked_by_key(head, cast):
    till = cast.scope("anna", "Hamburg")
    _file, items = at_bank(head, till, many=4)
    small = statement(head, collected(items[0]), number="1")
    book_now_of(head, small)
    bulk(head)
    found = statement(head, *(collected(one) for one in items[1:]), number="2")
    assert rows_read(lambda: propose_for(statement=found.pk, actor=head)) <= 14 * BULK
    assert rows_read(lambda: book_now_of(head, found)) <= 14 * BULK
    assert [one.state for one in debits(head, items[0].file) if one.position and one.position < 100] == [
        "collected"
    ] * 4
    assert DebitItem.objects.filter(state="pending").count() == BULK


def book_now_of(head: Scope, of: Any) -> None:
    """What the worker does of a statement that was asked for."""
    with row_scope.rows_of(head):
        type(of).objects.filter(pk=of.pk).update(state="booking")
    book_now(head, of)
