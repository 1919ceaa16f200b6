"""Booking entries of the bank that are about debits: money that was collected, alone or as a sum, and debits returned.

What is booked is what was proposed; the functions of the database ask once more whether it still fits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from accounting.amounts import ZERO
from accounting.banking.debit_matching import BLOCKING, Doubt
from accounting.choices import AccountKind, EntryState
from accounting.debits.calls import call, demand_collector, told
from accounting.debits.outcomes import AT_ONCE, account_for, business_day, sent_back
from accounting.models import BankEntry, Ledger
from accounting.owners import owners_of
from accounting.payments.debited import Kind, about_debits
from accounting.payments.refusals import EntryRefused
from mcp.isolation.scope import Scope


def book_debits(entry: BankEntry, actor: Scope, *, is_charged: bool = False) -> int:
    """Book an open entry as it is proposed; returns how many debits of a sum are left for the next piece.

    The caller has entered the scope and locked the entry. `is_charged` lets the customer owe the charges of a return.
    Raises MissingRight, DebitsAtCentral, EntryRefused where it is proposed with a doubt that nobody can overlook, or
    DebitRefused where it does not fit any more.
    """
    demand_collector(actor)
    doubts = [Doubt(one) for one in entry.proposal["doubts"]]
    if blocking := next((one for one in doubts if one in BLOCKING), None):
        raise EntryRefused(f"debit_{blocking}")
    match about_debits(entry.proposal):
        case Kind.RETURN:
            _return(entry, is_charged, actor)
        case Kind.COLLECTION:
            collect_entries([entry], entry.ledger, actor)
        case Kind.BATCH:
            return collect_sum(entry, actor)
    return 0


def _return(entry: BankEntry, is_charged: bool, actor: Scope) -> None:
    sent_back(
        UUID(entry.proposal["debit"]), code_of(entry.return_reason), entry.booked_on,
        charges=Decimal(entry.proposal.get("charges", ZERO)), is_charged=is_charged, entry=entry.pk, actor=actor,
    )  # fmt: skip


def code_of(reason: str) -> str:
    """The code of a reason as it is stored with a debit: four letters and digits, or nothing for what is none."""
    code = reason.strip().upper()
    return code if re.fullmatch(r"[A-Z0-9]{4}", code) else ""


def collect_entries(entries: Sequence[BankEntry], ledger: Ledger, actor: Scope) -> None:
    """Book entries that are the money of one debit each, all of them or none. Raises DebitRefused."""
    wanted = [
        {
            "entry": str(one.pk), "debit": one.proposal["debit"], "on": business_day(one.booked_on).isoformat(),
        } for one in entries
    ]  # fmt: skip
    params = [actor.base.pk, ledger.pk, _money(ledger, actor), actor.actor_name[:200], json.dumps(wanted)]
    with told():
        call("accounting_collect_entries(%s, %s, %s, %s, %s::jsonb)", params)


def collect_sum(entry: BankEntry, actor: Scope) -> int:
    """Collect the next debits of a sum; returns how many are left. Raises DebitRefused."""
    params = [
        actor.base.pk, entry.pk, entry.proposal["file"], entry.proposal["group"], _money(entry.ledger, actor),
        business_day(entry.booked_on), actor.actor_name[:200], AT_ONCE,
    ]  # fmt: skip
    with told():
        return int(call("accounting_collect_batch(%s, %s, %s, %s, %s, %s, %s, %s)", params))


def _money(ledger: Ledger, actor: Scope) -> int:
    return account_for(ledger, AccountKind.MONEY, actor)


def open_entry(entry: UUID, actor: Scope) -> BankEntry:
    """The entry, locked. Raises BankEntry.DoesNotExist, EntryRefused where it is decided already."""
    found = BankEntry.objects.in_base(actor.base).filter(owner_key__in=owners_of(actor).all)
    rows = found.select_for_update(of=("self",), no_key=True)
    row = rows.select_related("ledger", "statement__account", "statement__ledger").get(pk=entry)
    if row.state != EntryState.OPEN:
        raise EntryRefused("bankentry_open")
    return row
