"""Invoices with canaries in all their words: who issues and who gets them, their lines, documents and cancellations."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from accounting.invoicing import cancel_invoice, prepare_run
from accounting.invoicing.making import keep_documents
from accounting.invoicing.running import issue_next
from accounting.models import (
    BillingTerms,
    Invoice,
    InvoiceDocument,
    InvoiceItem,
    InvoiceLine,
    InvoiceRun,
    InvoiceVat,
    Issuer,
    Ledger,
    NumberSeries,
    RunOrder,
)
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences
from tests.isolation.canary.canaries import Canary

MADE = (
    BillingTerms, Invoice, InvoiceDocument, InvoiceItem, InvoiceLine, InvoiceRun, InvoiceVat, NumberSeries, RunOrder,
)  # fmt: skip


def plant_invoices(business: Any, scope: Scope, held: int) -> None:
    """The orders that are open are billed, and one invoice is cancelled; one customer is not billed for now."""
    plain = {"prefix": "RE", "cancellation_prefix": "ST", "payment_term": 14, "is_small_business": False}
    business.row(Issuer, organization=business.organization, location=None, **plain)
    biller = Scope.of_system(scope.location, name=_word(business, "accounting.Invoice", "user_name"))
    with row_scope.rows_of(biller):
        business.row(
            BillingTerms, organization=business.organization, base=scope.base, owner_key=0, customer_id=held,
            ledger=Ledger.objects.get(base=scope.base), is_held=True, is_collective=True, payment_term=7,
        )  # fmt: skip
        run = prepare_run(until=timezone.localdate(), actor=biller)
        InvoiceRun.objects.filter(pk=run.pk).update(state="running", failure=_failure(business))
        while issue_next(run.pk, on=timezone.localdate(), actor=biller) is not None:
            pass
        first = Invoice.objects.filter(run=run)[:1].get()
        done = cancel_invoice(
            invoice=first.pk, reason=_word(business, "accounting.Invoice", "reason"), on=None, actor=biller
        )
        keep_documents([first, done])
    for model in MADE:
        business.rows[model._meta.label] = list(model._base_manager.filter(base__in=business.bases))


def _failure(business: Any) -> Sentences:
    return Sentences([{"code": "", "text": _word(business, "accounting.InvoiceRun", "failure"), "params": {}}])


def _word(business: Any, table: str, column: str) -> str:
    return str(business.canaries.word(Canary(business.account, table, column)))
