"""What a bank says about an account: statements with their entries, the same whatever the format of the file."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum


class Direction(StrEnum):
    """Whether money has come in or gone out, seen from the holder of the account."""

    CREDIT = "credit"
    DEBIT = "debit"


@dataclass(frozen=True, slots=True)
class Balance:
    """The balance of an account at the end of a day; negative where it is overdrawn."""

    amount: Decimal
    on: date


@dataclass(frozen=True, slots=True)
class BankEntry:
    """One booked movement of an account. Of a batch booking with details each detail is an entry of its own.

    `amount` is above zero, with two places. Texts are "" where the bank says nothing. `is_return` says that a payment
    has come back (a returned debit, or a transfer that could not be credited): `counterparty_…` are then those of the
    payment that came back, and `return_reason` its ISO code, where the bank gives one. `is_reversal` says that the bank
    has taken back a booking. `original_amount` and `charges` are given for returned debits: together they are the
    amount, where the bank books both at once.

    `message_id` is that of the file by which it was ordered; it tells nothing apart, and is no part of the fingerprint.

    `fingerprint` tells an entry from all others and stays the same when it is delivered again (see `fingerprinted`).
    """

    amount: Decimal
    direction: Direction
    booked_on: date
    valued_on: date
    is_reversal: bool = False
    is_return: bool = False
    return_reason: str = ""
    bank_reference: str = ""
    counterparty_name: str = ""
    counterparty_iban: str = ""
    ultimate_name: str = ""
    end_to_end_id: str = ""
    mandate_id: str = ""
    creditor_id: str = ""
    batch_id: str = ""
    purpose: str = ""
    booking_text: str = ""
    transaction_code: str = ""
    original_amount: Decimal | None = None
    charges: Decimal | None = None
    fingerprint: str = ""
    message_id: str = ""

    @property
    def signed(self) -> Decimal:
        """The amount as it changes the balance."""
        return self.amount if self.direction is Direction.CREDIT else -self.amount


@dataclass(frozen=True, slots=True)
class BankStatement:
    """A statement of one account. A CSV file gives one for each account in it, often without balances.

    `account_iban` is compact; for an account that has none it is what else the bank calls it. `number` is the bank's
    sequence number, `statement_id` its identification of the message. `pending` counts entries that were left out
    because they are not booked yet, `without_amount` those of 0.00, which are messages of the bank.
    """

    account_iban: str
    currency: str
    entries: tuple[BankEntry, ...]
    statement_id: str = ""
    number: str = ""
    opening: Balance | None = None
    closing: Balance | None = None
    pending: int = 0
    without_amount: int = 0


def fingerprinted(entries: Iterable[BankEntry], *, account: str, statement: str = "") -> tuple[BankEntry, ...]:
    """The entries with their fingerprints: SHA-256 over the account and what the bank says of each.

    Equal entries of one day are counted, so that two of them stay two, and files that overlap by whole days give each
    entry the same fingerprint. Where the bank gives no reference of its own, `statement` keeps equal entries of two
    statements apart.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    found = []
    for entry in entries:
        content = _identity(entry, account=account, statement=statement)
        seen[content] += 1
        found.append(replace(entry, fingerprint=_hash((*content, str(seen[content])))))
    return tuple(found)


def _identity(entry: BankEntry, *, account: str, statement: str) -> tuple[str, ...]:
    return (
        account,
        entry.bank_reference or f"statement {statement}",
        entry.booked_on.isoformat(),
        entry.valued_on.isoformat(),
        str(entry.signed),
        "reversal" if entry.is_reversal else "",
        entry.return_reason,
        entry.counterparty_name,
        entry.counterparty_iban,
        entry.end_to_end_id,
        entry.mandate_id,
        entry.batch_id,
        entry.purpose,
    )


def _hash(parts: tuple[str, ...]) -> str:
    """The lengths are part of it, so that no other division into parts gives the same bytes."""
    content = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(content.encode()).hexdigest()
