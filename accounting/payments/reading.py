"""Taking in a file of the bank: what is new of it is stored, once, however often and in whichever files it comes."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO
from uuid import UUID

from django.db import connection, transaction

from accounting.banking import statements as banking
from accounting.banking.open_items import compact
from accounting.banking.reading import read_bank_file
from accounting.models import BankAccount, BankEntry, BankStatement, Ledger
from accounting.models.bank import LONGEST_PURPOSE
from accounting.operations.opening import demand_base, ensure_ledger
from accounting.owners import owners_of
from accounting.payments.proposing import propose_entries
from accounting.payments.refusals import FileRefused
from locations.permissions import Right
from locations.violations import told_as_refusals
from mcp.isolation import row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope

MEGABYTES = 32
MOST_BYTES = MEGABYTES * 1024**2
AT_ONCE = 1_000
_LOCK_OF_READING = 4_711_040
"""With the number of a ledger it is the name of the lock under which files are stored in it."""


@dataclass(frozen=True)
class ReadFile:
    """What a file has brought: the statements that were stored, and how many of its entries were new and known."""

    statements: Sequence[BankStatement]
    new: int
    known: int


@busy_told()
def add_bank_account(*, iban: str, name: str, actor: Scope) -> BankAccount:
    """Say that an account at a bank is one of the business, so that its files are read.

    Raises MissingRight, NotOnThisBase, ValidationError for one that is known or without a name, or Busy.
    """
    actor.demand(Right.COLLECT_PAYMENTS)
    demand_base(actor)
    with row_scope.within(actor):
        ledger = ensure_ledger(actor)
        account = BankAccount(**_place(ledger), iban=compact(iban), name=name.strip(), added_by=actor.actor_name[:200])
        account.clean_fields(exclude=["organization", "base", "ledger"])
        with told_as_refusals(), transaction.atomic():
            account.save(force_insert=True)
        return account


@busy_told()
def read_statement(*, file: BinaryIO, name: str, account: UUID | None = None, actor: Scope) -> ReadFile:
    """Store the entries of a file that are not known yet, and propose what they pay. All of it or nothing.

    `account` is the bank account that counts where a table names none. A statement without anything new is not stored.
    Raises MissingRight, NotOnThisBase, UnreadableBankFile (also where sums are wrong), FileRefused, or Busy.
    """
    actor.demand(Right.COLLECT_PAYMENTS)
    demand_base(actor)
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise FileRefused("bank_file_too_large", most=MEGABYTES)
    with row_scope.within(actor):
        known = {one.pk: one for one in _accounts(actor)}
        chosen = known.get(account) if account else None
        found = read_bank_file(io.BytesIO(content), name=name, account=chosen.iban if chosen else "")
        accounts = {one.iban: one for one in known.values()}
        _demand_own(found, accounts, actor)
        about = {"file_name": name[-200:] or "–", "file_sha256": hashlib.sha256(content).hexdigest()}
        return _stored(found, accounts, about, actor)


def _accounts(actor: Scope) -> Iterable[BankAccount]:
    """Those of the ledgers with which this location works; of one that is in two the one of now comes last."""
    owners = owners_of(actor)
    found = BankAccount.objects.in_base(actor.base).filter(owner_key__in=owners.all).select_related("ledger")
    return sorted(found, key=lambda one: one.owner_key == owners.now)


def _demand_own(found: Iterable[banking.BankStatement], accounts: dict[str, BankAccount], actor: Scope) -> None:
    currency = actor.organization.currency
    for statement in found:
        if not statement.account_iban:
            raise FileRefused("bank_account_needed")
        if compact(statement.account_iban) not in accounts:
            raise FileRefused("bank_account_unknown", iban=statement.account_iban)
        if statement.currency and statement.currency != currency:
            raise FileRefused("bank_currency", found=statement.currency, expected=currency)


def _stored(
    found: Sequence[banking.BankStatement], accounts: dict[str, BankAccount], about: dict[str, str], actor: Scope
) -> ReadFile:
    stored: list[BankStatement] = []
    new, total = 0, 0
    for statement in found:
        account = accounts[compact(statement.account_iban)]
        _wait_for_turn(account.ledger)
        fresh = _fresh(statement.entries, account.ledger)
        total += len(statement.entries)
        new += len(fresh)
        if fresh:
            stored.append(_store(statement, fresh, account, about, actor))
    for row in stored:
        propose_entries(row)
    return ReadFile(stored, new, total - new)


def _wait_for_turn(ledger: Ledger) -> None:
    """Two who read the same file at once store it once: the second one finds what the first has stored."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s::integer)", [_LOCK_OF_READING, ledger.pk])


type _Fresh = list[tuple[int, banking.BankEntry]]


def _fresh(entries: Sequence[banking.BankEntry], ledger: Ledger) -> _Fresh:
    """Those that are not stored yet, with their positions."""
    known: set[str] = set()
    for start in range(0, len(entries), AT_ONCE):
        asked = [one.fingerprint for one in entries[start : start + AT_ONCE]]
        rows = BankEntry.objects.filter(fingerprint__in=asked, ledger=ledger, base=ledger.base_id)
        known.update(rows.values_list("fingerprint", flat=True))
    return [(at, one) for at, one in enumerate(entries) if one.fingerprint not in known]


def _store(
    statement: banking.BankStatement, fresh: _Fresh, account: BankAccount, about: dict[str, str], actor: Scope
) -> BankStatement:
    days = [one.booked_on for one in statement.entries]
    row = BankStatement(
        **_place(account.ledger), account=account, **about, number=_line(statement.number, 40),
        opening=statement.opening.amount if statement.opening else None,
        closing=statement.closing.amount if statement.closing else None, first_on=min(days), last_on=max(days),
        total=len(statement.entries), known=len(statement.entries) - len(fresh), pending=statement.pending,
        read_by=actor.actor_name[:200], read_user=actor.user.pk if actor.user else None,
    )  # fmt: skip
    row.save(force_insert=True)
    BankEntry.objects.bulk_create((_row(entry, at, row) for at, entry in fresh), batch_size=AT_ONCE)
    return row


def _row(entry: banking.BankEntry, at: int, statement: BankStatement) -> BankEntry:
    return BankEntry(
        **_place(statement.ledger), statement=statement, position=at, fingerprint=entry.fingerprint,
        booked_on=entry.booked_on, valued_on=entry.valued_on, amount=entry.amount, direction=entry.direction.value,
        is_return=entry.is_return, is_reversal=entry.is_reversal, return_reason=_line(entry.return_reason, 35),
        original_amount=entry.original_amount, charges=entry.charges,
        counterparty_name=_line(entry.counterparty_name, 200), counterparty_iban=_line(entry.counterparty_iban, 40),
        ultimate_name=_line(entry.ultimate_name, 200), purpose=_line(entry.purpose, LONGEST_PURPOSE),
        end_to_end_id=_line(entry.end_to_end_id, 80), mandate_id=_line(entry.mandate_id, 80),
        batch_id=_line(entry.batch_id or entry.message_id, 80),
    )  # fmt: skip


def _place(ledger: Ledger) -> dict[str, Any]:
    return {
        "organization_id": ledger.organization_id, "base_id": ledger.base_id, "ledger": ledger,
        "owner_key": ledger.owner_key,
    }  # fmt: skip


def _line(text: str, most: int) -> str:
    """The text as a column holds it: what cannot be shown is a blank, and what is too long is cut."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:most]
