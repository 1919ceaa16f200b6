"""An order is paid once, whatever pays it: a till, the bank, or a payment that somebody has allocated to it (R32)."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from uuid import UUID

import pytest

from accounting.choices import SaleMethod
from accounting.models import Allocation, Movement, PaymentOrder
from accounting.operations import (
    NotAllocated,
    OrderRefused,
    OtherContent,
    Part,
    allocate,
    pay_order,
    post_order,
    receive_payment,
)
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import amounts, guest, key
from tests.accounting.invoices import line, order

pytestmark = pytest.mark.django_db


@pytest.fixture
def till(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


def sale_of(scope: Scope, pk: UUID) -> UUID:
    with row_scope.rows_of(scope):
        return UUID(str(PaymentOrder.objects.get(pk=pk).booking_id))


@pytest.mark.parametrize("paid", ["10.70", "4.00"])
def test_order_that_a_payment_was_chosen_for_is_not_paid_at_a_till(till, paid):
    whose = guest(till)
    pk = order(till, whose)
    part = Part(sale_of(till, pk), Decimal(paid))
    receive_payment(customer=whose.pk, amount=Decimal(paid), parts=[part], key=key(), actor=till)
    with pytest.raises(OrderRefused) as caught:
        pay_order(order=pk, key=key(), actor=till)
    assert caught.value.code == "order_paid"
    assert amounts(till, whose) == (Decimal("10.70") - Decimal(paid), 0)


def test_what_counts_by_age_gives_way_to_the_till(till):
    whose = guest(till)
    pk = order(till, whose)
    first = receive_payment(customer=whose.pk, amount=Decimal(4), key=key(), actor=till).movement
    with row_scope.rows_of(till):
        assert Movement.objects.filter(kind="payment").count() == 1
    same = key()
    done = pay_order(order=pk, key=same, actor=till)
    assert done.order.state == "paid"
    assert pay_order(order=pk, key=same, actor=till).order.payment_id == done.order.payment_id
    assert amounts(till, whose) == (Decimal(-4), 0)
    assert first.pk != done.order.payment_id


def test_key_stands_for_one_order(till):
    whose = guest(till)
    first, second = order(till, whose), order(till, whose)
    same = key()
    pay_order(order=first, key=same, actor=till)
    with pytest.raises(OtherContent):
        pay_order(order=second, key=same, actor=till)
    assert pay_order(order=first, key=same, actor=till).order.state == "paid"
    with row_scope.rows_of(till):
        assert PaymentOrder.objects.get(pk=second).state == "open"


def test_key_stands_for_the_lines_that_were_sold(till):
    whose, same = guest(till), key()
    sell = partial(post_order, customer=whose.pk, method=SaleMethod.ACCOUNT, number="1", total=Decimal(2), actor=till)
    lines = [line("1.00", quantity=Decimal("0.350")), line("1.00", "19")]
    sold = sell(lines=lines, key=same)
    assert sell(lines=lines, key=same).order.pk == sold.order.pk
    for others in ([line("2.00")], [*reversed(lines)], [line("1.00"), line("1.00", "19", text="Wurst")]):
        with pytest.raises(OtherContent):
            sell(lines=others, key=same)
    assert Movement.objects.count() == 1


def test_payment_that_was_allocated_elsewhere_again_leaves_the_order_to_the_till(till):
    whose = guest(till)
    pk = order(till, whose)
    paid = receive_payment(
        customer=whose.pk, amount=Decimal("10.70"), parts=[Part(sale_of(till, pk))], key=key(), actor=till
    ).movement
    with pytest.raises(OrderRefused):
        pay_order(order=pk, key=key(), actor=till)
    allocate(payment=paid.pk, parts=[], actor=till)
    assert pay_order(order=pk, key=key(), actor=till).order.state == "paid"


def test_what_was_paid_for_an_order_at_a_till_pays_nothing_else(till):
    whose = guest(till)
    first, second = order(till, whose), order(till, whose)
    paid = UUID(str(pay_order(order=first, key=key(), actor=till).order.payment_id))
    with pytest.raises(NotAllocated) as caught:
        allocate(payment=paid, parts=[Part(sale_of(till, second))], actor=till)
    assert caught.value.code == "allocation_payment_of_order"
    with row_scope.rows_of(till):
        assert Allocation.objects.get(payment=paid).item_id == sale_of(till, first)
