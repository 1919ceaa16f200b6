"""Proposing which open items the entries of a statement pay. Nothing is booked by it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import connection

from accounting.banking import statements as banking
from accounting.banking.matching import Confidence, Proposal, propose
from accounting.models import BankEntry, BankStatement
from accounting.owners import owners_of
from accounting.payments.open_ones import OpenOnes, open_ones
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope

_WRITE = """
    UPDATE accounting_bankentry AS entry SET confidence = told.confidence, proposal = told.proposal
    FROM jsonb_to_recordset(%s::jsonb) AS told (id uuid, confidence text, proposal jsonb)
    WHERE entry.id = told.id AND entry.base_id = %s
"""


@busy_told()
def propose_for(*, statement: UUID, actor: Scope) -> None:
    """Propose anew what the open entries of a statement pay, by what is open now.

    Raises MissingRight, BankStatement.DoesNotExist or Busy.
    """
    actor.demand(Right.COLLECT_PAYMENTS)
    with row_scope.within(actor):
        found = BankStatement.objects.in_base(actor.base).filter(owner_key__in=owners_of(actor).all)
        propose_entries(found.get(pk=statement))


def propose_entries(statement: BankStatement) -> None:
    """As propose_for, for whoever has asked for the right and entered the scope."""
    rows = BankEntry.objects.of_statement(statement).open().order_by("position")
    entries = list(rows.select_for_update(no_key=True))
    if not entries:
        return
    ones = open_ones(statement.ledger)
    changed = []
    for entry, proposal in zip(entries, propose(map(as_told, entries), ones.items), strict=True):
        was = (entry.confidence, entry.proposal)
        entry.confidence, entry.proposal = proposal.confidence.value, _kept(proposal, ones)
        if (entry.confidence, entry.proposal) != was:
            changed.append(entry)
    _write(changed, statement.base_id)


def _write(entries: Iterable[BankEntry], base: int) -> None:
    """In one statement. Without a nested loop: of a table that was never counted the planner would read all rows of the
    base for each entry.
    """
    told = [{"id": str(one.pk), "confidence": one.confidence, "proposal": one.proposal} for one in entries]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(_WRITE, [json.dumps(told), base])
        cursor.execute("SET LOCAL enable_nestloop = on")


def as_told(entry: BankEntry) -> banking.BankEntry:
    """The stored entry as matching takes it."""
    return banking.BankEntry(
        amount=entry.amount, direction=banking.Direction(entry.direction), booked_on=entry.booked_on,
        valued_on=entry.valued_on, is_reversal=entry.is_reversal, is_return=entry.is_return,
        return_reason=entry.return_reason, counterparty_name=entry.counterparty_name,
        counterparty_iban=entry.counterparty_iban, ultimate_name=entry.ultimate_name,
        end_to_end_id=entry.end_to_end_id, mandate_id=entry.mandate_id, batch_id=entry.batch_id, purpose=entry.purpose,
        fingerprint=entry.fingerprint,
    )  # fmt: skip


def _kept(proposal: Proposal, ones: OpenOnes) -> dict[str, Any]:
    """As JSON holds it; amounts are text, so that nothing makes them floating."""
    if proposal.confidence is Confidence.NONE:
        return {}
    parts: Iterable[tuple[UUID, object]] = (
        part for one in proposal.allocations for part in ones.spread(one.item, one.amount)
    )
    return {
        "reason": proposal.reason.value,
        "parts": [{"item": str(movement), "amount": str(amount)} for movement, amount in parts],
        "rest": str(proposal.rest),
    }
