"""Open items that stand on invoices: by which number somebody pays them, and which of them are being debited."""

from __future__ import annotations

from uuid import UUID

from django.db import connection

from accounting.models import Ledger
from accounting.payments.naming import Named, register

_ON_INVOICES = """
    SELECT item.movement_id, invoice.number, invoice.due_on
    FROM accounting_invoice AS invoice
    JOIN accounting_invoiceitem AS item ON item.invoice_id = invoice.id AND item.base_id = invoice.base_id
    WHERE invoice.base_id = %s AND invoice.ledger_id = %s AND invoice.state IN ('open', 'partly_paid')
      AND item.is_standing
"""
_AT_THE_BANK = """
    SELECT item.movement_id
    FROM accounting_debititem AS debit
    JOIN accounting_invoice AS invoice ON invoice.id = debit.invoice_id AND invoice.base_id = debit.base_id
    JOIN accounting_invoiceitem AS item ON item.invoice_id = invoice.id AND item.base_id = invoice.base_id
    WHERE debit.base_id = %s AND invoice.ledger_id = %s AND debit.state = 'pending' AND item.is_standing
"""


@register
def names_of_invoices(ledger: Ledger) -> dict[UUID, Named]:
    """By the ids of open movements the invoices on which they stand. The caller has entered a scope."""
    with connection.cursor() as cursor:
        cursor.execute(_ON_INVOICES, [ledger.base_id, ledger.pk])
        return {pk: Named(number=number, due_on=due_on) for pk, number, due_on in cursor.fetchall()}


def being_debited(ledger: Ledger) -> set[UUID]:
    """Movements whose invoice is debited now: they are settled with their debit, and proposed for nothing."""
    with connection.cursor() as cursor:
        cursor.execute(_AT_THE_BANK, [ledger.base_id, ledger.pk])
        return {pk for (pk,) in cursor.fetchall()}
