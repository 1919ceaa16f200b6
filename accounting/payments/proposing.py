"""Proposing which open items the entries of a statement pay. Nothing is booked by it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from accounting.banking import statements as banking
from accounting.banking.debit_matching import Doubt
from accounting.banking.matching import Confidence, Proposal, propose
from accounting.models import BankEntry, BankStatement
from accounting.owners import owners_of
from accounting.payments.debited import Proposed, proposed_debits
from accounting.payments.elsewhere import Looks, names_in, taken_elsewhere
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


def propose_entries(statement: BankStatement, *, only: UUID | None = None) -> None:
    """As propose_for, for whoever has asked for the right and entered the scope; `only` is the id of one entry.

    What is surely proposed for entries of other statements already is not sure here, and said so; nor is an entry that
    looks like one of another statement.
    """
    rows = BankEntry.objects.of_statement(statement).open().order_by("position")
    entries = list((rows.filter(pk=only) if only else rows).select_for_update(no_key=True))
    if not entries:
        return
    taken, looks = taken_elsewhere(statement, only), Looks(statement)
    changed = []
    for entry, (confidence, proposal) in zip(entries, _proposed(entries, statement), strict=True):
        was = (entry.confidence, entry.proposal)
        kept, entry.proposal = _beside(taken, confidence, proposal)
        if kept is Confidence.SURE and looks.know(entry):
            kept, entry.proposal = _doubted(Doubt.LOOKS_KNOWN, proposal)
        entry.confidence = kept.value
        if (entry.confidence, entry.proposal) != was:
            changed.append(entry)
    _write(changed, statement.base_id)


type _Kept = tuple[Confidence, dict[str, Any]]


def _proposed(entries: Sequence[BankEntry], statement: BankStatement) -> Iterable[_Kept]:
    """What is about debits first; the others pay what is open."""
    told = [as_told(entry) for entry in entries]
    debits = proposed_debits(told, [entry.pk for entry in entries], statement.ledger)
    rest = [at for at in range(len(told)) if at not in debits]
    ones = open_ones(statement.ledger)
    payments = dict(zip(rest, propose((told[at] for at in rest), ones.items), strict=True))
    seen: set[str] = set()
    for at in range(len(told)):
        if at in debits:
            kept = _beside(seen, *_of_debits(debits[at]))
            seen.update(names_in(kept[1]))
            yield kept
        else:
            yield payments[at].confidence, _kept(payments[at], ones)


def _of_debits(proposed: Proposed) -> _Kept:
    return Confidence.SURE if proposed.is_sure else Confidence.PROBABLE, proposed.proposal


def _beside(taken: set[str], confidence: Confidence, proposal: dict[str, Any]) -> _Kept:
    """What is sure of another entry already is only probable here."""
    if confidence is Confidence.SURE and taken.intersection(names_in(proposal)):
        return _doubted(Doubt.ELSEWHERE, proposal)
    return confidence, proposal


def _doubted(doubt: Doubt, proposal: dict[str, Any]) -> _Kept:
    return Confidence.PROBABLE, {**proposal, "doubts": [doubt.value]}


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
        fingerprint=entry.fingerprint, original_amount=entry.original_amount, charges=entry.charges,
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
