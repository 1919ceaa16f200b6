"""What is open in the accounts of all customers: by age, by location, as of any day, equal to its parts."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounting.choices import AgeClass
from accounting.models import Receivable
from accounting.operations import allocate, post_sale, receive_payment, reverse
from accounting.operations.posting import Part
from accounting.overview import Question, items_of, per_customer
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import guest, key
from tests.accounting.invoices import issued, issuer, line, order

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def till(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


def sale(scope: Scope, whose: Any, amount: str, *, days: int = 0) -> Any:
    day = timezone.localdate() - timedelta(days=days)
    return post_sale(customer=whose.pk, amount=Decimal(amount), key=key(), business_day=day, actor=scope).movement


def asked(scope: Scope, **narrowed: Any) -> Any:
    sort = narrowed.pop("sort", "-total")
    with row_scope.rows_of(scope):
        return per_customer(Question.of(actor=scope, **narrowed), sort=sort)


def ages(aged: Any) -> list[str]:
    return [str(aged.amounts[age]) for age in AgeClass]


def test_amounts_are_told_by_how_long_they_are_overdue(anna, till):
    issuer(anna, payment_term=10)
    whose = guest(till)
    for days, amount in ((10, "1"), (11, "2"), (25, "4"), (26, "8"), (40, "16"), (41, "0.5"), (70, "0.25"), (71, "5")):
        sale(till, whose, amount, days=days)
    found = asked(anna)
    assert ages(found.total) == ["1.00", "6.00", "24.00", "0.75", "5.00"]
    assert found.total.total == sum(found.total.amounts.values()) == Decimal("36.75")
    assert [(one.customer, ages(one.aged)) for one in found.rows] == [(whose, ages(found.total))]


def test_due_day_is_that_of_the_invoice_until_it_is_cancelled(anna, till):
    issuer(anna, payment_term=3)
    whose = guest(till)
    order(till, whose, line("10"), day=timezone.localdate() - timedelta(days=10))
    assert ages(asked(anna).total)[:2] == ["0.00", "10.00"]
    [invoice] = issued(anna)
    assert ages(asked(anna).total)[:2] == ["10.00", "0.00"]
    with row_scope.rows_of(anna):
        assert Receivable.objects.get().due_on == invoice.due_on
    from accounting.invoicing import cancel_invoice

    cancel_invoice(invoice=invoice.pk, reason="x", actor=anna)
    assert ages(asked(anna).total)[:2] == ["0.00", "10.00"]


def test_what_is_open_follows_payments_allocations_and_reversals(anna, till):
    whose = guest(till)
    first, second = sale(till, whose, "10"), sale(till, whose, "20")
    paid = receive_payment(customer=whose.pk, amount=Decimal(15), key=key(), actor=till).movement
    assert rests(anna) == {second.pk: Decimal(15)}
    allocate(payment=paid.pk, parts=[Part(second.pk)], actor=till)
    assert rests(anna) == {first.pk: Decimal(10), second.pk: Decimal(5)}
    reverse(movement=paid.pk, reason="x", key=key(), actor=till)
    assert rests(anna) == {first.pk: Decimal(10), second.pk: Decimal(20)}
    reverse(movement=second.pk, reason="x", key=key(), actor=till)
    assert rests(anna) == {first.pk: Decimal(10)}


def rests(scope: Scope) -> dict[Any, Decimal]:
    with row_scope.rows_of(scope):
        found = items_of(Question.of(actor=scope))
        assert found.total == sum(one.rest for one in found.rows)
        return {one.movement.pk: one.rest for one in found.rows}
