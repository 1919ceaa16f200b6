"""Statements of the bank for customers with open sales, and short names for what is done with them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from accounting.banking.statements import Balance, BankEntry, BankStatement, Direction
from accounting.models import BankAccount
from accounting.models import BankEntry as StoredEntry
from accounting.models import BankStatement as StoredStatement
from accounting.operations import post_sale
from accounting.payments import ReadFile, add_bank_account, read_statement
from accounting.tasks import book_sure
from customers.models import Customer
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.worker.somebody import for_somebody
from tests.accounting.accounts import key
from tests.accounting.banking.files import OWN, camt

DAY = date(2026, 1, 8)


def paid(amount: str, purpose: str = "", *, reference: str = "", **more: Any) -> BankEntry:
    """A payment that has come in; `reference` is that of the bank, by which equal ones stay apart."""
    entry = BankEntry(Decimal(amount), Direction.CREDIT, DAY, DAY, purpose=purpose, bank_reference=reference)
    return replace(entry, **more)


def gone(amount: str, purpose: str = "", **more: Any) -> BankEntry:
    """Money that has gone out."""
    return paid(amount, purpose, direction=Direction.DEBIT, **more)


def file_of(*entries: BankEntry, iban: str = OWN, opening: str = "1000.00", number: str = "7") -> bytes:
    """A CAMT.053 file of one statement that adds up."""
    closing = Decimal(opening) + sum((one.signed for one in entries), Decimal(0))
    return camt(
        BankStatement(
            iban, "EUR", tuple(entries), statement_id=f"S{number}", number=number,
            opening=Balance(Decimal(opening), DAY), closing=Balance(closing, DAY),
        )
    )  # fmt: skip


def own_account(scope: Scope, iban: str = OWN) -> BankAccount:
    return add_bank_account(iban=iban, name="Hausbank", actor=scope)


def read(scope: Scope, content: bytes, name: str = "auszug.xml", **more: Any) -> ReadFile:
    return read_statement(file=io.BytesIO(content), name=name, **more, actor=scope)


def statement(scope: Scope, *entries: BankEntry, **more: Any) -> StoredStatement:
    """The statement with these entries, read by this scope, whose account is added where it is missing."""
    with row_scope.rows_of(scope):
        is_known = BankAccount.objects.in_base(scope.base).exists()
    if not is_known:
        own_account(scope)
    [found] = read(scope, file_of(*entries, **more)).statements
    return found


def entries_of(scope: Scope, of: StoredStatement) -> list[StoredEntry]:
    with row_scope.rows_of(scope):
        return list(StoredEntry.objects.of_statement(of).order_by("position"))


def told(scope: Scope, of: StoredStatement) -> list[tuple[str, str]]:
    """State and confidence of each entry."""
    return [(one.state, one.confidence) for one in entries_of(scope, of)]


def sale(scope: Scope, whose: Customer, amount: str, document: str) -> Any:
    return post_sale(
        customer=whose.pk, amount=Decimal(amount), key=key(), document=document, is_late=True, actor=scope
    ).movement


def book_now(scope: Scope, of: StoredStatement) -> None:
    """What the worker does of it."""
    book_sure(statement=str(of.pk), **for_somebody(scope))


def documents(parts: Sequence[dict[str, str]], known: dict[str, str]) -> dict[str, str]:
    """Amounts of a proposal by the names of its items."""
    return {known[one["item"]]: one["amount"] for one in parts}
