"""A worker that is killed in a run of invoices: what it had committed stays whole, and the next one does the rest."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from accounting.invoicing import start_run
from accounting.models import Invoice, InvoiceDocument, InvoiceItem, InvoiceRun, NumberSeries, PaymentOrder
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.worker.somebody import for_somebody
from tests.accounting.accounts import guest
from tests.accounting.invoices import issuer, order, prepared
from tests.isolation.faults.points import killed_at
from tests.isolation.faults.warm import Warm, Work
from tests.proofs.sampling import Sample

pytestmark = [pytest.mark.isolation, pytest.mark.django_db(transaction=True)]

POINTS = (
    "accounting_numberseries", "accounting_invoice", "accounting_invoiceline", "accounting_invoiceitem",
    "accounting_runorder", "accounting_paymentorder", "accounting_invoicedocument",
)  # fmt: skip
"""The tables that it writes, in which a worker is killed: the last one when all is issued, and documents are made."""
MANY = 5


def begin(warm: Warm, run: InvoiceRun, scope: Scope) -> Work:
    return warm.begin("accounting.tasks.issue_run", {"run": str(run.pk), **for_somebody(scope)})


def started(scope: Scope, till: Scope) -> InvoiceRun:
    issuer(scope)
    for turn in range(MANY):
        order(till, guest(till, last_name=f"Gast{turn}"))
    run = prepared(scope)
    start_run(run=run.pk, actor=scope)
    return run


def seen(scope: Scope) -> list[Any]:
    """Numbers, what is billed, how far the run has come, and the documents."""
    with row_scope.rows_of(scope):
        numbers = sorted(Invoice.objects.values_list("sequence", flat=True))
        billed = PaymentOrder.objects.filter(state="invoiced").count()
        last = NumberSeries.objects.values_list("last", flat=True).first() or 0
        return [numbers, billed, last, InvoiceItem.objects.count(), InvoiceDocument.objects.count()]


@pytest.mark.sample("workers killed and web processes", most=2)
@pytest.mark.about("accounting/invoicing/running.py", "accounting/invoicing/making.py", "accounting/tasks.py")
def test_a_killed_worker_leaves_no_gap_and_nothing_half_done(cast, warm: Warm, sample: Sample):
    anna, till = cast.scope("anna", "Zentrale"), cast.scope("anna", "Hamburg")
    run = started(anna, till)
    nothing = [[], 0, 0, 0, 0]
    issued = [list(range(1, MANY + 1)), MANY, MANY, MANY, 0]
    for point in sample.part(POINTS, of=3):
        killed_at(point, partial(begin, warm, run, anna))
        assert seen(anna) == (issued if point == POINTS[-1] else nothing), point
    for _time in ("after the kills", "once more, although it is done"):
        begin(warm, run, anna).finish()
        assert seen(anna) == [*issued[:-1], 2 * MANY]
        with row_scope.rows_of(anna):
            assert InvoiceRun.objects.get().state == "done"
