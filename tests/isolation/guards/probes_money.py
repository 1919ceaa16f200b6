"""Tills and money: accounts, bookings and orders of another base are not there, and each step asks for its right."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist, ValidationError

from accounting.choices import SaleMethod
from accounting.models import PaymentOrder
from accounting.operations import Line, cancel_order, pay_order, post_order, reverse
from api.models import Webhook
from api.webhooks import create_webhook, end_webhook, retry_webhook, webhooks_here
from customers.models import Customer
from locations.permissions import Right
from mcp.isolation.scope import MissingRight, Scope
from mcp.models import UserGroup
from tests.accounting.accounts import guest, key
from tests.api.asking import Till
from tests.api.money import MONEY, order, sold
from tests.isolation.guards.probes_api import lacking, till_at
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import CANARY, HAMBURG, SOUTHERN, World
from tests.mcp.devices import device_at

ONE = Decimal(1)
URL = "https://shop.example.com/stammhaus"


def own(world: World, **terms: Any) -> Customer:
    return guest(world.scope("anna", "Hamburg"), last_name="Konto", **terms)


def ordered(whose: Customer, actor: Scope, text: str = "x") -> PaymentOrder:
    line = Line(text=text, quantity=ONE, amount=ONE, vat_rate=Decimal(7))
    return post_order(
        customer=whose.pk, method=SaleMethod.ACCOUNT, number=text, total=ONE, lines=[line], key=key(), actor=actor
    ).order


def foreign(world: World) -> PaymentOrder:
    """Of Südstern."""
    return ordered(guest(world.south, last_name=CANARY), world.south, CANARY)


@probe
def orders_and_bookings_of_another_base_are_not_there_for_a_till(world: World) -> None:
    theirs, till = foreign(world), till_at(world)
    for answer in (
        till.get(f"orders/{theirs.pk}"),
        till.post(f"orders/{theirs.pk}/pay", {}),
        till.post(f"orders/{theirs.pk}/cancel", {"reason": "x"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_order")
        assert CANARY not in answer.content.decode()
    answer = till.post(f"movements/{theirs.booking_id}/reverse", {"reason": "x"})
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_movement")


@probe
def accounts_of_another_base_are_not_there_for_a_till(world: World) -> None:
    whose = foreign(world).customer
    assert whose is not None
    till = till_at(world)
    if Customer.objects.in_base(world.customer.base).filter(customer_number=whose.customer_number).exists():
        return
    for path in ("account", "account/movements", "orders"):
        assert till.get(f"customers/{whose.customer_number}/{path}").status_code == 404
    assert till.post(f"customers/{whose.customer_number}/orders", order("1.00")).status_code == 404


@probe
def account_shows_its_own_items_and_bookings_alone(world: World) -> None:
    foreign(world)
    whose, till = own(world), till_at(world)
    sold(till, whose.customer_number, "1.00")
    for path in ("account", "account/movements", "orders"):
        said = till.get(f"customers/{whose.customer_number}/{path}")
        assert CANARY not in said.content.decode()
        assert [one["location"]["name"] for name in ("open_items", "movements", "orders")
                for one in said.json().get(name, [])] == ["Hamburg"]  # fmt: skip


@probe
def tills_ask_for_the_rights_of_money(world: World) -> None:
    whose, full = own(world), till_at(world, name="Alles")
    number = whose.customer_number
    one = sold(full, number, "1.00")["order"]["id"]
    booked = full.post(f"customers/{number}/credit/top-up", {"amount": "5.00"}).json()["movement"]["id"]
    amount = {"amount": "1.00"}
    asked: dict[Right, list[tuple[str, Any]]] = {
        Right.SEE_ACCOUNTS: [
            (f"customers/{number}/account", None), (f"customers/{number}/account/movements", None),
            (f"customers/{number}/orders", None), (f"orders/{one}", None),
        ],
        Right.POST_TO_ACCOUNTS: [
            (f"customers/{number}/orders", order("1.00")), (f"customers/{number}/credit/use", amount),
        ],
        Right.TOP_UP_CREDIT: [(f"customers/{number}/credit/top-up", amount)],
        Right.PAY_OUT_CREDIT: [(f"customers/{number}/credit/pay-out", amount)],
        Right.RECEIVE_PAYMENTS: [(f"orders/{one}/pay", {})],
        Right.CORRECT_ACCOUNTS: [
            (f"orders/{one}/cancel", {"reason": "x"}), (f"movements/{booked}/reverse", {"reason": "x"}),
        ],
    }  # fmt: skip
    everything = [request for requests in asked.values() for request in requests]
    for right, requests in {**asked, Right.VIEW_CUSTOMERS: everything}.items():
        till = till_at(world, *(set(MONEY) - {right}), name=f"Ohne {right}")
        for path, body in requests:
            assert lacking(till.get(path) if body is None else till.post(path, body)) == right, path


@probe
def who_may_not_see_accounts_is_not_told_how_they_stand(world: World) -> None:
    whose = own(world)
    till = till_at(world, Right.VIEW_CUSTOMERS, Right.POST_TO_ACCOUNTS)
    assert "account" not in sold(till, whose.customer_number, "1.00")


@probe
def reason_of_a_block_is_told_to_tills_that_see_memos(world: World) -> None:
    whose = own(world, is_blocked=True, blocked_reason=CANARY)
    address = f"customers/{whose.customer_number}/account"
    assert CANARY in till_at(world, name="Alles").get(address).content.decode()
    assert CANARY not in till_at(world, *MONEY).get(address).content.decode()


@probe
def orders_take_their_rights_and_are_of_the_base(world: World) -> None:
    here, whose = world.scope("anna", "Hamburg"), own(world)
    one, theirs = ordered(whose, here), foreign(world)
    blind = bare(world, "Hamburg", *set(Right) - {Right.POST_TO_ACCOUNTS}, who="anna")
    with refused(MissingRight):
        ordered(whose, blind)
    with refused(MissingRight):
        pay_order(
            order=one.pk, key=key(),
            actor=bare(world, "Hamburg", *set(Right) - {Right.RECEIVE_PAYMENTS}, who="anna"),
        )  # fmt: skip
    with refused(MissingRight):
        cancel_order(
            order=one.pk, reason="x", key=key(),
            actor=bare(world, "Hamburg", *set(Right) - {Right.CORRECT_ACCOUNTS}, who="anna"),
        )  # fmt: skip
    with refused(ObjectDoesNotExist):
        pay_order(order=theirs.pk, key=key(), actor=here)
    with refused(ObjectDoesNotExist):
        cancel_order(order=theirs.pk, reason="x", key=key(), actor=here)
    assert theirs.customer is not None
    with refused(ObjectDoesNotExist):
        ordered(theirs.customer, here)


@probe
def order_is_its_lines_on_a_base_with_accounts_and_its_payment_goes_first(world: World) -> None:
    whose, here = own(world), world.scope("anna", "Hamburg")
    with pytest.raises(ValidationError) as refusal:
        post_order(customer=whose.pk, method=SaleMethod.ACCOUNT, number="y", total=ONE, lines=[], key=key(), actor=here)
    assert "total" in refusal.value.message_dict
    with refused(ValidationError, code="ledger_of_shared_base"):
        ordered(world.offline_customer, world.scope("anna", "Lübeck"))
    paid = ordered(whose, here)
    pay_order(order=paid.pk, key=key(), actor=here)
    with refused(ValidationError, code="order_paid"):
        reverse(movement=paid.booking_id, reason="x", key=key(), actor=here)


# --- webhooks ---------------------------------------------------------------------------------------------------------


def hooked(world: World, actor: Scope, place: str, account: int = 10400, url: str = URL) -> Webhook:
    location = world.cast.location(place, account)
    group = UserGroup.objects.create(organization=location.organization, name=f"Rechte {place}")
    device, _token = device_at(location, group, name=f"Laden {place}")
    return create_webhook(device=device, url=url, actor=actor)[0]


def theirs(world: World) -> Webhook:
    return hooked(world, world.south, "Zentrale", SOUTHERN, f"https://{CANARY}.example.com/")


@probe
def webhooks_of_others_are_not_there(world: World) -> None:
    foreign_one, here = theirs(world), world.scope("anna", "Hamburg")
    away = hooked(world, world.scope("anna", "Bremen"), "Bremen", url="https://bremen.example.com/")
    page = world.get("anna", f"{HAMBURG}/tills/").content.decode()
    assert CANARY not in page
    assert "bremen.example.com" not in page
    for one in (foreign_one, away):
        for step in ("end", "retry"):
            assert world.post("anna", f"{HAMBURG}/tills/webhooks/{one.pk}/{step}/", {}).status_code == 404
        for operation in (end_webhook, retry_webhook):
            with refused(ObjectDoesNotExist):
                operation(webhook=one.pk, actor=here)
        with refused(ObjectDoesNotExist):
            create_webhook(device=one.device, url=URL, actor=here)
        form = world.get("anna", f"{HAMBURG}/tills/webhooks/new/").content.decode()
        assert str(one.device.pk) not in form


@probe
def webhooks_are_for_whoever_manages_the_location(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    one = hooked(world, here, "Hamburg")
    assert world.get("anna", f"{HAMBURG}/tills/webhooks/new/").status_code == 200
    assert world.get("schwach", f"{HAMBURG}/tills/webhooks/new/").status_code == 403
    for step in ("end", "retry"):
        assert world.post("schwach", f"{HAMBURG}/tills/webhooks/{one.pk}/{step}/", {}).status_code == 403
    nobody = bare(world, "Hamburg", *set(Right) - {Right.MANAGE_LOCATION}, who="anna")
    with refused(MissingRight):
        create_webhook(device=one.device, url=URL, actor=nobody)
    with refused(MissingRight):
        webhooks_here(nobody)
    for operation in (end_webhook, retry_webhook):
        with refused(MissingRight):
            operation(webhook=one.pk, actor=nobody)


@probe
def webhook_is_made_by_whoever_could_set_the_device_up(world: World) -> None:
    till: Till = till_at(world, Right.VIEW_CUSTOMERS)
    weak = bare(world, "Hamburg", Right.MANAGE_LOCATION, who="anna")
    with refused(MissingRight):
        create_webhook(device=till.device, url=URL, actor=weak)
