"""Runs from their start to their documents, by the worker; and that the documents say what the rows say."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal

import pytest
from django.db import connection

from accounting.choices import DocumentFormat
from accounting.documents.received import read
from accounting.invoicing import cancel_invoice, set_billing_terms, start_run
from accounting.invoicing.making import document_of
from accounting.models import Invoice, InvoiceDocument, InvoiceRun, RunOrder
from accounting.tasks import issue_run
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import guest
from tests.accounting.invoices import issued, issuer, line, order, prepared

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(cast) -> Scope:
    scope = cast.scope("anna", "Zentrale")
    issuer(scope)
    return scope


@pytest.fixture
def till(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


def work(run: InvoiceRun) -> InvoiceRun:
    """What the worker does of the job that was queued."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = 'accounting.tasks.issue_run'")
        [[arguments]] = cursor.fetchall()
    issue_run(**(json.loads(arguments) if isinstance(arguments, str) else arguments))
    run.refresh_from_db()
    return run


def test_worker_issues_a_run_and_makes_its_documents(anna, till):
    for turn in range(3):
        order(till, guest(till, last_name=f"Gast{turn}"))
    run = prepared(anna)
    start_run(run=run.pk, actor=anna)
    done = work(run)
    assert (done.state, done.issued, done.documented) == ("done", 3, 3)
    assert InvoiceDocument.objects.count() == 6
    for one in InvoiceDocument.objects.all():
        assert hashlib.sha256(bytes(one.content)).hexdigest() == one.sha256


def test_run_that_broke_off_goes_on(anna, till, monkeypatch):
    for turn in range(3):
        order(till, guest(till, last_name=f"Gast{turn}"))
    run = prepared(anna)
    start_run(run=run.pk, actor=anna)
    with monkeypatch.context() as patch:
        patch.setattr("accounting.invoicing.making.as_xml", lambda _content: 1 / 0)
        assert work(run).state == "failed"
    assert (run.issued, run.documented, str(run.failure)[:3]) == (3, 0, str(run.failure)[:3])
    assert run.failure != []
    numbers = set(Invoice.objects.values_list("number", flat=True))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    start_run(run=run.pk, actor=anna)
    assert (work(run).state, run.documented, run.failure) == ("done", 3, [])
    assert set(Invoice.objects.values_list("number", flat=True)) == numbers


def test_worker_leaves_out_who_is_held_since_the_preview(anna, till):
    held, fine = guest(till, last_name="Wartet"), guest(till, last_name="Gut")
    for whose in (held, fine):
        order(till, whose)
    run = prepared(anna)
    start_run(run=run.pk, actor=anna)
    set_billing_terms(customer=held.pk, values={"is_held": True, "held_reason": "Streit"}, actor=till)
    done = work(run)
    assert (done.state, done.issued, done.documented) == ("done", 1, 1)
    assert list(RunOrder.objects.of_run(run).values_list("payer", "left_out").order_by("left_out")) == [
        (fine.pk, ""), (held.pk, "held"),
    ]  # fmt: skip


def test_documents_say_what_the_rows_say(anna, till):
    whose = guest(till, last_name="Müller & Söhne")
    set_billing_terms(customer=whose.pk, values={"reference": "KST 7"}, actor=till)
    order(
        till,
        whose,
        line("10.70"),
        line("-1.07", text="Rabatt"),
        line("5.95", "19", quantity=Decimal("0.375")),
        number="B1",
    )
    [invoice] = issued(anna)
    done = cancel_invoice(invoice=invoice.pk, reason="Doppelt", actor=anna)
    for one in (invoice, done):
        with row_scope.rows_of(anna):
            one.refresh_from_db()
            xml = document_of(one, DocumentFormat.XML)
            found = read(xml).content
            assert found.number == one.number
            assert (found.totals.net, found.totals.tax, found.totals.gross) == (one.net, one.tax, one.gross)
            assert [each.net_amount for each in found.lines] == list(
                one.lines.order_by("position").values_list("net", flat=True)
            )
            assert {(each.rate, each.net, each.tax) for each in found.vat_groups} == set(
                one.rates.values_list("rate", "net", "tax")
            )
            assert found.buyer.name == "Müller & Söhne"
            pdf = document_of(one, DocumentFormat.PDF)
            assert read(pdf).content == found
            assert document_of(one, DocumentFormat.PDF) == pdf
