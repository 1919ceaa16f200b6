"""What an account means for erasing, importing, leaving and switching, and what the demo shows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone, translation

from accounting.demo import build_accounts
from accounting.erasing import MoneyOpen
from accounting.leaving import OpenMoney, open_money
from accounting.models import Account, AccountTerms, LedgerException, Movement
from accounting.operations import decide_exception, pay_out, post_sale, receive_payment, reverse, top_up
from customers.demo import build_customers
from customers.erasure import erase_customer
from customers.models import Customer
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import guest, key, terms
from tests.customers.transfer import applied, checked, table, undone

pytestmark = pytest.mark.django_db
Terms: Any = AccountTerms._meta.get_field("history").related_model


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


def test_whoever_has_money_open_is_not_erased(anna):
    whose = guest(anna)
    for book, back in ((post_sale, receive_payment), (top_up, pay_out)):
        book(customer=whose.pk, amount=Decimal(5), key=key(), actor=anna)
        with pytest.raises(MoneyOpen) as caught:
            erase_customer(customer=whose.pk, reason="Wunsch", actor=anna)
        with translation.override("en"):
            assert "5.00" not in str(caught.value.messages)  # the right to erase is none to see accounts
        back(customer=whose.pk, amount=Decimal(5), key=key(), actor=anna)
    assert Customer.objects.filter(pk=whose.pk).exists()


def test_of_whoever_is_erased_the_bookings_stay_without_him(anna):
    whose, other = guest(anna, last_name="Verschwindt"), guest(anna)
    sale = post_sale(
        customer=whose.pk, amount=Decimal(120), key=key(), document="Bon Verschwindt", is_late=True, actor=anna
    )
    waiting = LedgerException.objects.get()
    decide_exception(exception=waiting.pk, note="Verschwindt zahlt", actor=anna)
    reverse(movement=sale.movement.pk, reason="Verschwindt war es nicht", key=key(), actor=anna)
    kept = post_sale(customer=other.pk, amount=Decimal(1), key=key(), document="Bon 1", actor=anna).movement
    stone = erase_customer(customer=whose.pk, reason="Wunsch", actor=anna)
    assert (stone.figures["account"], stone.figures["movements"]) == (1, 2)
    assert [one.is_nameless for one in Account.objects.filter(customer=None, kind__in=("owed", "credit"))] == [
        True,
        True,
    ]
    rows = Movement.objects.exclude(pk=kept.pk).order_by("posted_at")
    assert [(one.amount, one.document, one.reason) for one in rows] == [(120, "", ""), (120, "", "–")]
    [row] = LedgerException.objects.all()
    assert (row.customer, row.note) == (None, "–")
    assert set(Terms.objects.values_list("customer", flat=True)) == {other.pk}
    assert Movement.objects.get(pk=kept.pk).document == "Bon 1"
    with pytest.raises(ValidationError) as caught:
        reverse(movement=sale.movement.pk, reason="x", key=key(), actor=anna)
    assert caught.value.code == "movement_of_nobody"


def test_undoing_an_import_leaves_whoever_has_an_account(anna):
    upload = applied(checked(anna, table(["Nachname"], ["Bleibt"], ["Geht"])), anna)
    stays = Customer.objects.get(last_name="Bleibt")
    terms(anna, stays)
    undone(upload, anna)
    assert list(Customer.objects.values_list("last_name", flat=True)) == ["Bleibt"]


def test_location_that_leaves_knows_what_is_open(cast, anna):
    for amount in (30, 12):
        post_sale(customer=guest(anna).pk, amount=Decimal(amount), key=key(), actor=anna)
    top_up(customer=guest(anna).pk, amount=Decimal(5), key=key(), actor=anna)
    guest(anna)
    elsewhere = cast.scope("anna", "Bremen")
    top_up(customer=guest(elsewhere).pk, amount=Decimal(99), key=key(), actor=elsewhere)
    with row_scope.rows_of(cast.scope("anna", "Zentrale")):
        found = open_money(anna.location, whole_base=False)
        assert found == OpenMoney(3, Decimal(42), Decimal(5), "EUR")
        assert OpenMoney.read(found.stored()) == found
        assert open_money(anna.location, whole_base=True) == OpenMoney(4, Decimal(42), Decimal(104), "EUR")
        assert open_money(cast.location("Flensburg"), whole_base=False) is None


def test_demo_shows_each_kind_of_account(cast):
    build_customers(now=timezone.localtime())
    build_accounts(today=timezone.localdate())
    accounts = Account.objects.filter(kind="owed").order_by("pk")
    owed = ["-12.40", "0", "-87.40", "-311.25", "-41.70"]
    assert [one.balance for one in accounts] == [Decimal(amount) for amount in owed]
    assert Account.objects.filter(kind="credit").order_by("pk")[1].balance == Decimal("77.85")
    assert [one.is_blocked for one in AccountTerms.objects.order_by("pk")] == [False, False, True, False, False]
    assert LedgerException.objects.open().count() == 1
