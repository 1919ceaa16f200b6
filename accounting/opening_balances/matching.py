"""Whose balances a file has: customers by their numbers, without those who cannot get an opening balance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from accounting.choices import OF_CUSTOMER, MovementKind
from accounting.models import Account, Ledger, Movement
from accounting.opening_balances.reading import BalanceLine, Rejected
from customers.models import Customer
from mcp.isolation.scope import Scope


def matched(
    lines: Sequence[BalanceLine], ledger: Ledger, actor: Scope
) -> tuple[list[tuple[BalanceLine, int]], list[Rejected]]:
    """Each line with the id of its customer, and those that are left out: unknown, archived, or with an opening balance
    that nobody has reversed.
    """
    rows = Customer.objects.in_base(actor.base).filter(customer_number__in=[line.number for line in lines])
    values = rows.values_list("pk", "customer_number", "archived_at")
    known = {number: (pk, archived_at) for pk, number, archived_at in values}
    opened = already_opened(ledger, [pk for pk, _archived in known.values()])
    found, rejected = [], []
    for line in lines:
        pk, archived_at = known.get(line.number, (None, None))
        code = (
            "customer_unknown" if pk is None
            else "customer_archived" if archived_at is not None
            else "opening_known" if pk in opened
            else ""
        )  # fmt: skip
        if code or pk is None:
            rejected.append(Rejected(line.row, code, str(line.number)))
        else:
            found.append((line, pk))
    return found, rejected


def already_opened(ledger: Ledger, customers: Sequence[int]) -> set[int]:
    """Which of them have an opening balance that was not reversed."""
    accounts = Account.objects.filter(base=ledger.base_id, ledger=ledger, customer__in=customers, kind__in=OF_CUSTOMER)
    of_account = dict(accounts.values_list("pk", "customer_id"))
    openings = Movement.objects.filter(base=ledger.base_id, kind=MovementKind.OPENING).of_accounts(list(of_account))
    sides = {pk: {debit, credit} for pk, debit, credit in openings.values_list("pk", "debit_id", "credit_id")}
    back = Movement.objects.filter(base=ledger.base_id, reverses__in=list(sides))
    for one in back:
        sides.pop(cast(UUID, one.reverses_id), None)
    return {of_account[one] for both in sides.values() for one in both if one in of_account}
