"""Noting that a customer disputes an invoice, and how that ended."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Func
from django.utils.translation import gettext_lazy as _

from accounting.choices import InvoiceKind
from accounting.models import Dispute, Invoice
from accounting.owners import owners_of
from locations.permissions import Right
from locations.violations import told_as_refusals
from mcp.isolation import row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope


class DisputeRefused(ValidationError):
    """The dispute has ended already, or the invoice cannot be disputed."""


@busy_told()
def dispute_invoice(*, invoice: UUID, reason: str, actor: Scope) -> Dispute:
    """Note that an invoice is disputed: nothing is debited for it and nobody is reminded until the dispute ends.

    Raises MissingRight, Invoice.DoesNotExist, ValidationError without a reason or where it is disputed already, Busy.
    """
    actor.demand(Right.COLLECT_PAYMENTS)
    said = _words("reason", reason, _("Say what the customer disputes."))
    with row_scope.within(actor):
        found = Invoice.objects.in_base(actor.base).filter(owner_key__in=owners_of(actor).all)
        about = found.get(pk=invoice, kind=InvoiceKind.INVOICE)
        row = Dispute(
            base=actor.base, owner_key=about.owner_key, invoice=about, reason=said, begun_by=actor.actor_name[:200]
        )
        with told_as_refusals(), transaction.atomic():
            row.save(force_insert=True)
        return row


@busy_told()
def end_dispute(*, dispute: UUID, outcome: str, actor: Scope) -> Dispute:
    """Note how a dispute has ended.

    Raises MissingRight, Dispute.DoesNotExist, DisputeRefused, ValidationError without a word, or Busy.
    """
    actor.demand(Right.COLLECT_PAYMENTS)
    said = _words("outcome", outcome, _("Say how the dispute has ended."))
    with row_scope.within(actor):
        found = Dispute.objects.filter(base=actor.base, owner_key__in=owners_of(actor).all)
        row = found.select_for_update(of=("self",)).get(pk=dispute)
        if row.ended_at is not None:
            raise DisputeRefused(_("This dispute has ended already."), code="dispute_ended")
        row.ended_at, row.ended_by, row.outcome = Func(function="clock_timestamp"), actor.actor_name[:200], said
        row.save(update_fields=["ended_at", "ended_by", "outcome"])
        row.refresh_from_db(fields=["ended_at"])
        return row


def _words(name: str, text: str, sentence: object) -> str:
    field: Any = Dispute._meta.get_field(name)
    said = str(field.clean(text.strip(), None)) if text.strip() else ""
    if not said:
        raise ValidationError({name: ValidationError(str(sentence), code="dispute_with_words")})
    return said
