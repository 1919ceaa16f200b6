"""Leaving an entry out, taking it up again, and taking its booking back."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Func
from django.utils.translation import gettext_lazy as _

from accounting.choices import EntryState, MovementKind
from accounting.debits.calls import demand_collector
from accounting.debits.outcomes import AT_ONCE
from accounting.models import BankBooking, BankEntry, BankStatement, Movement
from accounting.operations.correcting import demanded_reason
from accounting.operations.posting import Entry, post_all, wanted_of
from accounting.owners import owners_of
from accounting.payments.given_to_worker import have_undone, stop_booking
from accounting.payments.refusals import EntryRefused, told_of_decision, told_of_entry
from accounting.payments.undoing_debits import has_many_debits, undo_debits
from accounting.querysets import BankEntryQuerySet
from customers.models import Customer
from locations.permissions import Right
from locations.violations import told_as_refusals
from mcp.isolation import access, row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences


@busy_told()
def ignore_entry(*, entry: UUID, note: str, actor: Scope) -> BankEntry:
    """Leave an open entry out, with a note why: the bank's own charges, say, or a payment that is no customer's.

    Raises MissingRight, BankEntry.DoesNotExist, EntryRefused where it is decided already, ValidationError without a
    note, or Busy.
    """
    actor.demand(Right.COLLECT_PAYMENTS)
    said = str(BankEntry._meta.get_field("note").clean(note.strip(), None))
    with row_scope.within(actor):
        row = _locked(entry, EntryState.OPEN, actor)
        row.state, row.note, row.decided_by = EntryState.IGNORED, said, actor.actor_name[:200]
        row.decided_at = Func(function="clock_timestamp")
        with told_of_decision(), told_as_refusals():
            row.save(update_fields=["state", "note", "decided_by", "decided_at"])
        row.refresh_from_db(fields=["decided_at", "decided_user"])
        return row


@busy_told()
def reopen_entry(*, entry: UUID, actor: Scope) -> BankEntry:
    """Take an entry up again that was left out. Raises MissingRight, BankEntry.DoesNotExist, EntryRefused, or Busy."""
    actor.demand(Right.COLLECT_PAYMENTS)
    with row_scope.within(actor):
        row = _locked(entry, EntryState.IGNORED, actor)
        row.state, row.note, row.decided_by, row.decided_at = EntryState.OPEN, "", "", None
        row.decided_user = None
        row.save(update_fields=["state", "note", "decided_by", "decided_at", "decided_user"])
        return row


@busy_told()
def undo_entry(*, entry: UUID, reason: str, actor: Scope) -> list[Movement]:
    """Reverse all movements by which an entry was booked; it is open again, and so is what they had paid.

    What it has done to debits is taken back as `undo_debits` says, and no movements are returned; what it has done to
    many of them the worker takes back. Raises MissingRight, BankEntry.DoesNotExist, EntryRefused where it is not booked
    or the worker works on its statement, DebitRefused, ValidationError without a reason or for somebody who was erased,
    or Busy.
    """
    for right in (Right.COLLECT_PAYMENTS, Right.CORRECT_ACCOUNTS):
        actor.demand(right)
    with row_scope.within(actor):
        row = _entries(actor).select_related("ledger", "statement").get(pk=entry)
        said = demanded_reason(reason)
        if row.state not in (EntryState.BOOKED, EntryState.RETURNED):
            raise EntryRefused("bankentry_open")
        if not (wrong := movements_of(row)):  # what it has done it has done to debits
            _undo_debits(row, said, actor)
            return []
        wanted = [
            wanted_of(
                one.credit_id,
                one.debit_id,
                Entry(
                    kind=MovementKind.REVERSAL, amount=one.amount, key=f"{one.key}/back", reason=said,
                    document=one.document, reverses=one.pk,
                ),
            )
            for one in wrong
        ]  # fmt: skip
        with told_of_entry(_payer(wrong[0]), actor):
            return post_all(row.ledger, wanted, actor)


def _undo_debits(row: BankEntry, why: str, actor: Scope) -> None:
    """At once, or where there are many debits by the worker."""
    demand_collector(actor)
    if has_many_debits(row, AT_ONCE):
        have_undone(row.statement, actor, entry=row.pk, why=why)
    else:
        undo_debits(row, why, actor)


def undo_whole(statement: BankStatement, entry: UUID, why: str, actor: Scope) -> None:
    """Take back all that an entry has done to debits, whole or not at all. For the worker.

    Raises as `undo_entry`; the statement is worked on no longer where it succeeds.
    """
    for right in (Right.COLLECT_PAYMENTS, Right.CORRECT_ACCOUNTS):
        actor.demand(right)
    with row_scope.rows_of(actor):
        undo_debits(_entries(actor).select_related("ledger").get(pk=entry, statement=statement.pk), why, actor)
        stop_booking(statement, Sentences())
        access.demand_still(actor)


def movements_of(entry: BankEntry) -> list[Movement]:
    """The movements by which it is booked now: those that were not reversed."""
    return movements_of_all([entry])[entry.pk]


def movements_of_all(entries: Sequence[BankEntry]) -> dict[UUID, list[Movement]]:
    """The same of several entries of one ledger, in three queries."""
    found: dict[UUID, list[Movement]] = {entry.pk: [] for entry in entries}
    base = entries[0].base_id if entries else None
    made = dict(BankBooking.objects.filter(entry__in=list(found), base=base).values_list("movement", "entry"))
    back = set(Movement.objects.filter(base=base, reverses__in=list(made)).values_list("reverses", flat=True))
    rows = Movement.objects.filter(base=base, pk__in=made.keys() - back).order_by("pk")
    for one in rows.select_related("credit__customer", "location"):
        found[made[one.pk]].append(one)
    return found


def _payer(movement: Movement) -> Customer:
    if (whose := movement.credit.customer) is None:
        raise ValidationError(_("The customer of this booking was erased for good."), code="movement_of_nobody")
    return whose


def _entries(actor: Scope) -> BankEntryQuerySet:
    """Those of the ledgers with which the location works."""
    return BankEntry.objects.in_base(actor.base).filter(owner_key__in=owners_of(actor).all)


def _locked(entry: UUID, state: EntryState, actor: Scope) -> BankEntry:
    row = _entries(actor).select_for_update(of=("self",), no_key=True).get(pk=entry)
    if row.state != state:
        raise EntryRefused("bankentry_open")
    return row
