"""A location keeps its accounts with the central or on its own: by two people, for what is new, unseen by others."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounting import balances
from accounting.choices import AccountingMode, SaleMethod
from accounting.leaving import open_money
from accounting.models import Account, AccountingSwitch, Ledger, LedgerException, Movement, PaymentOrder
from accounting.operations import (
    Line,
    ask_accounting_switch,
    confirm_accounting_switch,
    pay_order,
    pay_out,
    post_order,
    post_sale,
    receive_payment,
    refuse_accounting_switch,
    reverse,
    top_up,
    withdraw_accounting_switch,
)
from accounting.operations.switching import CannotSwitchAccounts, DecidedAlready, switchable
from locations.models import Location
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import MissingRight, Scope
from tests.accounting.accounts import guest, key, terms
from tests.customers.people import person_without
from tests.locations.refusals import refused_by, run

pytestmark = pytest.mark.django_db
ledger_of: Any = balances.ledger_of
ledger_before: Any = balances.ledger_before
standing: Any = balances.standing
OWN, CENTRAL = AccountingMode.OWN, AccountingMode.CENTRAL


@pytest.fixture
def second(cast) -> str:
    """Somebody else who manages locations at the central."""
    return person_without(username="zweite").username


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def zweite(cast, second) -> Scope:
    return cast.scope(second, "Zentrale")


@pytest.fixture
def hamburg(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


def asked(actor: Scope, place: Location, mode: str = OWN) -> AccountingSwitch:
    return ask_accounting_switch(location=place.pk, mode=mode, reason="Eigene Buchhaltung", actor=actor)


def switched(anna: Scope, zweite: Scope, place: Location, mode: str = OWN) -> AccountingSwitch:
    return confirm_accounting_switch(switch=asked(anna, place, mode).pk, actor=zweite)


# --- two people -----------------------------------------------------------------------------------------------------


def test_two_people_of_the_central_switch_a_branch(anna, zweite, hamburg):
    row = asked(anna, hamburg.location)
    assert (row.asked_user, row.asked_place, row.state) == (anna.user.pk, anna.location.pk, "asked")
    with pytest.raises(CannotSwitchAccounts, match="Another person"):
        confirm_accounting_switch(switch=row.pk, actor=anna)
    done = confirm_accounting_switch(switch=row.pk, actor=zweite)
    assert (done.state, done.decided_user, done.decided_by) == ("confirmed", zweite.user.pk, zweite.actor_name)
    with pytest.raises(CannotSwitchAccounts, match="so already"):
        asked(anna, hamburg.location)
    with pytest.raises(DecidedAlready):
        withdraw_accounting_switch(switch=row.pk, actor=anna)


def test_branch_that_is_no_franchise_decides_nothing_itself(hamburg, anna, zweite):
    assert switchable(hamburg) == []
    with pytest.raises(CannotSwitchAccounts, match="at the central"):
        asked(hamburg, hamburg.location)
    with pytest.raises(CannotSwitchAccounts, match="at the central"):
        confirm_accounting_switch(switch=asked(anna, hamburg.location).pk, actor=hamburg)


@pytest.mark.parametrize("asks", ["central", "franchise"])
def test_of_a_franchise_one_person_is_on_each_side(cast, anna, zweite, asks):
    there = cast.scope("frida", "Flensburg")
    sides = [anna, there][:: 1 if asks == "central" else -1]
    row = asked(sides[0], there.location)
    if asks == "central":
        with pytest.raises(CannotSwitchAccounts, match="other side"):
            confirm_accounting_switch(switch=row.pk, actor=zweite)
    assert confirm_accounting_switch(switch=row.pk, actor=sides[1]).state == "confirmed"


def test_refused_or_withdrawn_nothing_changes_and_another_can_be_asked_for(anna, zweite, hamburg):
    row = asked(anna, hamburg.location)
    with pytest.raises(ValidationError) as caught:
        asked(zweite, hamburg.location)
    assert caught.value.code == "accountingswitch_asked_once"
    with pytest.raises(ValidationError):
        refuse_accounting_switch(switch=row.pk, note=" ", actor=zweite)
    with pytest.raises(CannotSwitchAccounts):
        refuse_accounting_switch(switch=row.pk, note="nein", actor=anna)
    assert refuse_accounting_switch(switch=row.pk, note="Noch nicht", actor=zweite).note == "Noch nicht"
    assert withdraw_accounting_switch(switch=asked(anna, hamburg.location).pk, actor=anna).state == "withdrawn"
    guest(hamburg)
    assert ledger_of(hamburg).owner_key == 0


def test_right_person_place_and_reason_are_asked_for(cast, anna, hamburg):
    lacking = cast.scope(person_without(Right.MANAGE_LOCATION, username="ohne").username, "Zentrale")
    with pytest.raises(MissingRight):
        asked(lacking, hamburg.location)
    for nobody in (cast.system("Zentrale"), cast.scope("rita", "Zentrale")):
        with pytest.raises(CannotSwitchAccounts, match="people of the business"):
            asked(nobody, hamburg.location)
    with pytest.raises(ValidationError, match="Say why"):
        ask_accounting_switch(location=hamburg.location.pk, mode=OWN, reason=" ", actor=anna)
    for place, mode in ((anna.location, OWN), (hamburg.location, CENTRAL), (hamburg.location, "x")):
        with pytest.raises(CannotSwitchAccounts):
            asked(anna, place, mode)
    for elsewhere in (cast.location("Lübeck"), cast.location("München", 20800)):
        with pytest.raises(Location.DoesNotExist):
            asked(anna, elsewhere)


def test_the_database_keeps_two_people_and_what_was_decided(anna, zweite, hamburg):
    table = "accounting_accountingswitch"
    row = asked(anna, hamburg.location)
    confirm = f"UPDATE {table} SET state = 'confirmed', decided_by = 'x' WHERE id = %s"
    with row_scope.rows_of(anna), refused_by("accountingswitch_by_two"):
        run(confirm, row.pk)
    with row_scope.rows_of(hamburg), refused_by("accountingswitch_by_person"):
        run(confirm, row.pk)
    with refused_by(f"permission denied for table {table}"):
        run(f"UPDATE {table} SET mode = 'central' WHERE id = %s", row.pk)
    with row_scope.rows_of(zweite):
        run(
            f"UPDATE {table} SET state = 'confirmed', decided_by = 'x', decided_user = asked_user WHERE id = %s", row.pk
        )
        assert AccountingSwitch.objects.get().decided_user == zweite.user.pk
        with refused_by(f"{table}_settled"):
            run(f"UPDATE {table} SET decided_by = 'y' WHERE id = %s", row.pk)
        with refused_by(f"{table}_steps"):
            run(f"UPDATE {table} SET state = 'asked' WHERE id = %s", row.pk)
    with refused_by(f"permission denied for table {table}"):
        run(f"DELETE FROM {table}")


# --- what is new goes to the other ledger -----------------------------------------------------------------------------


def test_what_is_new_goes_to_its_own_ledger_and_what_is_old_stays(cast, anna, zweite, hamburg):
    whose = guest(hamburg, hard_limit=Decimal(100))
    old = post_sale(customer=whose.pk, amount=Decimal(30), key=key(), actor=hamburg).movement
    switched(anna, zweite, hamburg.location)
    assert ledger_of(hamburg) is None
    with pytest.raises(ValidationError, match="no account yet"):
        post_sale(customer=whose.pk, amount=Decimal(1), key=key(), actor=hamburg)
    terms(hamburg, whose)
    done: Any = post_sale(customer=whose.pk, amount=Decimal(5), key=key(), actor=hamburg)
    assert (done.movement.owner_key, done.standing.open_amount) == (hamburg.location.pk, 5)
    before = ledger_before(hamburg)
    paid: Any = receive_payment(customer=whose.pk, amount=Decimal(10), key=key(), ledger=before.pk, actor=hamburg)
    assert (paid.movement.owner_key, paid.standing.open_amount) == (0, 20)
    assert reverse(movement=old.pk, reason="Irrtum", key=key(), actor=hamburg).standing.open_amount == -10
    assert standing(whose, hamburg).open_amount == 5
    bremen = cast.scope("anna", "Bremen")
    assert standing(whose, bremen).open_amount == -10
    switched(anna, zweite, hamburg.location, CENTRAL)
    assert ledger_of(hamburg).owner_key == 0
    with pytest.raises(Ledger.DoesNotExist):
        receive_payment(customer=whose.pk, amount=Decimal(5), key=key(), ledger=ledger_before(hamburg).pk, actor=bremen)
    left: Any = receive_payment(
        customer=whose.pk, amount=Decimal(5), key=key(), ledger=ledger_before(hamburg).pk, actor=hamburg
    )
    assert (left.movement.owner_key, left.standing.open_amount) == (hamburg.location.pk, 0)


def test_credit_of_before_is_paid_out_of_the_ledger_in_which_it_is(anna, zweite, hamburg):
    whose = guest(hamburg)
    top_up(customer=whose.pk, amount=Decimal(20), key=key(), actor=hamburg)
    switched(anna, zweite, hamburg.location)
    terms(hamburg, whose)
    before = ledger_before(hamburg)
    done = pay_out(customer=whose.pk, amount=Decimal(20), key=key(), ledger=before.pk, actor=hamburg)
    assert done.standing.is_even


def test_order_of_before_is_paid_in_its_ledger(anna, zweite, hamburg):
    whose = guest(hamburg)
    line = Line(text="Brot", quantity=Decimal(1), amount=Decimal(2), vat_rate=Decimal(7))
    sold = post_order(
        customer=whose.pk,
        method=SaleMethod.ACCOUNT,
        number="1",
        total=Decimal(2),
        lines=[line],
        key=key(),
        actor=hamburg,
    )
    switched(anna, zweite, hamburg.location)
    paid: Any = pay_order(order=sold.order.pk, key=key(), actor=hamburg)
    assert (paid.order.state, paid.standing.open_amount, paid.order.payment.owner_key) == ("paid", 0, 0)


def test_late_sale_of_a_till_goes_to_the_ledger_of_now(anna, zweite, hamburg):
    """Sent after the switch, for a business day before: it is new to the books, and the old ledger stays as it is."""
    whose = guest(hamburg)
    switched(anna, zweite, hamburg.location)
    yesterday = timezone.localdate() - timedelta(days=1)
    late = post_sale(
        customer=whose.pk, amount=Decimal(3), key=key(), business_day=yesterday, is_late=True, actor=hamburg
    )
    assert (late.movement.owner_key, late.movement.business_day) == (hamburg.location.pk, yesterday)


def test_the_database_refuses_what_is_new_in_the_ledger_of_before(anna, zweite, hamburg, monkeypatch):
    """As for a booking that looked the ledger up a moment before the confirmation."""
    whose = guest(hamburg)
    before = ledger_of(hamburg)
    switched(anna, zweite, hamburg.location)
    monkeypatch.setattr("accounting.operations.posting.ledger_of", lambda scope: before)
    with pytest.raises(ValidationError) as caught:
        post_sale(customer=whose.pk, amount=Decimal(1), key=key(), actor=hamburg)
    assert caught.value.code == "movement_in_ledger_of_now"
    receive_payment(customer=whose.pk, amount=Decimal(1), key=key(), actor=hamburg)


# --- what the others see ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [Ledger, Account, Movement, LedgerException, PaymentOrder])
def test_ledger_of_its_own_exists_for_nobody_else(cast, anna, zweite, hamburg, model):
    switched(anna, zweite, hamburg.location)
    whose = guest(hamburg)
    line = Line(text="Brot", quantity=Decimal(1), amount=Decimal(200), vat_rate=Decimal(7))
    post_order(
        customer=whose.pk, method=SaleMethod.ACCOUNT, number="1", total=Decimal(200), lines=[line], key=key(),
        is_late=True, actor=hamburg,
    )  # fmt: skip
    for scope, sees in ((hamburg, True), (anna, False), (cast.scope("anna", "Bremen"), False)):
        with row_scope.rows_of(scope):
            assert model.objects.filter(owner_key=hamburg.location.pk).exists() is sees


def test_what_is_open_there_keeps_nobody_from_leaving(anna, zweite, hamburg):
    switched(anna, zweite, hamburg.location)
    whose = guest(hamburg)
    post_sale(customer=whose.pk, amount=Decimal(9), key=key(), actor=hamburg)
    assert Account.objects.with_money().count() == 1
    assert open_money(hamburg.location, whole_base=False) is None


def test_closed_location_is_switched_no_more(cast, anna, zweite, hamburg):
    row = asked(anna, hamburg.location)
    Location.objects.filter(pk=hamburg.location.pk).update(closed_at=timezone.now())
    with pytest.raises(CannotSwitchAccounts, match="open branch"):
        confirm_accounting_switch(switch=row.pk, actor=zweite)
