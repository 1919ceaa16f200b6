"""Invoices of customers with mandates, and debit files of them, on the way to the bank."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounting.choices import DebitFileState
from accounting.debits.files import announce_debits, go_to, prepare_debits
from accounting.debits.making import make_file
from accounting.models import DebitFile, DebitItem, Invoice
from customers.models import Customer
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import guest
from tests.accounting.invoices import issued, issuer, order
from tests.accounting.mandates import mandate

CREDITOR_ID = "DE98ZZZ09999999999"


def in_days(days: int) -> date:
    return timezone.localdate() + timedelta(days=days)


def creditor(head: Scope) -> None:
    """The business can debit."""
    issuer(head, creditor_id=CREDITOR_ID)


def debtor(till: Scope, *, last_name: str = "Gast", **values: Any) -> Customer:
    """A customer with a mandate and an order of 10.70 that is not on an invoice yet."""
    whose = guest(till, last_name=last_name)
    mandate(till, whose, **values)
    order(till, whose)
    return whose


def billed(head: Scope) -> list[Invoice]:
    """Issue what is open; the invoices are due in 14 days."""
    return issued(head)


def previewed(head: Scope, **values: Any) -> DebitFile:
    """Of all that is due within 20 days, on that day."""
    return prepare_debits(**{"due_until": in_days(20), "collect_on": in_days(20), **values}, actor=head)


def made(head: Scope, file: DebitFile | None = None) -> DebitFile:
    """Announced today, and made as the worker does."""
    one = file or previewed(head)
    announce_debits(file=one.pk, on=timezone.localdate(), actor=head)
    return worked(head, one.pk)


def worked(head: Scope, pk: UUID) -> DebitFile:
    """What the worker does of a file, without a job."""
    with row_scope.rows_of(head):
        go_to(DebitFile.objects.select_for_update(of=("self",)).get(pk=pk), DebitFileState.RUNNING)
    make_file(pk, head)
    with row_scope.rows_of(head):
        return DebitFile.objects.get(pk=pk)


def debits(head: Scope, file: DebitFile) -> list[DebitItem]:
    """Its debits, in the order of the file and then of the invoices."""
    with row_scope.rows_of(head):
        rows = DebitItem.objects.of_file(file).select_related("invoice", "customer", "mandate")
        return list(rows.order_by("position", "invoice__number"))


def states(head: Scope, file: DebitFile) -> list[str]:
    return [one.state if one.state != "left_out" else one.left_out for one in debits(head, file)]
