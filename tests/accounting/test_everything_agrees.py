"""Statements, open items, the overview and the movements say the same, after random histories of many customers.

Whole, it is a thousand customers and twenty days: `STAMMHAUS_LONG_HISTORIES=1 make test ARGS=tests/accounting/…`.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from accounting.balances import balance_at, standing
from accounting.choices import AccountKind
from accounting.models import Account, Movement
from accounting.open_items import open_items
from accounting.operations import Part, allocate, correct, post_sale, receive_payment, reverse
from accounting.overview import Question, statements
from accounting.statements import statement_of
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import guest, key

pytestmark = pytest.mark.django_db
CUSTOMERS, DAYS = (1_000, 20) if os.environ.get("STAMMHAUS_LONG_HISTORIES") else (6, 3)
STEPS_A_DAY = 2
"""Bookings of each customer on a day."""


def step(scope: Scope, whose: Any, chance: random.Random) -> None:
    """One booking; what the rules refuse is left out."""
    amount = Decimal(chance.randint(1, 4_000)) / 100
    ways: list[Callable[[], object]] = [
        lambda: post_sale(customer=whose.pk, amount=amount, key=key(), is_late=True, actor=scope),
        lambda: post_sale(customer=whose.pk, amount=amount, key=key(), is_late=True, actor=scope),
        lambda: receive_payment(customer=whose.pk, amount=amount, key=key(), actor=scope),
        lambda: corrected(scope, whose, amount, chance),
        lambda: take_back(scope, whose, chance),
        lambda: choose(scope, whose, chance),
    ]
    with suppress(ValidationError):
        chance.choice(ways)()


def of(scope: Scope, whose: Any, **side: Any) -> list[Movement]:
    with row_scope.rows_of(scope):
        owed = Account.objects.get(customer=whose, kind="owed")
        return list(Movement.objects.filter(**dict.fromkeys(side, owed)).exclude(kind="reversal").order_by("pk"))


def corrected(scope: Scope, whose: Any, amount: Decimal, chance: random.Random) -> None:
    correct(
        customer=whose.pk, kind=AccountKind.OWED, is_in_favour=chance.random() < 0.5, amount=amount, reason="x",
        key=key(), actor=scope,
    )  # fmt: skip


def take_back(scope: Scope, whose: Any, chance: random.Random) -> None:
    if found := of(scope, whose, debit=1) + of(scope, whose, credit=1):
        reverse(movement=chance.choice(found).pk, reason="x", key=key(), actor=scope)


def choose(scope: Scope, whose: Any, chance: random.Random) -> None:
    items, payments = of(scope, whose, debit=1), of(scope, whose, credit=1)
    if items and payments:
        allocate(payment=chance.choice(payments).pk, parts=[Part(chance.choice(items).pk)], actor=scope)


def overview_of(scope: Scope, moment: datetime | None) -> dict[int, Decimal]:
    """By customer what the overview says; None asks what is kept, a moment what is worked out."""
    asked = Question.of(actor=scope).parameters | ({"at": moment} if moment else {})
    sql = statements.items(asked, is_of_now=moment is None)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT customer_id, sum(rest) FROM ({sql}) AS item GROUP BY customer_id", asked)
        return dict(cursor.fetchall())


def agree(scope: Scope, moment: datetime | None) -> None:
    overview = overview_of(scope, moment)
    for owed in Account.objects.filter(base=scope.base, kind="owed"):
        balance = balance_at(owed, moment) if moment else owed.balance
        listed = open_items(owed, at=moment)
        open_amount = max(Decimal(0), -(balance or Decimal(0)))
        assert overview.get(owed.customer_id or 0, Decimal(0)) == open_amount == max(Decimal(0), listed.total)
        assert sum((one.rest for one in listed.items), listed.older) == open_amount


@pytest.mark.parametrize("seed", [1, 2])
def test_all_say_the_same_at_each_moment(cast, seed):
    scope, chance = cast.scope("anna", "Hamburg"), random.Random(seed)
    people = [guest(scope) for _one in range(CUSTOMERS)]
    moments = []
    for _day in range(DAYS):
        for whose in people:
            for _one in range(STEPS_A_DAY):
                step(scope, whose, chance)
        moments.append(timezone.now())
        with row_scope.rows_of(scope):
            agree(scope, None)
            agree(scope, moments[-1])
    with row_scope.rows_of(scope):
        for moment in moments:
            agree(scope, moment)
        for whose in people:
            said(scope, whose)


def said(scope: Scope, whose: Any) -> None:
    """The statement of today ends with what the movements sum to."""
    now, today = standing(whose, scope), timezone.localdate()
    assert now is not None
    found = statement_of(customer=whose, standing=now, first=today, last=today, actor=scope)
    sums = [
        Movement.objects.filter(**{side: now.owed}).aggregate(total=Sum("amount"))["total"] or Decimal(0)
        for side in ("debit", "credit")
    ]
    assert found.after[0] == now.open_amount == found.open_after.total == sums[0] - sums[1]
