"""Booking everything that is sure: in pieces, each a transaction of its own.

Whoever books is stopped at any point without harm: what was booked is booked, and the rest is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounting.banking.matching import Confidence
from accounting.choices import AccountKind
from accounting.debits.calls import demand_collector
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
from accounting.payments.debit_entries import book_debits, collect_entries, open_entry
from accounting.payments.debited import Kind, about_debits
from accounting.payments.given_to_worker import have_booked, stop_booking
from accounting.payments.proposing import propose_entries
from locations.permissions import Right
from mcp.isolation import access, row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences

PIECE = 200


@busy_told()
def book_all_sure(*, statement: UUID, actor: Scope) -> None:
    """Have the worker book what is sure of a statement. Nothing happens where it does so already.

    Raises MissingRight, BankStatement.DoesNotExist, or Busy.
    """
    actor.demand(Right.COLLECT_PAYMENTS)
    with row_scope.within(actor):
        found = BankStatement.objects.in_base(actor.base).filter(owner_key__in=owners_of(actor).all)
        have_booked(found.get(pk=statement), actor)


def book_in_pieces(statement: BankStatement, actor: Scope, *, entry: UUID | None = None) -> None:
    """Propose once more by what is open now, and book what is sure; or the rest of one entry alone. For the worker.

    Raises MissingRight where the right is gone meanwhile; the pieces before stay booked.
    """
    actor.demand(Right.COLLECT_PAYMENTS)
    if entry:
        _book_one(entry, actor)
    else:
        with row_scope.rows_of(actor):
            propose_entries(statement)
        while _book_piece(statement, actor):
            pass
    with row_scope.rows_of(actor):
        stop_booking(statement, Sentences())


def _book_piece(statement: BankStatement, actor: Scope) -> bool:
    """Book some of what is sure; False where nothing is left. What the database refuses waits for somebody to look.

    Payments are booked together, and so is the money of single debits: entries of one kind that follow one another.
    Returns and sums for many debits are booked one by one, each in a transaction of its own.
    """
    with row_scope.rows_of(actor):
        rows = BankEntry.objects.of_statement(statement).sure().order_by("position")
        some = list(rows.values_list("pk", "proposal__kind")[:PIECE])
    if not some:
        return False
    kind = some[0][1]
    piece = [pk for pk, _kind in takewhile(lambda one: one[1] == kind, some)]
    if kind in (Kind.RETURN, Kind.BATCH):
        for pk in piece:
            _book_one(pk, actor)
        return True
    with row_scope.rows_of(actor):
        found = BankEntry.objects.of_statement(statement).sure().filter(pk__in=piece).order_by("position")
        locked = found.select_for_update(of=("self",), no_key=True).select_related("statement__account", "ledger")
        _book_entries(list(locked), statement, actor)
        access.demand_still(actor)
    return True


def _book_one(entry: UUID, actor: Scope) -> None:
    """Book one entry about debits, to its last piece."""
    left = True
    while left:
        with row_scope.rows_of(actor):
            left = _book_alone(entry, actor)
            access.demand_still(actor)


def _book_entries(entries: Sequence[BankEntry], statement: BankStatement, actor: Scope) -> None:
    """Together, or where that is refused, one by one."""
    try:
        with transaction.atomic():
            _book_together(entries, statement, actor)
    except (IntegrityError, KeyError, ValidationError):  # a key: somebody has no account any more
        for entry in entries:
            _book_alone(entry.pk, actor)


def _book_together(entries: Sequence[BankEntry], statement: BankStatement, actor: Scope) -> None:
    if entries and about_debits(entries[0].proposal):
        demand_collector(actor)
        collect_entries(entries, statement.ledger, actor)
        return
    shares: dict[UUID, list[Share]] = shares_proposed(entries)
    customers = {one.customer for some in shares.values() for one in some}
    owed, money = accounts_of(customers, AccountKind.OWED, statement.ledger), money_of(statement.ledger, actor)
    wanted = [one for entry in entries for one in wanted_of_entry(entry, shares[entry.pk], owed, money)]
    if len({one["entry"] for one in wanted}) < len(entries):  # what was proposed for one of them is gone
        raise KeyError
    post_entries(statement.ledger, wanted, actor)


def _book_alone(entry: UUID, actor: Scope) -> bool:
    """Whether debits of a sum are left. What is refused is proposed anew, and is not sure any more."""
    try:
        with transaction.atomic():
            row = open_entry(entry, actor)
            if about_debits(row.proposal):
                return bool(book_debits(row, actor))
            book_as_proposed(entry=entry, actor=actor)
    except (ValidationError, BankEntry.DoesNotExist):  # the latter where the location was switched meanwhile
        rows = BankEntry.objects.filter(pk=entry, base=actor.base).open()
        if (found := rows.select_related("statement__ledger").first()) is not None:
            propose_entries(found.statement, only=entry)
            rows.filter(confidence=Confidence.SURE).update(confidence=Confidence.PROBABLE)
    return False
