"""Tells which debit an entry of the bank is about: money that was collected, or a debit that came back.

    match_return(entry, debits)      -> Match, or None where the entry names no debit
    match_collection(entry, debit)

A debit is named by its end-to-end reference; mandate and amount have to fit. What does not fit is a doubt: somebody
looks at it, and with some of them nothing can be booked at all. Nothing is booked here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from accounting.amounts import ZERO
from accounting.banking.statements import BankEntry

MOST_CHARGES = Decimal("20.00")
"""So much a bank charges at most for a debit that came back; more than that is looked at."""


class Stage(StrEnum):
    AT_BANK = "at_bank"
    COLLECTED = "collected"
    RETURNED = "returned"
    GONE = "gone"


class Doubt(StrEnum):
    """What does not fit."""

    AMOUNT = "amount"
    MANDATE = "mandate"
    NO_REFERENCE = "no_reference"
    ELSEWHERE = "elsewhere"
    BY_HAND = "by_hand"
    DIFFERENCE = "difference"
    RETURNED_BEFORE = "returned_before"
    COLLECTED_BEFORE = "collected_before"
    GONE = "gone"
    LOOKS_KNOWN = "looks_known"


BLOCKING: Collection[Doubt] = frozenset({Doubt.DIFFERENCE, Doubt.RETURNED_BEFORE, Doubt.COLLECTED_BEFORE, Doubt.GONE})
"""With these nothing can be booked; with the others somebody decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDebit:
    """A debit that was sent to the bank.

    `is_credited` says that the money had come before it was returned; `has_collection` and `has_return`, that an entry
    of the bank has said so already.
    """

    id: UUID
    end_to_end_id: str
    amount: Decimal
    stage: Stage
    mandate_id: str = ""
    is_credited: bool = False
    has_collection: bool = False
    has_return: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """The debit of an entry, what the banks charge for a return, and what does not fit."""

    debit: UUID
    charges: Decimal = ZERO
    doubts: tuple[Doubt, ...] = ()


def match_return(entry: BankEntry, debits: Sequence[KnownDebit], *, is_named: bool) -> Match | None:
    """The debit that came back. `debits` are the one that is named, or without a reference those of the mandate.

    Without a reference it has to be the only one whose amount fits, and is looked at.
    """
    if not is_named:
        fitting = [one for one in debits if one.stage in (Stage.AT_BANK, Stage.COLLECTED) and _fits(entry, one)]
        return _returned(entry, fitting[0], Doubt.NO_REFERENCE) if len(fitting) == 1 else None
    return _returned(entry, debits[0]) if debits else None


def _returned(entry: BankEntry, debit: KnownDebit, *doubts: Doubt) -> Match:
    found = [*doubts]
    if debit.stage is Stage.GONE:
        found.append(Doubt.GONE)
    if debit.has_return:
        found.append(Doubt.RETURNED_BEFORE)
    if entry.mandate_id and debit.mandate_id and entry.mandate_id != debit.mandate_id:
        found.append(Doubt.MANDATE)
    if not _fits(entry, debit):
        found.append(Doubt.AMOUNT)
    return Match(debit.id, charges_of(entry, debit.amount), tuple(found))


def _fits(entry: BankEntry, debit: KnownDebit) -> bool:
    """Whether it is the amount of the debit, or that and charges; what the bank says of the amount counts first."""
    if entry.original_amount is not None and entry.original_amount != debit.amount:
        return False
    return ZERO <= entry.amount - debit.amount <= max(MOST_CHARGES, entry.charges or ZERO)


def charges_of(entry: BankEntry, amount: Decimal) -> Decimal:
    """What the banks charge: what is more than the debit, or what they say of it where they book it apart."""
    more = max(entry.amount - amount, ZERO)
    return more or (entry.charges or ZERO)


def match_collection(entry: BankEntry, debit: KnownDebit) -> Match:
    """The debit whose money has come. One that was collected by hand before is only found again."""
    found = []
    if debit.stage is Stage.GONE:
        found.append(Doubt.GONE)
    if debit.has_collection:
        found.append(Doubt.COLLECTED_BEFORE)
    if entry.amount != debit.amount:
        found.append(Doubt.DIFFERENCE)
    if debit.stage is Stage.RETURNED and not (debit.is_credited or debit.has_return):
        found.append(Doubt.BY_HAND)
    return Match(debit.id, doubts=tuple(found))


def doubts_about_sum(amount: Decimal, *, surely: Decimal, perhaps: Decimal) -> tuple[Doubt, ...]:
    """What does not fit of the sum of many debits.

    `surely` is what the bank must have credited; `perhaps` that, and what was returned by hand before its money came.
    """
    if not surely and not perhaps:
        return (Doubt.COLLECTED_BEFORE,)
    if amount == surely:
        return ()
    return (Doubt.BY_HAND,) if amount == perhaps else (Doubt.DIFFERENCE,)
