"""Random histories of accounts: sums, reversals, past balances, splits, and order; each against a plain model."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import translation
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from accounting.amounts import CENT, split, typed
from accounting.balances import balance_at
from accounting.choices import AccountKind
from accounting.models import Account, Movement
from accounting.open_items import OpenItems, open_items
from accounting.operations import (
    Refused,
    correct,
    pay_out,
    post_sale,
    receive_payment,
    reverse,
    top_up,
    use_credit,
)
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import amounts, guest, key

CENTS = st.integers(1, 10_000).map(lambda cents: cents * CENT)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["sale", "payment", "top_up", "use", "pay_out", "for", "against", "late", "reverse"]),
        CENTS,
        st.integers(0, 2),
    ),
    max_size=14,
)
LIMIT = Decimal(100)


# --- splits -----------------------------------------------------------------------------------------------------------


@given(
    cents=st.integers(-(10**14) + 1, 10**14 - 1),
    parts=st.lists(st.decimals(0, 10_000, places=3), min_size=1, max_size=12).filter(any),
)
def test_split_loses_no_cent_and_is_as_close_as_cents_can_be(cents, parts):
    amount = cents * CENT
    shares = split(amount, parts)
    assert sum(shares) == amount
    assert all(share == share.quantize(CENT) for share in shares)
    total = sum(parts)
    for share, part in zip(shares, parts, strict=True):
        # In whole numbers: less than a cent from the exact share.
        assert abs(share * total - amount * part) < CENT * total
        assert part or not share  # whoever has no part gets nothing


@pytest.mark.parametrize(
    ("amount", "parts", "shares"),
    [
        ("100.00", [1, 1, 1], ["33.34", "33.33", "33.33"]),
        ("-100.00", [1, 1, 1], ["-33.34", "-33.33", "-33.33"]),
        ("0.01", [1, 2], ["0.00", "0.01"]),
        ("0.02", [1, 1, 1], ["0.01", "0.01", "0.00"]),
        ("10.00", [Decimal("0.19"), Decimal("0.81")], ["1.90", "8.10"]),
        ("0.00", [1, 1], ["0.00", "0.00"]),
    ],
)
def test_split_by_largest_remainder(amount, parts, shares):
    assert split(Decimal(amount), parts) == [Decimal(share) for share in shares]


@pytest.mark.parametrize(("amount", "parts"), [("0.005", [1]), ("1", [0]), ("1", [-1, 2]), ("1", [])])
def test_split_refuses_what_has_no_answer(amount, parts):
    with pytest.raises(ValueError, match=r"cent|split|empty"):
        split(Decimal(amount), parts)


@pytest.mark.parametrize(
    ("language", "text", "amount"),
    [
        ("de", "12,50", "12.50"), ("de", "12.50", "12.50"), ("de", "1.234,5 €", "1234.5"), ("de", "1.234", "1234"),
        ("de", "1,005", "1.005"), ("de", "-3", "-3"), ("de", "1 234,00", "1234"), ("de", "12,34,5", None),
        ("de", "1.23.4", None), ("de", "", None), ("de", "zwölf", None), ("de", "1e5", None), ("de", "٣", None),
        ("en", "1,234.50", "1234.50"), ("en", "1.234,50", "1234.50"),
        ("de", "1,234.50", "1234.50"), ("en", "1.005", "1.005"), ("en", "12,50", "12.50"), ("en", "1,234", "1234"),
    ],
)  # fmt: skip
def test_amounts_are_read_as_the_language_writes_them(language, text, amount):
    with translation.override(language):
        assert typed(text) == (None if amount is None else Decimal(amount))


# --- histories --------------------------------------------------------------------------------------------------------


class Model:
    """What one customer owes and his credit, kept by hand."""

    def __init__(self) -> None:
        self.owed, self.credit = Decimal(0), Decimal(0)
        self.booked: list[Decimal] = []
        """Each effect on what he owes, but for those that were reversed and their reversals."""

    def fits(self, owed: Decimal, credit: Decimal, *, yields: bool = False) -> bool:
        """Whether a step may be taken: it makes nothing worse than a limit allows."""
        if owed > 0 and self.owed + owed > LIMIT and not yields:
            return False
        return credit >= 0 or self.credit + credit >= 0

    def step(self, owed: Decimal, credit: Decimal) -> None:
        self.owed, self.credit = self.owed + owed, self.credit + credit
        if owed:
            self.booked.append(owed)

    def step_back(self, owed: Decimal, credit: Decimal) -> None:
        """The last step with these effects is taken back."""
        self.owed, self.credit = self.owed - owed, self.credit - credit
        if owed:
            del self.booked[len(self.booked) - 1 - self.booked[::-1].index(owed)]

    def open_items(self) -> list[Decimal]:
        """What is open of each item, the oldest first: all that was paid counts against the oldest."""
        paid = -sum((one for one in self.booked if one < 0), Decimal(0))
        rests = []
        for item in (one for one in self.booked if one > 0):
            covered = min(paid, item)
            paid -= covered
            if item > covered:
                rests.append(item - covered)
        return rests


EFFECT: dict[str, Any] = {
    "sale": lambda amount: (amount, Decimal(0)),
    "late": lambda amount: (amount, Decimal(0)),
    "payment": lambda amount: (-amount, Decimal(0)),
    "top_up": lambda amount: (Decimal(0), amount),
    "use": lambda amount: (Decimal(0), -amount),
    "pay_out": lambda amount: (Decimal(0), -amount),
    "for": lambda amount: (-amount, Decimal(0)),
    "against": lambda amount: (Decimal(0), -amount),
}
OPERATIONS: dict[str, Any] = {
    "sale": post_sale, "payment": receive_payment, "top_up": top_up, "use": use_credit, "pay_out": pay_out,
}  # fmt: skip


def take(step: str, amount: Decimal, whose: int, scope: Scope) -> Any:
    if step in OPERATIONS:
        return OPERATIONS[step](customer=whose, amount=amount, key=key(), actor=scope)
    if step == "late":
        return post_sale(customer=whose, amount=amount, key=key(), is_late=True, actor=scope)
    kind = AccountKind.OWED if step == "for" else AccountKind.CREDIT
    return correct(
        customer=whose, kind=kind, is_in_favour=step == "for", amount=amount, reason="Probe", key=key(), actor=scope
    )


@pytest.fixture(scope="module")
def world(standing) -> tuple[Scope, list[Any]]:
    from tests.conftest import Cast  # noqa: PLC0415 - the fixture of a test cannot be one of a module

    scope = Cast().scope("anna", "Hamburg")
    return scope, [guest(scope, last_name=f"Gast{at}") for at in range(3)]


@pytest.mark.usefixtures("django_db_setup")
@examples(max_examples=60)
@given(steps=STEPS)
def test_whatever_happens_the_accounts_are_as_a_plain_model_has_them(world, django_db_blocker, steps):
    scope, guests = world
    with django_db_blocker.unblock(), transaction.atomic():
        _history(scope, guests, steps)
        transaction.set_rollback(True)


def _history(scope: Scope, guests: list[Any], steps: list[tuple[str, Decimal, int]]) -> None:
    models = [Model() for _one in guests]
    done: list[tuple[Any, int, tuple[Decimal, Decimal]]] = []
    moments: list[tuple[datetime, list[tuple[tuple[Decimal, Decimal], list[Decimal]]]]] = []
    for step, amount, who in steps:
        model, whose = models[who], guests[who]
        if step == "reverse":
            _reverse(scope, guests, models, done, who)
        else:
            owed, credit = EFFECT[step](amount)
            if model.fits(owed, credit, yields=step == "late"):
                movement = take(step, amount, whose.pk, scope).movement
                model.step(owed, credit)
                done.append((movement, who, (owed, credit)))
            else:
                with pytest.raises(Refused):
                    take(step, amount, whose.pk, scope)
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            then = [((one.owed, one.credit), one.open_items()) for one in models]
            moments.append((cursor.fetchone()[0], then))
    _compare(scope, guests, models, moments)


def _reverse(scope: Scope, guests: list[Any], models: list[Model], done: list[Any], who: int) -> None:
    """The last movement of this customer that was not reversed."""
    mine = [one for one in done if one[1] == who]
    if not mine:
        return
    movement, _who, (owed, credit) = mine[-1]
    if models[who].fits(-owed, -credit, yields=True):
        reverse(movement=movement.pk, reason="Probe", key=key(), actor=scope)
        models[who].step_back(owed, credit)
        done.remove(mine[-1])
        with pytest.raises(ValidationError):
            reverse(movement=movement.pk, reason="Probe", key=key(), actor=scope)
    else:
        with pytest.raises(Refused):
            reverse(movement=movement.pk, reason="Probe", key=key(), actor=scope)


def _compare(scope: Scope, guests: list[Any], models: list[Model], moments: list[Any]) -> None:
    with row_scope.rows_of(scope):
        accounts = {one.pk: one for one in Account.objects.in_base(scope.base)}
        sums: dict[int, Decimal] = defaultdict(Decimal)
        for movement in Movement.objects.in_base(scope.base):
            sums[movement.debit_id] -= movement.amount
            sums[movement.credit_id] += movement.amount
        assert sum(sums.values()) == 0
        for pk, one in accounts.items():
            assert one.balance is None or one.balance == sums[pk]
        for whose, model in zip(guests, models, strict=True):
            assert amounts(scope, whose) == (model.owed, model.credit)
        of_customer = {(one.customer_id, one.kind): one for one in accounts.values()}
        mine = [(of_customer[one.pk, "owed"], of_customer[one.pk, "credit"]) for one in guests]
        for at, (moment, then) in enumerate(moments):
            found = [(-balance_at(owed, moment), balance_at(credit, moment)) for owed, credit in mine]
            assert found == [balances for balances, _rests in then]
            if at % 4 == 1:  # a few moments of each history are enough
                listed = [rests(open_items(owed, at=moment)) for owed, _credit in mine]
                assert listed == [items for _balances, items in then]
        assert [rests(open_items(owed)) for owed, _credit in mine] == [one.open_items() for one in models]


def rests(found: OpenItems) -> list[Decimal]:
    """What is open of each item, which sums to all that is open."""
    assert not found.older
    assert sum((item.rest for item in found.items), Decimal(0)) == max(found.total, Decimal(0))
    return [item.rest for item in found.items]


@pytest.mark.django_db
def test_order_of_independent_movements_changes_nothing(cast):
    """Sixty movements of five customers, in three orders."""
    anna = cast.scope("anna", "Hamburg")
    luck = random.Random(7)
    plan = [
        (at % 5, luck.choice(["top_up", "payment", "sale"]), Decimal(luck.randint(1, 90)) * CENT) for at in range(60)
    ]
    ends = []
    for turn in range(3):
        guests = [guest(anna, last_name=f"Gast{turn}{at}") for at in range(5)]
        for who, step, amount in plan if not turn else luck.sample(plan, len(plan)):
            take(step, amount, guests[who].pk, anna)
        ends.append([amounts(anna, one) for one in guests])
    assert ends[0] == ends[1] == ends[2]
    totals = Account.objects.filter(balance__isnull=False).aggregate(all=Sum("balance"))
    assert totals["all"] == sum(credit - owed for end in ends for owed, credit in end)
