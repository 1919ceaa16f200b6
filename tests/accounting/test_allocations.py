"""Which payment pays which item: the oldest first, or as somebody chooses; never more than either of them."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from accounting.amounts import CENT
from accounting.choices import AccountKind, SaleMethod
from accounting.models import Allocation, Movement
from accounting.open_items import open_items
from accounting.operations import (
    Line,
    NotAllocated,
    Part,
    allocate,
    correct,
    pay_order,
    post_order,
    post_sale,
    receive_payment,
    reverse,
)
from customers.models import Customer
from mcp.isolation import row_scope
from mcp.isolation.scope import MissingRight, Scope
from tests.accounting.accounts import account, amounts, guest, key
from tests.customers.test_cards_at_once import at_once


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


def sell(scope: Scope, whose: Customer, amount: int) -> UUID:
    return post_sale(customer=whose.pk, amount=Decimal(amount), key=key(), actor=scope).movement.pk


def pay(scope: Scope, whose: Customer, amount: int, *parts: Part) -> UUID:
    done = receive_payment(customer=whose.pk, amount=Decimal(amount), key=key(), parts=parts, actor=scope)
    return done.movement.pk


def paid(*movements: UUID) -> list[Any]:
    """How much of each item is paid."""
    sums: dict[UUID, Decimal] = defaultdict(Decimal)
    for one in Allocation.objects.all():
        sums[one.item_id] += one.amount
    return [sums[pk] for pk in movements]


@pytest.mark.django_db
def test_a_payment_pays_the_oldest_item_first_and_what_is_left_the_next_sale(anna):
    whose = guest(anna)
    first, second = sell(anna, whose, 10), sell(anna, whose, 20)
    pay(anna, whose, 15)
    assert paid(first, second) == [10, 5]
    pay(anna, whose, 20)
    assert (paid(first, second), amounts(anna, whose)[0]) == ([10, 20], -5)
    third = sell(anna, whose, 8)
    assert (paid(third), amounts(anna, whose)[0]) == ([5], 3)


@pytest.mark.django_db
def test_a_payment_pays_what_was_chosen_for_it(anna):
    whose = guest(anna)
    first, second, third = (sell(anna, whose, amount) for amount in (10, 20, 30))
    payment = pay(anna, whose, 35, Part(third), Part(second, Decimal(2)))
    assert paid(first, second, third) == [3, 2, 30]
    allocate(payment=payment, parts=[Part(second)], actor=anna)
    assert paid(first, second, third) == [10, 20, 5]
    allocate(payment=payment, parts=[], actor=anna)
    assert paid(first, second, third) == [10, 20, 5]
    assert not Allocation.objects.filter(is_chosen=True, amount__gt=0, undoes=None).exclude(
        pk__in=Allocation.objects.exclude(undoes=None).values("undoes")
    )


@pytest.mark.django_db
def test_what_counts_by_age_gives_way_to_what_is_chosen(anna):
    whose = guest(anna)
    first, second = sell(anna, whose, 10), sell(anna, whose, 20)
    pay(anna, whose, 10)
    assert paid(first, second) == [10, 0]
    pay(anna, whose, 10, Part(first))
    assert paid(first, second) == [10, 10]
    with pytest.raises(NotAllocated) as caught:
        pay(anna, whose, 5, Part(first, Decimal(5)))
    assert caught.value.code == "allocation_within_both"
    assert (paid(first, second), Movement.objects.count()) == ([10, 10], 4)


@pytest.mark.django_db
def test_an_order_that_is_paid_at_a_till_is_what_its_payment_pays(anna):
    whose = guest(anna)
    older = sell(anna, whose, 10)
    line = Line(text="Brot", quantity=Decimal(1), amount=Decimal(4), vat_rate=Decimal(7))
    order = post_order(
        customer=whose.pk, method=SaleMethod.ACCOUNT, number="1", total=Decimal(4), lines=[line], key=key(), actor=anna
    ).order
    pay(anna, whose, 12)
    assert paid(older, order.booking_id) == [10, 2]
    pay_order(order=order.pk, key=key(), actor=anna)
    assert (paid(older, order.booking_id), amounts(anna, whose)[0]) == ([10, 4], -2)


@pytest.mark.django_db
def test_what_is_taken_back_frees_what_it_paid_or_opens_it_again(anna):
    whose = guest(anna)
    first, second = sell(anna, whose, 10), sell(anna, whose, 20)
    payment = pay(anna, whose, 10, Part(second))
    assert paid(first, second) == [0, 10]
    reverse(movement=second, reason="x", key=key(), actor=anna)
    assert paid(first, second) == [10, 0]
    reverse(movement=payment, reason="x", key=key(), actor=anna)
    assert (paid(first, second), amounts(anna, whose)[0]) == ([0, 0], 10)
    for wrong, parts, code in (
        (payment, [], "allocation_payment_there"),
        (pay(anna, whose, 1), [Part(second)], "allocation_item_there"),
    ):
        with pytest.raises(NotAllocated) as caught:
            allocate(payment=wrong, parts=parts, actor=anna)
        assert caught.value.code == code


@pytest.mark.django_db
def test_nobody_allocates_what_is_of_others_or_without_the_right(cast, anna):
    whose, other = guest(anna), guest(anna)
    mine, others = sell(anna, whose, 10), sell(anna, other, 10)
    payment = pay(anna, whose, 5)
    with pytest.raises(NotAllocated):
        allocate(payment=payment, parts=[Part(others)], actor=anna)
    with pytest.raises(MissingRight):
        allocate(payment=payment, parts=[Part(mine)], actor=cast.scope("bodo", "Hamburg"))
    with pytest.raises(Movement.DoesNotExist):
        allocate(payment=payment, parts=[Part(mine)], actor=cast.scope("ines", "Dresden", 30100))
    assert paid(mine, others) == [5, 0]


@pytest.mark.django_db
def test_the_database_refuses_more_than_a_payment_or_an_item(anna, as_owner):
    whose = guest(anna)
    item = sell(anna, whose, 10)
    pay(anna, whose, 4)
    [made] = Allocation.objects.all()
    made.amount = Decimal("0.01")
    assert _refusal(made) == "allocation_within_both"
    made.payment_id, made.amount = item, Decimal(1)
    assert _refusal(made) == "allocation_within_both"


def _refusal(one: Allocation) -> str:
    """By which constraint the owner of the table is kept from adding a row like this."""
    fields = ("base_id", "ledger_id", "owner_key", "account_id", "payment_id", "item_id", "amount", "is_chosen")
    values = [getattr(one, name) for name in fields]
    with pytest.raises(IntegrityError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO accounting_allocation ({', '.join(fields)}, user_name) "
            f"VALUES ({', '.join(['%s'] * len(values))}, 'x')",
            values,
        )
    cause: Any = caught.value.__cause__
    return str(cause.diag.constraint_name)


@pytest.mark.django_db(transaction=True)
def test_payments_at_once_pay_each_item_once(anna):
    whose = guest(anna)
    items = [sell(anna, whose, 10) for _one in range(4)]
    told = at_once(anna, *(lambda: pay(anna, whose, 5, Part(items[2])) for _payer in range(8)))
    assert told == [""] * 8
    assert (paid(*items), amounts(anna, whose)[0]) == ([10] * 4, 0)


# --- histories --------------------------------------------------------------------------------------------------------

CENTS = st.integers(1, 3_000).map(lambda cents: cents * CENT)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["sale", "sale", "payment", "payment", "chosen", "favour", "reverse", "again"]),
        CENTS,
        st.integers(0, 9),
    ),
    max_size=16,
)


@pytest.fixture(scope="module")
def world(standing) -> tuple[Scope, Customer]:
    from tests.conftest import Cast  # noqa: PLC0415 - the fixture of a test cannot be one of a module

    scope = Cast().scope("anna", "Hamburg")
    return scope, guest(scope, hard_limit=Decimal(1_000_000))


@pytest.mark.usefixtures("django_db_setup")
@examples(max_examples=60)
@given(steps=STEPS)
def test_whatever_happens_each_cent_is_allocated_once(world, django_db_blocker, steps):
    with django_db_blocker.unblock(), transaction.atomic():
        scope, whose = world
        _history(scope, whose, steps)
        transaction.set_rollback(True)


def _history(scope: Scope, whose: Customer, steps: list[tuple[str, Decimal, int]]) -> None:
    items: list[UUID] = []
    payments: list[UUID] = []
    for step, amount, at in steps:
        _step(scope, whose, step, amount, at, items, payments)
        _compare(scope, whose, items, payments)


def _step(
    scope: Scope, whose: Customer, step: str, amount: Decimal, at: int, items: list[UUID], payments: list[UUID]
) -> None:
    options: dict[str, Any] = {"customer": whose.pk, "amount": amount, "key": key(), "actor": scope}
    if step == "sale":
        items.append(post_sale(**options).movement.pk)
    elif step == "payment":
        payments.append(receive_payment(**options).movement.pk)
    elif step == "favour":
        payments.append(correct(kind=AccountKind.OWED, is_in_favour=True, reason="x", **options).movement.pk)
    elif step == "chosen" and items:
        payments.append(receive_payment(parts=[Part(items[at % len(items)])], **options).movement.pk)
    elif step == "again" and items and payments:
        allocate(payment=payments[at % len(payments)], parts=[Part(items[at * 7 % len(items)])], actor=scope)
    elif step == "reverse" and (rows := items if at % 2 and items else payments):
        reverse(movement=rows.pop(at % len(rows)), reason="x", key=key(), actor=scope)


def _compare(scope: Scope, whose: Customer, items: list[UUID], payments: list[UUID]) -> None:
    """No item and no payment is used up more than whole, and never are there both open items and free payments."""
    owed = amounts(scope, whose)[0]
    sums: dict[UUID, Decimal] = defaultdict(Decimal)
    for one in Allocation.objects.all():
        sums[one.item_id] += one.amount
        sums[one.payment_id] += one.amount
    whole = dict(Movement.objects.values_list("pk", "amount"))
    rests = {pk: whole[pk] - sums[pk] for pk in [*items, *payments]}
    assert all(rest >= 0 for rest in rests.values())
    assert not any(total for pk, total in sums.items() if pk not in rests)  # what was taken back pays nothing
    assert (sum(rests[pk] for pk in items), sum(rests[pk] for pk in payments)) == (max(owed, 0), max(-owed, 0))
    with row_scope.rows_of(scope):
        found = open_items(account(scope, whose, "owed"))
    assert {one.movement.pk: one.rest for one in found.items} == {pk: rests[pk] for pk in items if rests[pk]}
