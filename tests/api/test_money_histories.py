"""Whatever tills do one after the other, accounts and orders are as a plain model has them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Sum
from django.test import override_settings
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from accounting.amounts import CENT
from accounting.models import Account, Movement, PaymentOrder
from locations.permissions import Right
from mcp.isolation import grants
from mcp.models import UserGroup
from tests.accounting.accounts import guest
from tests.api.asking import Till
from tests.api.money import MONEY, order
from tests.conftest import Browser, Cast
from tests.mcp.devices import device_at

LIMIT = Decimal(100)
OFTEN = {"a_second": 10_000, "burst": 10_000}
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["sell", "sell late", "with credit", "pay", "cancel", "top up", "use", "out", "payment", "back"]
        ),
        st.integers(1, 6_000).map(lambda cents: cents * CENT),
        st.integers(0, 1),
        st.integers(0, 5),
    ),
    max_size=12,
)
PATHS = {"top up": "credit/top-up", "use": "credit/use", "out": "credit/pay-out", "payment": "account/payments"}
EFFECT: dict[str, tuple[int, int]] = {"top up": (0, 1), "use": (0, -1), "out": (0, -1), "payment": (-1, 0)}
"""By what share of the amount a booking changes what the customer owes, and his credit."""


class Model:
    """One customer by hand: what he owes, his credit, his orders and his bookings of credit and payments."""

    def __init__(self) -> None:
        self.owed, self.credit = Decimal(0), Decimal(0)
        self.orders: list[dict[str, Any]] = []
        self.bookings: list[dict[str, Any]] = []

    def move(self, owed: Decimal, credit: Decimal) -> None:
        self.owed, self.credit = self.owed + owed, self.credit + credit


@pytest.fixture(scope="module")
def world(standing) -> tuple[Till, list[Any]]:
    cast = Cast()
    place = cast.location("Hamburg")
    group = UserGroup.objects.create(organization=place.organization, name="Kassen")
    grants.add_grants(group, [(right, place.pk) for right in MONEY])
    device, token = device_at(place, group, name="Kasse")
    scope = cast.scope("anna", "Hamburg")
    guests = [guest(scope, last_name=f"Gast{at}") for at in range(2)]
    assert Right.CORRECT_ACCOUNTS in MONEY
    return Till(Browser(), f"/10400/{place.client_number}", token, device), guests


@pytest.mark.usefixtures("django_db_setup")
@examples(max_examples=15)
@given(steps=STEPS)
def test_any_sequence_equals_a_plain_model(world, django_db_blocker, steps):
    till, guests = world
    with django_db_blocker.unblock(), override_settings(DEVICE_REQUESTS=OFTEN), transaction.atomic():
        models = [Model() for _one in guests]
        for step, amount, who, which in steps:
            _step(till, guests[who].customer_number, models[who], step, amount, which)
        _compare(till, guests, models)
        transaction.set_rollback(True)


def _step(till: Till, number: int, model: Model, step: str, amount: Decimal, which: int) -> None:
    if step in PATHS:
        _book(till, number, model, step, amount)
    elif step == "back":
        _back(till, model, which)
    elif step in ("pay", "cancel"):
        _change(till, model, step, which)
    else:
        _sell(till, number, model, step, amount)


def _sell(till: Till, number: int, model: Model, step: str, amount: Decimal) -> None:
    is_credit, is_late = step == "with credit", step == "sell late"
    goes = model.credit >= amount if is_credit else is_late or model.owed + amount <= LIMIT
    said = order(f"{amount}", method="credit" if is_credit else "account")
    answer = till.post(f"customers/{number}/orders{'?late=true' if is_late else ''}", said)
    assert answer.status_code == (201 if goes else 409), answer.content
    if goes:
        model.move(*((Decimal(0), -amount) if is_credit else (amount, Decimal(0))))
        state = "paid" if is_credit else "open"
        model.orders.append({"id": answer.json()["order"]["id"], "amount": amount, "state": state, "credit": is_credit})


def _change(till: Till, model: Model, step: str, which: int) -> None:
    if not model.orders:
        return
    one = model.orders[which % len(model.orders)]
    if step == "pay":
        goes, state = one["state"] == "open", "paid"
        move = (-one["amount"], Decimal(0))
    else:
        goes, state = one["state"] in ("open", "paid"), "cancelled"
        is_open = one["state"] == "open"
        move = (-one["amount"] if is_open else Decimal(0), one["amount"] if one["credit"] else Decimal(0))
    answer = till.post(f"orders/{one['id']}/{step}", {} if step == "pay" else {"reason": "x"})
    assert answer.status_code == (201 if goes else 409), answer.content
    if goes:
        model.move(*move)
        one["state"] = state
        if step == "pay":
            payment = {"id": answer.json()["order"]["payment"], "move": move, "order": one}
            model.bookings.append(payment)
        else:  # the payment of an order goes with it
            model.bookings = [booking for booking in model.bookings if booking.get("order") is not one]


def _book(till: Till, number: int, model: Model, step: str, amount: Decimal) -> None:
    owed, credit = (share * amount for share in EFFECT[step])
    goes = model.credit + credit >= 0
    answer = till.post(f"customers/{number}/{PATHS[step]}", {"amount": f"{amount}"})
    assert answer.status_code == (201 if goes else 409), answer.content
    if goes:
        model.move(owed, credit)
        model.bookings.append({"id": answer.json()["movement"]["id"], "move": (owed, credit)})


def _back(till: Till, model: Model, which: int) -> None:
    if not model.bookings:
        return
    one = model.bookings[which % len(model.bookings)]
    owed, credit = one["move"]
    goes = credit <= 0 or model.credit >= credit
    answer = till.post(f"movements/{one['id']}/reverse", {"reason": "x"})
    assert answer.status_code == (201 if goes else 409), answer.content
    if goes:
        model.move(-owed, -credit)
        model.bookings.remove(one)
        if "order" in one:
            one["order"]["state"] = "open"
        assert till.post(f"movements/{one['id']}/reverse", {"reason": "x"}).status_code == 409


def _compare(till: Till, guests: list[Any], models: list[Model]) -> None:
    for whose, model in zip(guests, models, strict=True):
        said = till.get(f"customers/{whose.customer_number}/account").json()
        assert (said["open_amount"], said["credit"]) == (f"{model.owed:.2f}", f"{model.credit:.2f}")
        states = {str(one.pk): one.state for one in PaymentOrder.objects.filter(customer=whose)}
        assert states == {one["id"]: one["state"] for one in model.orders}
        unpaid = [one for one in model.orders if one["state"] == "open"]
        assert {one["id"] for one in said["open_items"]} == {one["id"] for one in unpaid}
        assert said["open_items_total"] == f"{sum((one['amount'] for one in unpaid), Decimal(0)):.2f}"
        for kind in ("owed", "credit"):
            account = Account.objects.get(customer=whose, kind=kind)
            up = Movement.objects.filter(credit=account).aggregate(sum=Sum("amount"))["sum"] or 0
            down = Movement.objects.filter(debit=account).aggregate(sum=Sum("amount"))["sum"] or 0
            assert account.balance == up - down
