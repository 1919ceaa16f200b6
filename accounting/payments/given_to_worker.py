"""What of a bank statement the worker does: it books what is sure, the rest of a sum, or takes back a sum of many.

One such work at a time is under way at a statement; its state says so.
"""

from __future__ import annotations

from uuid import UUID

from accounting.choices import StatementState
from accounting.models import BankStatement
from accounting.payments.refusals import EntryRefused
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences
from mcp.worker.queueing import enqueue
from mcp.worker.somebody import for_somebody

TASK = "accounting.tasks.book_sure"


def have_booked(statement: BankStatement, actor: Scope, *, entry: UUID | None = None) -> None:
    """Have the worker book what is sure of a statement, or the rest of one entry. Nothing where it works on it already.

    The caller has entered the scope, as with the others.
    """
    if _begun(statement):
        _queue(statement, actor, **({"entry": str(entry)} if entry else {}))


def have_undone(statement: BankStatement, actor: Scope, *, entry: UUID, why: str) -> None:
    """Have the worker take back what an entry has done. Raises EntryRefused where it works on the statement already."""
    if not _begun(statement):
        raise EntryRefused("bankstatement_at_work")
    _queue(statement, actor, entry=str(entry), undo=why)


def stop_booking(statement: BankStatement, failure: Sentences) -> None:
    """It is no longer worked on; `failure` says why, where that is not because all is done."""
    row = BankStatement.objects.select_for_update(of=("self",)).get(pk=statement.pk, base=statement.base_id)
    if row.state == StatementState.BOOKING:
        row.state, row.failure = StatementState.READY, failure
        row.save(update_fields=["state", "failure"])


def _begun(statement: BankStatement) -> bool:
    row = BankStatement.objects.select_for_update(of=("self",)).get(pk=statement.pk, base=statement.base_id)
    if row.state == StatementState.BOOKING:
        return False
    row.state, row.failure = StatementState.BOOKING, Sentences()
    row.save(update_fields=["state", "failure"])
    return True


def _queue(statement: BankStatement, actor: Scope, **more: str) -> None:
    enqueue(TASK, statement=str(statement.pk), **more, **for_somebody(actor))
