"""What a till without a connection sends later: it has happened, so it is booked, and what it breaks is seen."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from accounting.models import AccountTerms, LedgerException
from accounting.operations import (
    Refused,
    decide_exception,
    pay_out,
    post_sale,
    receive_payment,
    top_up,
    use_credit,
)
from mcp.isolation.scope import Scope
from tests.accounting.accounts import ADDRESS, amounts, guest, key, terms
from tests.customers.people import customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


def test_late_movement_that_breaks_a_limit_is_booked_and_shown(anna):
    whose = guest(anna)
    top_up(customer=whose.pk, amount=Decimal(5), key=key(), actor=anna)
    terms(anna, whose, is_blocked=True, blocked_reason="Streit")
    bought = post_sale(customer=whose.pk, amount=Decimal(120), key=key(), is_late=True, actor=anna)
    used = use_credit(customer=whose.pk, amount=Decimal(8), key=key(), is_late=True, actor=anna)
    assert amounts(anna, whose) == (120, -3)
    waiting = {one.movement_id: one for one in LedgerException.objects.open()}
    assert waiting[bought.movement.pk].breaches == ["blocked", "limit"]
    assert waiting[used.movement.pk].breaches == ["blocked", "below_zero"]
    terms(anna, whose)
    for operation in (post_sale, use_credit):  # what is above the limit lets nothing further through
        with pytest.raises(Refused):
            operation(customer=whose.pk, amount=Decimal("0.01"), key=key(), actor=anna)
    receive_payment(customer=whose.pk, amount=Decimal(30), key=key(), actor=anna)
    with pytest.raises(Refused):
        post_sale(customer=whose.pk, amount=Decimal("10.01"), key=key(), actor=anna)
    decided = decide_exception(exception=waiting[bought.movement.pk].pk, note="Mit ihm besprochen", actor=anna)
    assert (decided.state, decided.decided_user) == ("decided", anna.user.pk)
    with pytest.raises(ValidationError, match="Mit ihm besprochen"):
        decide_exception(exception=decided.pk, note="Noch einmal", actor=anna)


def test_late_movement_that_breaks_nothing_is_no_exception(anna):
    whose = guest(anna)
    post_sale(customer=whose.pk, amount=Decimal(100), key=key(), is_late=True, actor=anna)
    assert not LedgerException.objects.exists()


def test_late_movement_of_whoever_has_no_account_is_booked_and_shown(anna):
    """It has happened: an account that allows nothing is opened for it."""
    for operation, breaches in ((post_sale, ["not_on_account", "limit"]), (use_credit, ["no_credit", "below_zero"])):
        whose = customer(anna, **ADDRESS)
        done = operation(customer=whose.pk, amount=Decimal(7), key=key(), is_late=True, actor=anna)
        assert LedgerException.objects.get(movement=done.movement).breaches == breaches
        opened = AccountTerms.objects.get(customer=whose)
        assert (opened.may_buy_on_account, opened.may_hold_credit, opened.hard_limit) == (False, False, 0)
        assert opened.set_by == str(anna.user)
        with pytest.raises(Refused):
            operation(customer=whose.pk, amount=Decimal(1), key=key(), actor=anna)
    paid = receive_payment(customer=customer(anna).pk, amount=Decimal(7), key=key(), is_late=True, actor=anna)
    assert paid.standing.open_amount == -7
    assert paid.movement.is_late


def test_late_pay_out_of_more_than_the_credit_is_an_exception(anna):
    whose = guest(anna)
    done = pay_out(customer=whose.pk, amount=Decimal(7), key=key(), is_late=True, actor=anna)
    assert LedgerException.objects.get(movement=done.movement).breaches == ["below_zero"]
    assert amounts(anna, whose) == (0, -7)
