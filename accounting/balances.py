"""How an account stands: now, and at any past moment.

A balance that is kept is written by the database together with each movement. A past one is the sum of the movements
up to its moment, and never changes: the moment of a movement is read while its accounts are locked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.db import connection
from django.utils import timezone

from accounting.amounts import ZERO
from accounting.choices import AccountKind
from accounting.models import Account, AccountTerms, Ledger
from customers.models import Customer
from mcp.isolation.scope import Scope


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The account of a customer: what is open, his credit, and where that stands in his limits."""

    terms: AccountTerms
    owed: Account
    credit: Account
    open_amount: Decimal
    """What he owes; negative where he has paid more than that."""
    credit_amount: Decimal
    at: datetime | None = None
    """Of which past moment it is; None for now."""

    @property
    def left(self) -> Decimal:
        """For how much he can still buy on account."""
        return max(ZERO, self.terms.hard_limit - self.open_amount)

    @property
    def is_above_soft(self) -> bool:
        return self.terms.soft_limit is not None and self.open_amount > self.terms.soft_limit

    @property
    def is_above_hard(self) -> bool:
        return self.open_amount > max(self.terms.hard_limit, ZERO)

    @property
    def is_even(self) -> bool:
        """Whether no money is open on either side."""
        return self.open_amount == self.credit_amount == 0


def ledger_of(scope: Scope) -> Ledger | None:
    """The ledger to which this location posts: its own one where it has one, else that of the central; None before
    anybody has an account.
    """
    found = Ledger.objects.in_base(scope.base).filter(owner_key__in=(0, scope.location.pk))
    return found.order_by("-owner_key").first()


def standing(customer: Customer, scope: Scope, *, at: datetime | None = None) -> Standing | None:
    """How the customer's account stands in the ledger of this location, now or at a past moment; None without one."""
    ledger = ledger_of(scope)
    terms = ledger and AccountTerms.objects.of_customer(customer).filter(ledger=ledger).first()
    if not terms:
        return None
    accounts = {one.kind: one for one in Account.objects.of_customer(customer).filter(ledger=ledger)}
    owed, credit = accounts[AccountKind.OWED], accounts[AccountKind.CREDIT]
    amounts = [one.balance or ZERO if at is None else balance_at(one, at) for one in (owed, credit)]
    return Standing(
        terms=terms, owed=owed, credit=credit, open_amount=-amounts[0] + ZERO, credit_amount=amounts[1], at=at
    )


def balance_at(account: Account, moment: datetime) -> Decimal:
    """Credits less debits of the account up to this moment, that one included."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT accounting_balance_at(%s, %s, %s)", [account.base_id, account.pk, moment])
        found: Decimal = cursor.fetchone()[0]
    return found


def end_of(day: date) -> datetime:
    """The last moment of a day, by the clock of the business."""
    return start_of(day + timedelta(days=1)) - timedelta(microseconds=1)


def start_of(day: date) -> datetime:
    """The first moment of a day, by the clock of the business."""
    return timezone.make_aware(datetime.combine(day, time.min))


def open_in(accounts: Iterable[Account]) -> tuple[Decimal, Decimal]:
    """What is owed on these accounts of customers, and what was paid in advance."""
    owed = credit = ZERO
    for one in accounts:
        balance = one.balance or ZERO
        if one.kind == AccountKind.OWED:
            owed -= balance
        else:
            credit += balance
    return owed, credit
