"""Booking entries of the bank: each becomes one movement for every customer who has paid by it, or none at all.

The keys of the movements are made by the database of the entry's fingerprint, so that an entry is booked once, whoever
asks, and however often.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounting.amounts import ZERO, exact
from accounting.choices import AccountKind, MovementKind
from accounting.debits.calls import DebitRefused
from accounting.models import BankEntry, Ledger, Movement
from accounting.operations import NoAccount, NotAllocated, Part
from accounting.operations.opening import ensure_accounts
from accounting.operations.posting import OLDEST, Entry, accounts_of, wanted_of
from accounting.payments.debit_entries import book_debits, open_entry
from accounting.payments.debited import about_debits
from accounting.payments.given_to_worker import have_booked
from accounting.payments.proposing import propose_entries
from accounting.payments.refusals import EntryRefused, told_of_entry
from customers.models import Customer
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope

NOT_WHOLE = "bankentry_booked_whole"


@dataclass(frozen=True, kw_only=True)
class Share:
    """What a customer has paid by an entry: `parts` first, the rest counts against his oldest items."""

    customer: int
    amount: Decimal
    parts: Sequence[Part] = ()


@busy_told()
def book_entry(*, entry: UUID, shares: Sequence[Share], actor: Scope) -> list[Movement]:
    """Book an entry to the customers who have paid by it; the shares are the whole amount.

    Raises MissingRight, BankEntry.DoesNotExist, Customer.DoesNotExist, NoAccount, EntryRefused where it is decided
    already, is no payment or the shares are not its amount, NotAllocated, ValidationError for an amount that cannot be,
    or Busy.
    """
    actor.demand(Right.COLLECT_PAYMENTS)
    with row_scope.within(actor):
        row = _demand_payment(open_entry(entry, actor))
        return _booked(row, _demand_whole(row, shares), actor)


def book_as_proposed(*, entry: UUID, is_charged: bool = False, actor: Scope) -> list[Movement]:
    """Book an entry as it is proposed, sure or not. For one about debits no movements are returned: they are those of
    the debits. The worker books what is left of a sum of many. `is_charged` lets the customer of a returned debit owe
    what the banks charge.

    Raises as `book_entry`, DebitsAtCentral, DebitRefused, also where nothing is proposed. Where what was proposed is
    paid meanwhile it is proposed anew, and said so.
    """
    actor.demand(Right.COLLECT_PAYMENTS)
    done = _tried(entry, is_charged, actor)
    if isinstance(done, EntryRefused):  # raised out here, so that what is proposed anew stays
        raise done
    return done


@busy_told()
def _tried(entry: UUID, is_charged: bool, actor: Scope) -> list[Movement] | EntryRefused:
    """The movements, or that it was proposed anew. Raises as book_as_proposed where it is proposed as before."""
    with row_scope.within(actor):
        row = open_entry(entry, actor)
        was = (row.confidence, row.proposal)
        try:
            with transaction.atomic():
                return _booked_as_proposed(row, is_charged, actor)
        except (DebitRefused, EntryRefused, NotAllocated):
            propose_entries(row.statement, only=row.pk)
            row.refresh_from_db(fields=["confidence", "proposal"])
            if (row.confidence, row.proposal) == was:
                raise
        return EntryRefused("bankentry_proposed_anew")


def _booked_as_proposed(row: BankEntry, is_charged: bool, actor: Scope) -> list[Movement]:
    if about_debits(row.proposal):
        if book_debits(row, actor, is_charged=is_charged):
            have_booked(row.statement, actor, entry=row.pk)
        return []
    _demand_payment(row)
    shares = shares_proposed([row])[row.pk]
    if not shares:
        raise EntryRefused("bankentry_without_proposal")
    return _booked(row, _demand_whole(row, shares, code="bankentry_rest"), actor)


def _demand_payment(row: BankEntry) -> BankEntry:
    if not row.is_payment:
        raise EntryRefused("bankentry_booked_where_paid")
    return row


def _demand_whole(entry: BankEntry, shares: Sequence[Share], *, code: str = NOT_WHOLE) -> Sequence[Share]:
    if sum((exact(one.amount) for one in shares), ZERO) != entry.amount:
        raise EntryRefused(code)
    if len({one.customer for one in shares}) != len(shares):
        raise EntryRefused(NOT_WHOLE)
    return shares


def _booked(entry: BankEntry, shares: Sequence[Share], actor: Scope) -> list[Movement]:
    customers = Customer.objects.in_base(actor.base).in_bulk([one.customer for one in shares])
    if len(customers) != len(shares):
        raise Customer.DoesNotExist
    owed = accounts_of(customers, AccountKind.OWED, entry.ledger)
    for pk, whose in customers.items():
        if pk not in owed:
            raise NoAccount(whose)
    with told_of_entry(customers[shares[0].customer], actor):
        return post_entries(entry.ledger, wanted_of_entry(entry, shares, owed, money_of(entry.ledger, actor)), actor)


def shares_proposed(entries: Sequence[BankEntry]) -> dict[UUID, list[Share]]:
    """What is proposed for each, by customer. What is too much is added where it is clear to whom: if there is one.

    Where it is not, the shares are less than the entry. Items that are gone meanwhile make no share.
    """
    asked = {UUID(part["item"]) for entry in entries for part in entry.proposal.get("parts", ())}
    base = entries[0].base_id if entries else None
    rows = Movement.objects.filter(base=base, pk__in=asked).select_related("debit")
    customers = {one.pk: one.debit.customer_id for one in rows}
    return {entry.pk: _shares_of(entry, customers) for entry in entries}


def _shares_of(entry: BankEntry, customers: Mapping[UUID, int | None]) -> list[Share]:
    parts: dict[int, list[Part]] = defaultdict(list)
    for part in entry.proposal.get("parts", ()):
        item = UUID(part["item"])
        if (customer := customers.get(item)) is None:
            return []
        parts[customer].append(Part(item, Decimal(part["amount"])))
    rest = entry.amount if len(parts) == 1 else None
    return [
        Share(customer=customer, parts=some, amount=rest or sum((one.amount or ZERO for one in some), ZERO))
        for customer, some in parts.items()
    ]


def wanted_of_entry(entry: BankEntry, shares: Iterable[Share], owed: Mapping[int, int], money: int) -> list[Any]:
    """The movements of an entry as the function of the database takes them. `owed` are accounts by customer."""
    return [
        wanted_of(
            money,
            owed[one.customer],
            Entry(
                kind=MovementKind.PAYMENT, amount=one.amount, key="–", business_day=_business_day(entry.booked_on),
                document=_document(entry), parts=one.parts,
            ),
        )
        | {"entry": str(entry.pk)}
        for one in shares
    ]  # fmt: skip


def _business_day(booked_on: date) -> date:
    """The day on which the bank has booked it; today, where that is further away than a business day may be."""
    today = timezone.localdate()
    return booked_on if today - OLDEST <= booked_on <= today + timedelta(days=1) else today


def _document(entry: BankEntry) -> str:
    """Says by which account and on which day. What the payer has written may be about others, and is left out."""
    return f"Bank …{entry.statement.account.iban[-4:]} {entry.booked_on:%d.%m.%Y}"


def money_of(ledger: Ledger, actor: Scope) -> int:
    """The id of the account of the money that this location receives; opened when needed."""
    wanted = (AccountKind.MONEY, None, actor.location.pk)
    found = ledger.accounts.filter(kind=AccountKind.MONEY, location=actor.location.pk, base=ledger.base_id)
    if not (pk := found.values_list("pk", flat=True).first()):
        ensure_accounts(ledger, wanted)
        pk = found.values_list("pk", flat=True).get()
    return pk


def post_entries(ledger: Ledger, wanted: Sequence[Any], actor: Scope) -> list[Movement]:
    """Book entries at once; all of them or none. Raises IntegrityError for what the database refuses."""
    sql = "SELECT * FROM accounting_book_entries(%s, %s, %s, %s::jsonb)"
    return list(Movement.objects.raw(sql, [ledger.base_id, ledger.pk, actor.actor_name[:200], json.dumps(wanted)]))
