"""How locations keep their accounts: who asks and who confirms, and that no other ledger is reached or seen."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.utils import timezone

from accounting.balances import ledger_before, ledger_of
from accounting.models import AccountingSwitch
from accounting.operations import (
    ask_accounting_switch,
    confirm_accounting_switch,
    post_sale,
    receive_payment,
    refuse_accounting_switch,
    withdraw_accounting_switch,
)
from accounting.operations.opening import NotOnThisBase
from accounting.operations.switching import switchable
from accounting.waiting import things
from customers.models import Customer
from locations.models import Location
from locations.permissions import Right
from mcp.isolation.scope import MissingRight, Scope
from tests.accounting.accounts import guest, key
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import BREMEN, HAMBURG, HEAD, SOUTHERN, World

PAGE = "accounting/accountterms/switches/"
MANAGES = Right.MANAGE_LOCATION


def asked(world: World, place: str = "Hamburg") -> AccountingSwitch:
    return ask_accounting_switch(
        location=world.place(place).pk, mode="own", reason="x", actor=world.scope("anna", "Zentrale")
    )


def second(world: World, place: str = "Zentrale") -> Scope:
    return bare(world, place, MANAGES)


def switched(world: World, place: str = "Hamburg") -> None:
    confirm_accounting_switch(switch=asked(world, place).pk, actor=second(world))


STEPS: list[Callable[[Any, Scope], Any]] = [
    lambda row, actor: ask_accounting_switch(location=row.location_id, mode="own", reason="x", actor=actor),
    lambda row, actor: confirm_accounting_switch(switch=row.pk, actor=actor),
    lambda row, actor: refuse_accounting_switch(switch=row.pk, note="x", actor=actor),
    lambda row, actor: withdraw_accounting_switch(switch=row.pk, actor=actor),
]


@probe
def accounts_are_switched_by_who_manages_locations(world: World) -> None:
    row = asked(world)
    for step in STEPS:
        with refused(MissingRight):
            step(row, bare(world, "Zentrale", Right.SEE_ACCOUNTS))
    assert confirm_accounting_switch(switch=row.pk, actor=second(world)).state == "confirmed"


@probe
def accounts_of_another_business_are_switched_by_nobody(world: World) -> None:
    branch = world.cast.location("München", SOUTHERN)
    theirs = ask_accounting_switch(location=branch.pk, mode="own", reason="x", actor=world.south)
    for step in STEPS:
        with refused(ObjectDoesNotExist):
            step(theirs, second(world))
    assert list(things(second(world))) == []


@probe
def one_person_alone_switches_no_accounts(world: World) -> None:
    row = asked(world)
    for step in STEPS[1:3]:
        with refused(ValidationError):
            step(row, world.scope("anna", "Zentrale"))
        with refused(ValidationError):
            step(row, Scope.of_system(world.place("Zentrale"), name="x"))
    with refused(ValidationError):
        STEPS[3](row, Scope.of_system(world.place("Zentrale"), name="x"))
    assert not AccountingSwitch.objects.exclude(state="asked").exists()


@probe
def of_a_franchise_one_is_on_each_side(world: World) -> None:
    row = asked(world, "Flensburg")
    for step in STEPS[1:3]:
        with refused(ValidationError):
            step(row, second(world))
    with refused(ValidationError):
        STEPS[3](row, second(world, "Flensburg"))
    Location.objects.filter(pk=world.place("Bremen").pk).update(is_franchise=True)
    assert [one.name for one in switchable(second(world, "Flensburg"))] == ["Flensburg"]
    with refused(ObjectDoesNotExist):
        STEPS[1](asked(world), second(world, "Flensburg"))
    assert switchable(second(world, "Hamburg")) == []
    assert {one.base_id for one in switchable(second(world))} == {row.base_id}
    assert confirm_accounting_switch(switch=row.pk, actor=second(world, "Flensburg")).state == "confirmed"


@probe
def only_an_open_branch_of_a_base_2_0_is_switched(world: World) -> None:
    row, zentrale = asked(world), world.scope("anna", "Zentrale")
    Location.objects.filter(pk=row.location_id).update(closed_at=timezone.now())
    with refused(ValidationError):
        STEPS[1](row, second(world))
    with refused(ValidationError):
        STEPS[0](SimpleNamespace(location_id=zentrale.location.pk), zentrale)
    luebeck = SimpleNamespace(location_id=world.place("Lübeck").pk)
    with refused(ObjectDoesNotExist):
        STEPS[0](luebeck, zentrale)
    with refused(NotOnThisBase):
        STEPS[0](luebeck, world.scope("anna", "Lübeck"))


@probe
def ledger_of_before_is_that_of_this_location(world: World) -> None:
    here, bremen = world.scope("anna", "Hamburg"), world.scope("anna", "Bremen")
    guest(world.south)
    theirs = ledger_of(world.south)
    assert theirs is not None
    switched(world)
    before = ledger_before(here)
    assert before is None or before.base_id == here.base.pk
    whose: Customer = guest(here, last_name="Konto")
    post_sale(customer=whose.pk, amount=Decimal(1), key=key(), actor=here)
    own = ledger_of(here)
    assert own is not None
    assert own.owner_key == here.location.pk
    assert ledger_before(bremen) is None
    with refused(ObjectDoesNotExist):
        receive_payment(customer=whose.pk, amount=Decimal(1), key=key(), ledger=own.pk, actor=bremen)
    with refused(ObjectDoesNotExist):
        receive_payment(customer=whose.pk, amount=Decimal(1), key=key(), ledger=theirs.pk, actor=here)


@probe
def account_of_before_is_there_after_a_switch_alone(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    old = guest(here, last_name="Alt")
    page = f"{HAMBURG}/accounting/accountterms/"
    assert world.get("anna", f"{page}{old.pk}/?in=before").status_code == 404
    switched(world)
    new = guest(here, last_name="Neu")
    assert world.get("anna", f"{page}{old.pk}/?in=before").status_code == 200
    assert world.get("anna", f"{page}{new.pk}/?in=before").status_code == 404
    assert world.get("anna", f"{page}{old.pk}/book/payment/?in=before").status_code == 200
    assert world.get("anna", f"{page}{old.pk}/book/sale/?in=before").status_code == 404


@probe
def page_of_switches_asks_for_the_right(world: World) -> None:
    row = asked(world)
    assert 'value="withdraw"' in world.text("anna", f"{HEAD}/{PAGE}")
    assert str(row.pk) not in world.text("anna", f"{BREMEN}/{PAGE}")
    assert world.get("bodo", f"{HAMBURG}/{PAGE}").status_code == 403
    assert world.get("blind", f"{HEAD}/{PAGE}").status_code == 200
    for data in ({"step": "x"}, {"step": "confirm", "switch": "x"}, {"step": "ask", "location": "x"}):
        assert world.post("anna", f"{HEAD}/{PAGE}", data).status_code == 404, data
