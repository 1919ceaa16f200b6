"""Words of an order that say nothing, names that are one, and moments that no clock shows are refused by field."""

from __future__ import annotations

from typing import Any

import pytest

from accounting.models import PaymentOrder
from mcp.isolation import row_scope
from tests.accounting.accounts import guest
from tests.api.asking import Till, problem
from tests.api.money import MONEY, line, order

pytestmark = pytest.mark.django_db
OVERRIDE = "\u202e"


@pytest.fixture
def anna(cast) -> Any:
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def cash(make_till) -> Till:
    return make_till("Hamburg", *MONEY)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"number": " "}, "number"),
        ({"number": OVERRIDE}, "number"),
        ({"lines": [line("1.00", " ")]}, "lines"),
        ({"fiscal": {"a b": "1", "a  b": "2"}}, ""),
        ({"fiscal": {OVERRIDE: "1"}}, ""),
        ({"sold_at": "9999-12-31T23:59:59-12:00"}, "sold_at"),
        ({"lines": [line("20000000.00"), line("-19999999.00")]}, "lines"),
    ],
)
def test_order_that_cannot_be_read_is_refused_by_its_field(cash, anna, said, field):
    whose = guest(anna)
    answer = cash.post(f"customers/{whose.customer_number}/orders", order("1.00", **said))
    assert problem(answer)[0] == 422
    assert any(name.startswith(field) for name in answer.json().get("errors", {"": []}))
    with row_scope.rows_of(anna):
        assert not PaymentOrder.objects.exists()


def test_number_counts_without_what_cannot_be_seen(cash, anna):
    whose = guest(anna)
    address = f"customers/{whose.customer_number}/orders"
    assert cash.post(address, order("1.00", number="Bon  7")).json()["order"]["number"] == "Bon 7"
    assert cash.post(address, order("1.00", number=f"Bon{OVERRIDE} 7")).status_code == 409
