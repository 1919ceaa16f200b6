"""Which debits the entries of a statement are about: looked up by references, and told as proposals.

A proposal about debits is JSON with `kind` (one of Kind) and `doubts`; of one debit its id `debit` and for a return the
`charges`; of a sum for many the `file`, its `group` or null, and the `sum` that was expected. It names nobody.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import connection

from accounting.amounts import ZERO
from accounting.banking import statements as banking
from accounting.banking.debit_matching import (
    Doubt,
    KnownDebit,
    Match,
    Stage,
    doubts_about_sum,
    match_collection,
    match_return,
)
from accounting.banking.statements import Direction
from accounting.choices import DebitState
from accounting.models import DebitFile, Ledger


class Kind(StrEnum):
    """What an entry says of debits."""

    RETURN = "return"
    COLLECTION = "collection"
    BATCH = "batch"


_COLUMNS = """
    item.id, item.end_to_end_id, item.mandate_reference, item.amount, item.state, item.payment_id IS NOT NULL,
    item.collected_entry_id IS NOT NULL, item.returned_entry_id IS NOT NULL
"""
_NAMED = f"""
    SELECT {_COLUMNS} FROM unnest(%(asked)s::text[]) AS asked (reference) CROSS JOIN LATERAL (
        SELECT * FROM accounting_debititem
        WHERE end_to_end_id = asked.reference AND NOT end_to_end_id = '' OFFSET 0
    ) AS item WHERE item.base_id = %(base)s
"""
_OF_MANDATES = f"""
    SELECT {_COLUMNS} FROM unnest(%(asked)s::text[]) AS asked (reference) CROSS JOIN LATERAL (
        SELECT customer_id, base_id FROM accounting_mandate
        WHERE reference = asked.reference AND ledger_id = %(ledger)s OFFSET 0
    ) AS mandate CROSS JOIN LATERAL (
        SELECT * FROM accounting_debititem WHERE customer_id = mandate.customer_id OFFSET 0
    ) AS item WHERE item.mandate_reference = asked.reference AND mandate.base_id = %(base)s
"""
_SUMS = """
    SELECT coalesce(sum(amount) FILTER (WHERE was_credited), 0), coalesce(sum(amount) FILTER (WHERE may_be), 0)
    FROM accounting_debits_of_batch(%s, %s, %s) WHERE entry IS NULL OR entry = %s
"""
_STAGES = {
    DebitState.PENDING: Stage.AT_BANK, DebitState.COLLECTED: Stage.COLLECTED, DebitState.RETURNED: Stage.RETURNED,
}  # fmt: skip


@dataclass(frozen=True)
class Proposed:
    """What is proposed for an entry about debits, as it is stored."""

    proposal: dict[str, Any]

    @property
    def is_sure(self) -> bool:
        return not self.proposal["doubts"]


def proposed_debits(entries: Sequence[banking.BankEntry], keys: Sequence[UUID], ledger: Ledger) -> dict[int, Proposed]:
    """By the place of the entry what is proposed about debits; most entries are about none. `keys` are their ids."""
    names = {at: name for at, one in enumerate(entries) if (name := _name(one, ledger))}
    known = {one.end_to_end_id: one for one in _fetched(_NAMED, names.values(), ledger)}
    found: dict[int, Proposed] = {}
    for at, name in names.items():
        if (debit := known.get(name)) is not None and (told := _of_one(entries[at], debit)):
            found[at] = told
    rest = [at for at in range(len(entries)) if at not in found]
    return found | _unnamed_returns(entries, rest, ledger) | _batches(entries, keys, rest, ledger)


def _is_return(entry: banking.BankEntry) -> bool:
    """A debit that came back. The banks also take their own credit back by it, which is a reversal."""
    return entry.direction is Direction.DEBIT and (entry.is_return or entry.is_reversal)


def _is_credit(entry: banking.BankEntry) -> bool:
    return entry.direction is Direction.CREDIT and not entry.is_return and not entry.is_reversal


def _name(entry: banking.BankEntry, ledger: Ledger) -> str:
    """The reference of a debit of this ledger; of a return also where it only stands in the text."""
    ours = rf"SH-{ledger.pk}-\d+-\d+"
    if re.fullmatch(ours, entry.end_to_end_id) and (_is_return(entry) or _is_credit(entry)):
        return entry.end_to_end_id
    found = re.search(rf"\b{ours}\b", entry.purpose) if _is_return(entry) else None
    return found[0] if found else ""


def _of_one(entry: banking.BankEntry, debit: KnownDebit) -> Proposed | None:
    if _is_return(entry):
        match = match_return(entry, [debit], is_named=True)
        return _told(Kind.RETURN, match) if match else None
    return _told(Kind.COLLECTION, match_collection(entry, debit))


def _told(kind: Kind, match: Match) -> Proposed:
    told: dict[str, Any] = {"kind": kind.value, "debit": str(match.debit), "doubts": [*match.doubts]}
    if kind is Kind.RETURN:
        told["charges"] = str(match.charges)
    return Proposed(told)


def _unnamed_returns(
    entries: Sequence[banking.BankEntry], places: Iterable[int], ledger: Ledger
) -> dict[int, Proposed]:
    asked = {at: entries[at].mandate_id for at in places if _is_return(entries[at]) and entries[at].mandate_id}
    known: dict[str, list[KnownDebit]] = defaultdict(list)
    for one in _fetched(_OF_MANDATES, asked.values(), ledger):
        known[one.mandate_id].append(one)
    matches = {at: match_return(entries[at], known[name], is_named=False) for at, name in asked.items()}
    return {at: _told(Kind.RETURN, match) for at, match in matches.items() if match}


def _batches(
    entries: Sequence[banking.BankEntry], keys: Sequence[UUID], places: Iterable[int], ledger: Ledger
) -> dict[int, Proposed]:
    asked = {at: found for at in places if _is_credit(entries[at]) and (found := _batch(entries[at], ledger))}
    numbers = {number for number, _group in asked.values()}
    rows = DebitFile.objects.filter(base=ledger.base_id, ledger=ledger, number__in=numbers) if numbers else ()
    files = {one.number: one for one in rows}
    return {
        at: _of_sum(entries[at].amount, keys[at], files[number], group)
        for at, (number, group) in asked.items()
        if number in files
    }


def _batch(entry: banking.BankEntry, ledger: Ledger) -> tuple[int, int | None] | None:
    """The number of the file and of its group, as it was sent to the bank: group or message, or in the text."""
    ours = re.compile(rf"\bSH-{ledger.pk}-(\d{{1,9}})(?:-(\d{{1,9}}))?\b")
    found = ours.fullmatch(entry.batch_id) or ours.search(entry.purpose)
    return (int(found[1]), int(found[2]) if found[2] else None) if found else None


def _of_sum(amount: Decimal, entry: UUID, file: DebitFile, group: int | None) -> Proposed:
    """What this entry has collected already, where that was broken off, is part of its sum."""
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, [file.base_id, file.pk, group, entry])
        surely, perhaps = cursor.fetchone()
    doubts = doubts_about_sum(amount, surely=surely, perhaps=perhaps)
    expected = perhaps if Doubt.BY_HAND in doubts else surely
    return Proposed(
        {
            "kind": Kind.BATCH.value, "file": str(file.pk), "group": group, "sum": str(expected + ZERO),
            "doubts": [*doubts],
        }
    )  # fmt: skip


def _fetched(sql: str, asked: Iterable[str], ledger: Ledger) -> list[KnownDebit]:
    references = sorted(set(asked))
    if not references:
        return []
    with connection.cursor() as cursor:
        cursor.execute(sql, {"asked": references, "base": ledger.base_id, "ledger": ledger.pk})
        return [_known(*row) for row in cursor.fetchall()]


def _known(
    pk: UUID, reference: str, mandate: str, amount: Decimal, state: str, is_paid: bool, collected: bool, returned: bool
) -> KnownDebit:
    return KnownDebit(
        id=pk, end_to_end_id=reference, mandate_id="" if mandate == "–" else mandate, amount=amount,
        stage=_STAGES.get(DebitState(state), Stage.GONE), is_credited=is_paid, has_collection=collected,
        has_return=returned,
    )  # fmt: skip


def about_debits(proposal: Mapping[str, Any]) -> Kind | None:
    """What a stored proposal says of debits; None where it is about open items, or about nothing."""
    kind = proposal.get("kind")
    return Kind(kind) if kind else None
