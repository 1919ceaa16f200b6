"""Cancelling an invoice: another one with a number of its own takes it back, and its orders are open again."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounting.invoicing.issuers import demand_biller
from accounting.models import DebitItem, Invoice
from accounting.operations.correcting import demanded_reason
from mcp.isolation import row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Day


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

    Raises MissingRight, NotAtCentral, Invoice.DoesNotExist, InvoiceRefused where it was cancelled, is a cancellation,
    or a debit of it is at the bank, ValidationError without a reason, or Busy.
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
            raise (_refusal(error, wrong) or error) from error
        return Invoice.objects.in_base(actor.base).get(pk=made)


def _refusal(error: IntegrityError, invoice: Invoice) -> InvoiceRefused | None:
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
    if name in _SENTENCES:
        return InvoiceRefused(_SENTENCES[name], code=name, params={"number": invoice.number})
    if name == "invoice_not_at_bank":
        return InvoiceRefused(
            _(
                "%(number)s is being debited: %(debit)s is at the bank, to be collected on %(day)s. Book first whether "
                "it is collected or returned, or cancel the debit file if the bank has not got it."
            ),
            code=name,
            params={"number": invoice.number, **_debit_of(invoice)},
        )
    return None


def _debit_of(invoice: Invoice) -> dict[str, object]:
    """The debit that is at the bank, as the sentence names it."""
    debits = DebitItem.objects.filter(base=invoice.base_id, invoice=invoice)
    one = debits.pending().select_related("file").first()
    return {"debit": one.end_to_end_id if one else "–", "day": Day.of(one.file.collect_on) if one else "–"}
