"""What the database keeps of invoices, whoever writes: each way to change one or its number is tried."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from accounting.documents.vat import net_of_lines
from accounting.invoicing.making import keep_documents
from accounting.models import Invoice, InvoiceLine, InvoiceRun, InvoiceVat, NumberSeries, RunOrder
from locations.row_policies import UNSCOPED_ROLE
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import guest
from tests.accounting.invoices import begun, issued, issuer, line, order
from tests.conftest import Cast

TABLES = ("invoice", "invoiceline", "invoicevat", "invoiceitem", "numberseries")


@pytest.fixture
def anna(cast) -> Scope:
    scope = cast.scope("anna", "Zentrale")
    issuer(scope)
    return scope


@pytest.fixture
def till(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


def run(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


def refusal(sql: str, *values: Any, scope: Scope | None = None) -> str:
    """By which constraint the statement is refused, or what it is told; empty where it goes through."""
    try:
        if scope is None:
            with transaction.atomic():
                run(sql, *values)
        else:
            with row_scope.rows_of(scope), transaction.atomic():
                run(sql, *values)
    except DatabaseError as error:
        cause: Any = error.__cause__
        return str(cause.diag.constraint_name or error)
    return ""


def _closed() -> list[str]:
    changes = {
        "invoice": "gross = 1, net = 1, tax = 0", "invoiceline": "net = 1", "invoicevat": "tax = 1, net = 1, gross = 2",
        "invoiceitem": "is_standing = false", "numberseries": "last = 0",
    }  # fmt: skip
    found = []
    for table in TABLES:
        name = f"accounting_{table}"
        found += [f"UPDATE {name} SET {changes[table]}", f"DELETE FROM {name}", f"TRUNCATE {name} CASCADE"]
        plain = [field.column for field in _model(table)._meta.concrete_fields if not field.generated]
        columns = ", ".join(plain)
        found.append(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {name}")
    return [
        *found,
        "UPDATE accounting_invoicedocument SET sha256 = ''", "DELETE FROM accounting_invoicedocument",
        "UPDATE accounting_invoicerun SET issued = 0", "DELETE FROM accounting_invoicerun",
        "INSERT INTO accounting_invoicedocument SELECT * FROM accounting_invoicedocument",
        "UPDATE accounting_runorder SET invoice_id = NULL", "DELETE FROM accounting_runorder",
        "INSERT INTO accounting_runorder SELECT * FROM accounting_runorder",
        "UPDATE accounting_paymentorder SET state = 'open'",
        "SELECT accounting_take_numbers(1, 1, 1, 'invoice', current_date, 1)",
    ]  # fmt: skip


def _model(table: str) -> Any:
    return {
        "invoice": Invoice, "invoiceline": InvoiceLine, "invoicevat": InvoiceVat, "numberseries": NumberSeries,
        "invoiceitem": Invoice._meta.apps.get_model("accounting", "InvoiceItem"),
    }[table]  # fmt: skip


@pytest.mark.django_db
def test_web_role_writes_neither_invoices_nor_numbers(anna, till):
    order(till, guest(till))
    [invoice] = issued(anna)
    with row_scope.rows_of(anna):
        keep_documents([invoice])
    before = [list(_model(table).objects.values_list()) for table in TABLES]
    for statement in _closed():
        told = refusal(statement, scope=anna)
        assert re.search("permission denied|must be owner", told), (statement, told)
    assert [list(_model(table).objects.values_list()) for table in TABLES] == before


@pytest.mark.django_db(transaction=True)
def test_triggers_hold_where_a_grant_would_not(anna, till):
    order(till, guest(till))
    [invoice] = issued(anna)
    with row_scope.rows_of(anna):
        keep_documents([invoice])
    kept = ("invoice", "invoiceline", "invoicevat", "invoiceitem", "invoicedocument")
    run(f"GRANT ALL ON {', '.join(f'accounting_{name}' for name in kept)} TO {UNSCOPED_ROLE}")
    for name in kept:
        for statement in ("UPDATE {} SET owner_key = 1", "DELETE FROM {}", "TRUNCATE {} CASCADE"):
            with transaction.atomic():
                run(f"SET LOCAL ROLE {UNSCOPED_ROLE}")
                told = refusal(statement.format(f"accounting_{name}"))
            assert re.fullmatch(f"{name}_stays|.*permission denied.*", told), (name, statement, told)


@pytest.mark.django_db(transaction=True)
def test_database_keeps_numbers_without_a_gap(anna, till, as_owner):
    """Even its owner can neither leave a number out nor take one away."""
    for turn in range(3):
        order(till, guest(till, last_name=f"Gast{turn}"))
    one, two, three = issued(anna)
    assert refusal("UPDATE accounting_invoice SET sequence = 5 WHERE id = %s", three.pk) == (
        "invoice_follows_the_number_before"
    )
    assert refusal("UPDATE accounting_invoice SET sequence = 2 WHERE id = %s", three.pk) == "invoice_sequence_once"
    assert refusal("UPDATE accounting_invoice SET sequence = 0 WHERE id = %s", one.pk) == "invoice_sequence_from_one"
    assert refusal("UPDATE accounting_invoice SET year = year + 1 WHERE id = %s", two.pk) != ""


@pytest.mark.django_db(transaction=True)
def test_function_issues_only_what_a_running_run_has_chosen(anna, till, cast, as_owner):
    whose, other = guest(till), guest(till, last_name="Anders")
    order(till, whose)
    order(till, other)
    chosen = begun(anna)
    south = cast.scope("sven", "Zentrale", 20800)
    asked = ("SELECT accounting_issue_invoices(%s, %s, 'x', %s, 5)", anna.base.pk, chosen.pk)
    today = timezone.localdate()
    assert refusal(*asked, today, scope=south) == "invoicerun_there"
    assert refusal(*asked, today.replace(year=2001), scope=anna) == "invoice_of_today"
    RunOrder.objects.update(bundle=1)
    assert refusal(*asked, today, scope=anna) == "runorder_bundle_of_one_payer"
    RunOrder.objects.update(payer=other)
    with row_scope.rows_of(anna):
        assert run(*asked, today) == [(1,)]
    assert set(RunOrder.objects.values_list("left_out", flat=True)) == {"", "changed"}
    InvoiceRun.objects.update(state="failed")
    assert refusal(*asked, today, scope=anna) == "invoicerun_in_state"


@pytest.mark.django_db
def test_functions_cancel_no_invoice_of_others(anna, till, cast):
    order(till, guest(till))
    [invoice] = issued(anna)
    south = cast.scope("sven", "Zentrale", 20800)
    asked = "SELECT accounting_cancel_invoice(%s, %s, 'x', 'y', %s)"
    today = timezone.localdate()
    assert refusal(asked, anna.base.pk, invoice.pk, today, scope=south) == "invoice_there"
    assert refusal(asked, south.base.pk, invoice.pk, today, scope=south) == "invoice_there"
    assert refusal("SELECT accounting_forget_invoices(%s, %s)", anna.base.pk, invoice.customer_id, scope=anna) == (
        "customer_not_erased"
    )


@pytest.mark.django_db(transaction=True)
def test_numbers_go_up_with_the_days(anna, till, as_owner):
    """Who issues for yesterday when there is an invoice of today is refused."""
    order(till, guest(till))
    [invoice] = issued(anna)
    run("UPDATE accounting_numberseries SET last_on = last_on + 1")
    order(till, guest(till, last_name="Anders"))
    asked = ("SELECT accounting_issue_invoices(%s, %s, 'x', %s, 5)", anna.base.pk, begun(anna).pk)
    assert refusal(*asked, timezone.localdate(), scope=anna) == "invoice_days_in_order"
    assert Invoice.objects.get() == invoice


AMOUNTS = st.decimals(min_value="-99.99", max_value="999.99", places=2)
RATES = st.sampled_from(["0", "5.5", "7", "10.7", "19"])


@pytest.mark.django_db
@settings(max_examples=25, derandomize=True)
@given(st.lists(st.tuples(AMOUNTS, RATES), min_size=1, max_size=9))
def test_database_computes_vat_as_the_documents_do(sold):
    """Largest remainder on both sides, also with lines that take something off."""
    with transaction.atomic():
        total = sum((amount for amount, _rate in sold), Decimal(0))
        lines = [line(str(amount), rate) for amount, rate in sold]
        if total <= 0:
            lines.append(line(str(1 - total), "7"))
        central, till = Cast().scope("anna", "Zentrale"), Cast().scope("anna", "Hamburg")
        issuer(central)
        order(till, guest(till), *lines)
        [invoice] = issued(central)
        for rate in {one.vat_rate for one in lines}:
            rows = InvoiceLine.objects.filter(invoice=invoice, vat_rate=rate).order_by("position")
            grosses = [one.amount for one in lines if one.vat_rate == rate]
            net = net_of_lines(grosses, rate)
            assert [(one.gross, one.net) for one in rows] == list(zip(grosses, net, strict=True))
            group = InvoiceVat.objects.get(invoice=invoice, rate=rate)
            assert (group.net, group.gross) == (sum(net), sum(grosses))
        transaction.set_rollback(True)
