"""Booking everything that is sure: in pieces, each a transaction of its own.

Whoever books is stopped at any point without harm: what was booked is booked, and the rest is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounting.banking.matching import Confidence
from accounting.choices import AccountKind, StatementState
from accounting.models import BankEntry, BankStatement
from accounting.operations.posting import accounts_of
from accounting.owners import owners_of
from accounting.payments.booking import (
    Share,
    book_as_proposed,
    money_of,
    post_entries,
    shares_proposed,
    wanted_of_entry,
)
from accounting.payments.proposing import propose_entries
from locations.permissions import Right
from mcp.isolation import access, row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences
from mcp.worker.queueing import enqueue
from mcp.worker.somebody import for_somebody

PIECE = 200
TASK = "accounting.tasks.book_sure"


@busy_told()
def book_all_sure(*, statement: UUID, actor: Scope) -> None:
    """Have the worker book what is sure of a statement. Nothing happens where it does so already.

    Raises MissingRight, BankStatement.DoesNotExist, or Busy.
    """
    actor.demand(Right.COLLECT_PAYMENTS)
    with row_scope.within(actor):
        found = BankStatement.objects.in_base(actor.base).filter(owner_key__in=owners_of(actor).all)
        row = found.select_for_update(of=("self",)).get(pk=statement)
        if row.state == StatementState.BOOKING:
            return
        _enter(row, StatementState.BOOKING, Sentences())
        enqueue(TASK, statement=str(row.pk), **for_somebody(actor))


def book_in_pieces(statement: BankStatement, actor: Scope) -> None:
    """Propose once more by what is open now, and book what is sure. For the worker.

    Raises MissingRight where the right is gone meanwhile; the pieces before stay booked.
    """
    actor.demand(Right.COLLECT_PAYMENTS)
    with row_scope.rows_of(actor):
        propose_entries(statement)
    while _book_piece(statement, actor):
        pass
    with row_scope.rows_of(actor):
        stop_booking(statement, Sentences())


def stop_booking(statement: BankStatement, failure: Sentences) -> None:
    """It is no longer being booked; `failure` says why, where that is not because all is done."""
    row = BankStatement.objects.select_for_update(of=("self",)).get(pk=statement.pk, base=statement.base_id)
    if row.state == StatementState.BOOKING:
        _enter(row, StatementState.READY, failure)


def _enter(row: BankStatement, state: StatementState, failure: Sentences) -> None:
    row.state, row.failure = state, failure
    row.save(update_fields=["state", "failure"])


def _book_piece(statement: BankStatement, actor: Scope) -> bool:
    """Book some of what is sure; False where nothing is left. What the database refuses waits for somebody to look."""
    with row_scope.rows_of(actor):
        rows = BankEntry.objects.of_statement(statement).sure().order_by("position")
        entries = list(rows.select_for_update(of=("self",), no_key=True).select_related("statement__account")[:PIECE])
        if entries:
            _book_entries(entries, statement, actor)
            access.demand_still(actor)
        return bool(entries)


def _book_entries(entries: Sequence[BankEntry], statement: BankStatement, actor: Scope) -> None:
    """Together, or where the database refuses that, one by one."""
    try:
        with transaction.atomic():
            _book_together(entries, statement, actor)
    except (IntegrityError, KeyError):  # a key: somebody has no account any more
        for entry in entries:
            _book_alone(entry, actor)


def _book_together(entries: Sequence[BankEntry], statement: BankStatement, actor: Scope) -> None:
    shares: dict[UUID, list[Share]] = shares_proposed(entries)
    customers = {one.customer for some in shares.values() for one in some}
    owed, money = accounts_of(customers, AccountKind.OWED, statement.ledger), money_of(statement.ledger, actor)
    wanted = [one for entry in entries for one in wanted_of_entry(entry, shares[entry.pk], owed, money)]
    if len({one["entry"] for one in wanted}) < len(entries):  # what was proposed for one of them is gone
        raise KeyError
    post_entries(statement.ledger, wanted, actor)


def _book_alone(entry: BankEntry, actor: Scope) -> None:
    try:
        with transaction.atomic():
            book_as_proposed(entry=entry.pk, actor=actor)
    except (ValidationError, BankEntry.DoesNotExist):  # the latter where the location was switched meanwhile
        BankEntry.objects.filter(pk=entry.pk, base=entry.base_id).update(confidence=Confidence.PROBABLE)
