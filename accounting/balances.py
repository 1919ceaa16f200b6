"""How an account stands: now, and at any past moment.

A balance that is kept is written by the database together with each movement. A past one is the sum of the movements
up to its moment, and never changes: the moment of a movement is read while its accounts are locked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.db import connection
from django.db.models import Case, Subquery, Value, When
from django.db.models.lookups import Exact
from django.utils import timezone

from accounting.amounts import ZERO
from accounting.choices import AccountingMode, AccountKind
from accounting.models import Account, AccountingSwitch, AccountTerms, Ledger
from accounting.models.ledgers import OF_ALL
from customers.models import Customer
from locations.models import CustomerBase, Location
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
    """The ledger to which this location posts: that of the central, or its own one where two people have decided so.

    None before anybody has an account in it.
    """
    switched = AccountingSwitch.objects.confirmed_of(scope.base, scope.location).values("mode")[:1]
    own = Case(When(Exact(Subquery(switched), Value(AccountingMode.OWN)), then=scope.location.pk), default=OF_ALL)
    return Ledger.objects.in_base(scope.base).filter(owner_key=own).first()


def ledger_before(scope: Scope) -> Ledger | None:
    """The other ledger at this location, to which it posted before it was switched last; None without one."""
    mode = mode_of(scope.base, scope.location)
    if mode is None:
        return None
    owner = OF_ALL if mode == AccountingMode.OWN else scope.location.pk
    return Ledger.objects.in_base(scope.base).filter(owner_key=owner).first()


def mode_of(base: CustomerBase, location: Location) -> str | None:
    """How the location keeps its accounts, as two people have decided; None as long as nobody has: with the central."""
    return AccountingSwitch.objects.confirmed_of(base, location).values_list("mode", flat=True).first()


def owner_now(base: CustomerBase, location: Location) -> int:
    """The owner of the ledger to which the location posts: its own id, or OF_ALL with the central."""
    return location.pk if mode_of(base, location) == AccountingMode.OWN else OF_ALL


def standing(
    customer: Customer, scope: Scope, *, at: datetime | None = None, ledger: Ledger | None = None
) -> Standing | None:
    """How the customer's account stands in a ledger, now or at a past moment; None without one.

    Without `ledger` it is the one to which this location posts.
    """
    ledger = ledger or ledger_of(scope)
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
