"""The page on which somebody says which items a payment pays."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest

from accounting.models import Allocation
from accounting.operations import post_sale, receive_payment, reverse
from mcp.isolation.scope import Scope
from tests.accounting.accounts import guest, key
from tests.accounting.test_account_pages import german, text
from tests.accounting.test_allocations import paid
from tests.customers.people import HAMBURG

pytestmark = pytest.mark.django_db
PAGE = f"{HAMBURG}/accounting/accountterms/"


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def booked(anna) -> tuple[list[UUID], UUID]:
    """Two sales of 10.00 and a payment of 12.00."""
    whose = guest(anna)
    sales = [post_sale(customer=whose.pk, amount=Decimal(10), key=key(), actor=anna).movement.pk for _one in range(2)]
    return sales, receive_payment(customer=whose.pk, amount=Decimal(12), key=key(), actor=anna).movement.pk


def test_page_shows_what_the_payment_pays_and_takes_what_is_typed(anna, booked, log_in):
    (first, second), payment = booked
    client, address = german(log_in("anna")), f"{PAGE}allocate/{payment}/"
    page = client.get(address)
    shown = page.content.decode()
    assert f'name="part_{first.hex}" value="10,00"' in shown
    assert f'name="part_{second.hex}" value="2,00"' in shown
    assert f"allocate/{payment}/" in client.get(f"{PAGE}{page.context['customer'].pk}/").content.decode()
    answer = client.post(address, {f"part_{first.hex}": "1,50", f"part_{second.hex}": "10"})
    assert answer.status_code == 302
    assert paid(first, second) == [Decimal(2), Decimal(10)]  # 0.50 more for the oldest, by itself


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("12,01", "mehr als die Zahlung"),
        ("zwölf", "ist kein Betrag"),
        ("-1", "über 0,00"),
        ("0,001", "zwei"),
    ],
)
def test_what_cannot_be_is_told_and_stays_in_the_form(anna, booked, log_in, typed, told):
    (first, second), payment = booked
    page = german(log_in("anna")).post(f"{PAGE}allocate/{payment}/", {f"part_{second.hex}": typed})
    assert page.status_code == 200
    assert told in text(page)
    assert f'value="{typed}"' in page.content.decode()
    assert paid(first, second) == [10, 2]


def test_only_payments_have_the_page(anna, booked, log_in):
    (first, _second), payment = booked
    client = log_in("anna")
    assert client.get(f"{PAGE}allocate/{first}/").status_code == 404
    reverse(movement=payment, reason="x", key=key(), actor=anna)
    assert client.get(f"{PAGE}allocate/{payment}/").status_code == 404
    assert sum(one.amount for one in Allocation.objects.all()) == 0
