"""What the bank says of debits: money that was collected, alone or as a sum, and debits that came back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from accounting.banking.statements import BankEntry
from accounting.models import BankEntry as StoredEntry
from accounting.models import DebitFile, DebitItem
from mcp.isolation.scope import Scope
from tests.accounting.bank_files import entries_of, gone, paid, statement
from tests.accounting.debits import billed, debits, debtor, made


def at_bank(head: Scope, till: Scope, *, many: int = 1, **values: Any) -> tuple[DebitFile, list[DebitItem]]:
    """A file with so many debits of 10.70 each, of customers of their own."""
    for turn in range(many):
        debtor(till, last_name=f"Gast{turn}", **values)
    billed(head)
    file = made(head)
    return file, debits(head, file)


def came_back(debit: DebitItem, amount: str = "10.70", *, code: str = "AM04", **more: Any) -> BankEntry:
    """The debit is returned by the bank."""
    named = {"end_to_end_id": debit.end_to_end_id, "mandate_id": debit.mandate_reference, "return_reason": code}
    return gone(amount, "Rücklastschrift", **{**named, "is_return": True, **more})


def collected(debit: DebitItem, amount: str = "10.70", **more: Any) -> BankEntry:
    """The money of one debit."""
    return paid(amount, "Lastschrift", **{"end_to_end_id": debit.end_to_end_id, **more})


def in_sum(file: DebitFile, amount: str, *, group: int | None = 1, **more: Any) -> BankEntry:
    """The money of all debits of a file, or of a group of it, as one entry."""
    batch = f"{file.message_id}-{group}" if group else file.message_id
    return paid(amount, "Sammler", batch_id=batch, **more)


def entry(head: Scope, told: BankEntry, number: str = "7") -> StoredEntry:
    """The one entry of a statement, as it is stored and proposed."""
    [found] = entries_of(head, statement(head, told, number=number))
    return found


def doubts(one: StoredEntry) -> list[str]:
    found: list[str] = one.proposal["doubts"]
    return found


SUM = Decimal("10.70")
