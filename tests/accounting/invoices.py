"""Short names for what is done with invoices: an issuer, orders of customers, and runs to their end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounting.choices import SaleMethod
from accounting.invoicing import prepare_run, set_issuer
from accounting.invoicing.running import finish_run, issue_next
from accounting.models import Invoice, InvoiceRun, Issuer
from accounting.operations import Line, post_order
from customers.models import Customer
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import key

ISSUER = {
    "legal_name": "Nordlicht Bäckereien GmbH", "street": "Hafenweg 3", "postal_code": "20457", "city": "Hamburg",
    "vat_id": "DE136695976", "contact": "Anna Albers", "email": "rechnung@example.com", "phone": "+49 40 1234",
    "iban": "DE89370400440532013000", "bic": "COBADEFFXXX",
}  # fmt: skip


def issuer(scope: Scope, **values: Any) -> Issuer:
    return set_issuer(values={**ISSUER, **values}, actor=scope)


def line(amount: str, rate: str = "7", **values: Any) -> Line:
    return Line(
        **{"text": "Brot", "quantity": Decimal(1), "amount": Decimal(amount), "vat_rate": Decimal(rate), **values}
    )


def order(scope: Scope, whose: Customer, *lines: Line, day: date | None = None, number: str = "") -> UUID:
    """An order on account, of one loaf where nothing else is said; late, so that no limit keeps it away."""
    sold: Sequence[Line] = lines or (line("10.70"),)
    total = sum((one.amount for one in sold), Decimal(0))
    done = post_order(
        customer=whose.pk, method=SaleMethod.ACCOUNT, number=number, total=total, lines=sold, key=key(),
        business_day=day, is_late=True, actor=scope,
    )  # fmt: skip
    pk: UUID = done.order.pk
    return pk


def prepared(scope: Scope, **values: Any) -> InvoiceRun:
    return prepare_run(**{"until": timezone.localdate(), **values}, actor=scope)


def begun(scope: Scope, **values: Any) -> InvoiceRun:
    """A run that runs, without a job for the worker."""
    run = prepared(scope, **values)
    with row_scope.rows_of(scope):
        InvoiceRun.objects.filter(pk=run.pk).update(state="running")
    return run


def issued(scope: Scope, *, most: int = 500, **values: Any) -> list[Invoice]:
    """The invoices of a new run that was issued to its end, by their numbers."""
    run = begun(scope, **values)
    while issue_next(run.pk, on=timezone.localdate(), actor=scope, most=most) is not None:
        pass
    finish_run(run.pk, scope)
    with row_scope.rows_of(scope):
        return list(Invoice.objects.filter(run=run).order_by("year", "sequence"))
