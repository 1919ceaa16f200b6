"""Cancelling an invoice: another one with a number of its own takes it back, and its orders are open again."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounting.invoicing.issuers import demand_biller
from accounting.models import Invoice
from accounting.operations.correcting import demanded_reason
from mcp.isolation import row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope


class InvoiceRefused(ValidationError):
    """What is there keeps the invoice from being cancelled; `code` says what."""


_SENTENCES = {
    "invoice_not_cancelled": _("%(number)s is cancelled already, or is a cancellation itself."),
    "movement_accounts_of_ledger": _(
        "%(number)s stays: somebody whose orders are on it was erased for good, and his account is nobody's any more."
    ),
}


@busy_told()
def cancel_invoice(*, invoice: UUID, reason: str, on: date | None = None, actor: Scope) -> Invoice:
    """Take an invoice back whole; returns its cancellation. What was paid for it stays with its orders.

    Raises MissingRight, NotAtCentral, Invoice.DoesNotExist, InvoiceRefused where it was cancelled or is a cancellation,
    ValidationError without a reason, or Busy.
    """
    owner = demand_biller(actor)
    why = demanded_reason(reason)
    with row_scope.within(actor):
        wrong = Invoice.objects.in_base(actor.base).get(pk=invoice, owner_key=owner)
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    "SELECT accounting_cancel_invoice(%s, %s, %s, %s, %s)",
                    [actor.base.pk, invoice, actor.actor_name[:200], why, on or timezone.localdate()],
                )
                [made] = cursor.fetchone()
        except IntegrityError as error:
            code = str(getattr(getattr(error.__cause__, "diag", None), "constraint_name", ""))
            if code not in _SENTENCES:
                raise
            raise InvoiceRefused(_SENTENCES[code], code=code, params={"number": wrong.number}) from error
        return Invoice.objects.in_base(actor.base).get(pk=made)
