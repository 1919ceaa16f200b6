"""Posting to accounts: what is booked, what is refused with which reason, and what one key does."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone, translation

from accounting.choices import AccountKind, Breach, MovementKind
from accounting.models import AccountTerms, LedgerException, Movement
from accounting.operations import (
    NoAccount,
    OtherContent,
    Refused,
    correct,
    decide_exception,
    open_balance,
    pay_out,
    post_sale,
    receive_payment,
    reverse,
    top_up,
    transfer_credit,
    use_credit,
)
from customers.models import Customer
from locations.operations import close_location
from locations.permissions import Right
from mcp.isolation.scope import MissingRight, Scope
from tests.accounting.accounts import ADDRESS, amounts, guest, key, now, terms
from tests.customers.people import customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


def refused(caught: Any) -> str:
    return str(caught.value.error_list[0].code if hasattr(caught.value, "error_list") else caught.value.code)


def sentence(caught: Any) -> str:
    with translation.override("en"):
        return " ".join(caught.value.messages)


def test_each_kind_moves_what_it_says(anna):
    whose = guest(anna)
    steps: list[tuple[Any, str, tuple[str, str]]] = [
        (post_sale, "40.00", ("40.00", "0.00")),
        (receive_payment, "15.50", ("24.50", "0.00")),
        (top_up, "30.00", ("24.50", "30.00")),
        (use_credit, "12.34", ("24.50", "17.66")),
        (pay_out, "7.66", ("24.50", "10.00")),
    ]
    for operation, amount, after in steps:
        done = operation(customer=whose.pk, amount=Decimal(amount), key=key(), actor=anna)
        assert (done.standing.open_amount, done.standing.credit_amount) == tuple(map(Decimal, after))
        assert done.movement.location_id == anna.location.pk
        assert (done.movement.user_id, done.movement.user_name) == (anna.user.pk, str(anna.user))
        assert done.movement.business_day == timezone.localdate()
    assert [one.kind for one in Movement.objects.order_by("posted_at")] == [
        "sale", "payment", "top_up", "use", "pay_out",
    ]  # fmt: skip
    assert done.movement.ledger.organization.currency == "EUR"


def test_open_amount_stops_at_the_limit_and_warns_before(anna):
    whose = guest(anna, soft_limit=Decimal(50))
    assert post_sale(customer=whose.pk, amount=Decimal(50), key=key(), actor=anna).warnings == []
    with translation.override("en"):
        [warning] = post_sale(customer=whose.pk, amount=Decimal("0.01"), key=key(), actor=anna).warnings
    assert warning == "€50.01 are open; this account warns above €50.00."
    with pytest.raises(Refused) as caught:
        post_sale(customer=whose.pk, amount=Decimal(50), key=key(), actor=anna)
    assert refused(caught) == Breach.LIMIT
    assert "for €49.99 more: €50.01 are open, and the credit limit is €100.00" in sentence(caught)
    post_sale(customer=whose.pk, amount=Decimal("49.99"), key=key(), actor=anna)
    assert amounts(anna, whose) == (100, 0)


def test_credit_stops_at_zero(anna):
    whose = guest(anna)
    top_up(customer=whose.pk, amount=Decimal(10), key=key(), actor=anna)
    for operation in (use_credit, pay_out):
        with pytest.raises(Refused) as caught:
            operation(customer=whose.pk, amount=Decimal("10.01"), key=key(), actor=anna)
        assert refused(caught) == Breach.BELOW_ZERO
        assert "has a credit of €10.00" in sentence(caught)
    assert amounts(anna, whose) == (0, 10)


@pytest.mark.parametrize(
    ("changed", "in_terms", "operations", "code"),
    [
        ({"is_blocked": True, "blocked_reason": "Zahlt nie"}, {}, (post_sale, top_up, use_credit), Breach.BLOCKED),
        ({}, {"is_blocked": True, "blocked_reason": "Zahlt nie"}, (post_sale, top_up, use_credit), Breach.BLOCKED),
        ({"street": ""}, {}, (post_sale,), Breach.NO_ADDRESS),
        ({"city": ""}, {}, (post_sale,), Breach.NO_ADDRESS),
        ({}, {"may_buy_on_account": False}, (post_sale,), Breach.NOT_ON_ACCOUNT),
        ({}, {"may_hold_credit": False}, (top_up, use_credit), Breach.NO_CREDIT),
        ({"archived_at": timezone.now()}, {}, (post_sale, top_up, use_credit), Breach.ARCHIVED),
    ],
)
def test_what_the_customer_may_not_do_is_refused_with_the_reason(anna, changed, in_terms, operations, code):
    whose = guest(anna)
    top_up(customer=whose.pk, amount=Decimal(5), key=key(), actor=anna)
    post_sale(customer=whose.pk, amount=Decimal(5), key=key(), actor=anna)
    Customer.objects.filter(pk=whose.pk).update(**changed)
    terms(anna, whose, **in_terms)
    for operation in operations:
        with pytest.raises(Refused) as caught:
            operation(customer=whose.pk, amount=Decimal(1), key=key(), actor=anna)
        assert refused(caught) == code
        if code == Breach.BLOCKED:
            assert sentence(caught).endswith("is blocked: Zahlt nie")
    # What sets right what has happened is booked all the same.
    receive_payment(customer=whose.pk, amount=Decimal(5), key=key(), actor=anna)
    pay_out(customer=whose.pk, amount=Decimal(5), key=key(), actor=anna)
    assert amounts(anna, whose) == (0, 0)


def test_reason_of_a_block_is_told_to_whoever_sees_reasons(anna):
    whose = guest(anna, is_blocked=True, blocked_reason="Streit um Rechnung 7")
    sees_none = Scope(user=anna.user, location=anna.location, rights=anna.rights - {Right.SEE_MEMOS})
    with pytest.raises(Refused) as caught:
        post_sale(customer=whose.pk, amount=Decimal(1), key=key(), actor=sees_none)
    assert "Streit" not in sentence(caught)


def test_without_terms_there_is_no_account(anna):
    for operation in (post_sale, receive_payment, top_up):
        with pytest.raises(NoAccount):
            operation(customer=customer(anna, **ADDRESS).pk, amount=Decimal(1), key=key(), actor=anna)


def test_customer_of_a_base_1_0_has_none(cast):
    luebeck = cast.system("Lübeck")
    with pytest.raises(ValidationError) as caught:
        terms(luebeck, customer(luebeck))
    assert refused(caught) == "ledger_of_shared_base"


def test_same_key_has_one_effect_and_one_answer(anna):
    whose, one = guest(anna), key()
    first = post_sale(customer=whose.pk, amount=Decimal(9), key=one, document="Bon 1", actor=anna)
    again = post_sale(customer=whose.pk, amount=Decimal(9), key=one, document="Bon 1", actor=anna)
    late = post_sale(customer=whose.pk, amount=Decimal(9), key=one, document="Bon 1", is_late=True, actor=anna)
    assert first == again == late
    others: list[dict[str, Any]] = [
        {"amount": Decimal(10)}, {"document": "Bon 2"}, {"business_day": timezone.localdate() - timedelta(days=1)},
        {"customer": guest(anna, last_name="Anders").pk},
    ]  # fmt: skip
    for other in others:
        content = {"customer": whose.pk, "amount": Decimal(9), "document": "Bon 1", **other}
        with pytest.raises(OtherContent):
            post_sale(**content, key=one, actor=anna)
    with pytest.raises(OtherContent):
        receive_payment(customer=whose.pk, amount=Decimal(9), key=one, document="Bon 1", actor=anna)
    assert amounts(anna, whose) == (9, 0)


def test_same_key_at_another_location_is_another_one(cast, anna):
    whose, one = guest(anna), key()
    post_sale(customer=whose.pk, amount=Decimal(9), key=one, actor=anna)
    post_sale(customer=whose.pk, amount=Decimal(8), key=one, actor=cast.scope("anna", "Bremen"))
    assert amounts(anna, whose) == (17, 0)


def test_nothing_is_booked_at_a_location_that_was_closed(cast, anna):
    """A request that has begun before the location was closed."""
    whose = guest(anna)
    close_location(location=anna.location, at=timezone.now())
    with pytest.raises(ValidationError) as caught:
        receive_payment(customer=whose.pk, amount=Decimal(1), key=key(), actor=anna)
    assert refused(caught) == "movement_at_open_location"
    assert sentence(caught).startswith("Hamburg is closed")
    receive_payment(customer=whose.pk, amount=Decimal(1), key=key(), actor=cast.scope("anna", "Bremen"))
    assert amounts(anna, whose) == (-1, 0)


def test_reversal_is_the_opposite_once_with_who_and_why(anna):
    whose = guest(anna)
    sale = post_sale(customer=whose.pk, amount=Decimal(40), key=key(), document="Bon 7", actor=anna).movement
    with pytest.raises(ValidationError):
        reverse(movement=sale.pk, reason=" ", key=key(), actor=anna)
    one = key()
    done = reverse(movement=sale.pk, reason="Falscher Gast", key=one, actor=anna)
    assert amounts(anna, whose) == (0, 0)
    back = done.movement
    assert (back.debit_id, back.credit_id, back.amount) == (sale.credit_id, sale.debit_id, sale.amount)
    assert (back.reason, back.reverses_id, back.user_id) == ("Falscher Gast", sale.pk, anna.user.pk)
    assert reverse(movement=sale.pk, reason="Falscher Gast", key=one, actor=anna).movement == back
    with pytest.raises(ValidationError) as caught:
        reverse(movement=sale.pk, reason="Noch einmal", key=key(), actor=anna)
    assert refused(caught) == "movement_reversed_once"
    assert sentence(caught) == f"{anna.user} has reversed this already: Falscher Gast"
    with pytest.raises(ValidationError) as caught:
        reverse(movement=back.pk, reason="Zurück", key=key(), actor=anna)
    assert refused(caught) == "movement_reverses_one"


def test_payment_that_bounces_may_break_the_limit_and_is_an_exception(anna):
    whose = guest(anna)
    post_sale(customer=whose.pk, amount=Decimal(100), key=key(), actor=anna)
    paid = receive_payment(customer=whose.pk, amount=Decimal(60), key=key(), actor=anna).movement
    post_sale(customer=whose.pk, amount=Decimal(50), key=key(), actor=anna)
    reverse(movement=paid.pk, reason="Rücklastschrift", key=key(), actor=anna)
    assert amounts(anna, whose) == (150, 0)
    assert [one.breaches for one in LedgerException.objects.all()] == [["limit"]]


def test_top_up_that_was_used_is_not_taken_back(anna):
    whose = guest(anna)
    paid = top_up(customer=whose.pk, amount=Decimal(20), key=key(), actor=anna).movement
    use_credit(customer=whose.pk, amount=Decimal(1), key=key(), actor=anna)
    with pytest.raises(Refused) as caught:
        reverse(movement=paid.pk, reason="Falschgeld", key=key(), actor=anna)
    assert refused(caught) == Breach.BELOW_ZERO
    assert sentence(caught).startswith("Of this booking €19.00 are left")


def test_corrections_go_both_ways_and_credit_to_another_customer(anna):
    whose, other = guest(anna), guest(anna, last_name="Anders")
    for kind, favour, after in (
        (AccountKind.OWED, False, (10, 0)),
        (AccountKind.OWED, True, (0, 0)),
        (AccountKind.CREDIT, True, (0, 10)),
        (AccountKind.CREDIT, False, (0, 0)),
    ):
        correct(
            customer=whose.pk, kind=kind, is_in_favour=favour, amount=Decimal(10), reason="Probe", key=key(), actor=anna
        )
        assert amounts(anna, whose) == after
    top_up(customer=whose.pk, amount=Decimal(10), key=key(), actor=anna)
    transfer_credit(
        customer=whose.pk, receiver=other.pk, amount=Decimal(4), reason="Verwechselt", key=key(), actor=anna
    )
    assert (amounts(anna, whose), amounts(anna, other)) == ((0, 6), (0, 4))
    with pytest.raises(ValidationError):
        correct(customer=whose.pk, kind=AccountKind.OWED, is_in_favour=True, amount=Decimal(1), reason="", key=key(),
                actor=anna)  # fmt: skip


def test_opening_balances_of_another_system(anna):
    whose = guest(anna)
    open_balance(customer=whose.pk, kind=AccountKind.OWED, amount=Decimal(130), key=key(), actor=anna)
    open_balance(customer=whose.pk, kind=AccountKind.CREDIT, amount=Decimal(7), key=key(), actor=anna)
    assert amounts(anna, whose) == (130, 7)
    assert [one.breaches for one in LedgerException.objects.all()] == [["limit"]]


@pytest.mark.parametrize("amount", ["0", "-1", "0.001", "1000000000000", "NaN", "Infinity"])
def test_amounts_are_positive_and_of_whole_cents(anna, amount):
    whose = guest(anna)
    with pytest.raises(ValidationError):
        top_up(customer=whose.pk, amount=Decimal(amount), key=key(), actor=anna)


@pytest.mark.parametrize("days", [-400, 2])
def test_business_day_is_within_the_last_year(anna, days):
    with pytest.raises(ValidationError) as caught:
        top_up(customer=guest(anna).pk, amount=Decimal(1), key=key(), actor=anna,
               business_day=timezone.localdate() + timedelta(days=days))  # fmt: skip
    assert caught.value.error_dict["business_day"][0].code == "business_day_invalid"


def test_each_operation_asks_for_its_right(anna):
    whose = guest(anna)
    paid = top_up(customer=whose.pk, amount=Decimal(1), key=key(), actor=anna).movement
    nobody = Scope(user=anna.user, location=anna.location, rights=frozenset())
    with pytest.raises(MissingRight):
        terms(nobody, whose)
    for operation in (post_sale, receive_payment, top_up, use_credit, pay_out):
        with pytest.raises(MissingRight):
            operation(customer=whose.pk, amount=Decimal(1), key=key(), actor=nobody)
    with pytest.raises(MissingRight):
        reverse(movement=paid.pk, reason="x", key=key(), actor=nobody)
    with pytest.raises(MissingRight):
        correct(customer=whose.pk, kind=AccountKind.OWED, is_in_favour=True, amount=Decimal(1), reason="x", key=key(),
                actor=nobody)  # fmt: skip
    with pytest.raises(MissingRight):
        transfer_credit(customer=whose.pk, receiver=whose.pk, amount=Decimal(1), reason="x", key=key(), actor=nobody)
    with pytest.raises(MissingRight):
        open_balance(customer=whose.pk, kind=AccountKind.OWED, amount=Decimal(1), key=key(), actor=nobody)
    with pytest.raises(MissingRight):
        decide_exception(exception=paid.pk, note="x", actor=nobody)
    assert Movement.objects.count() == 1


def test_customer_of_another_business_is_not_there(cast, anna):
    south = cast.scope("sven", "Zentrale", 20800)
    theirs = guest(south)
    with pytest.raises(Customer.DoesNotExist):
        post_sale(customer=theirs.pk, amount=Decimal(1), key=key(), actor=anna)
    paid = top_up(customer=theirs.pk, amount=Decimal(1), key=key(), actor=south).movement
    with pytest.raises(Movement.DoesNotExist):
        reverse(movement=paid.pk, reason="x", key=key(), actor=anna)


def test_terms_contradict_themselves_in_a_sentence(anna):
    whose = guest(anna)
    for wrong, code in (
        ({"hard_limit": Decimal(-1)}, "accountterms_limits_positive"),
        ({"soft_limit": Decimal(101)}, "accountterms_soft_below_hard"),
        ({"is_blocked": True}, "accountterms_reason_when_blocked"),
        ({"blocked_reason": "x"}, "accountterms_reason_when_blocked"),
    ):
        with pytest.raises(ValidationError) as caught:
            terms(anna, whose, **wrong)
        assert refused(caught) == code


def test_limit_below_what_is_open_holds_for_what_comes(anna):
    whose = guest(anna)
    post_sale(customer=whose.pk, amount=Decimal(80), key=key(), actor=anna)
    terms(anna, whose, hard_limit=Decimal(50))
    with pytest.raises(Refused):
        post_sale(customer=whose.pk, amount=Decimal("0.01"), key=key(), actor=anna)
    receive_payment(customer=whose.pk, amount=Decimal(40), key=key(), actor=anna)
    post_sale(customer=whose.pk, amount=Decimal(10), key=key(), actor=anna)
    with pytest.raises(Refused):
        post_sale(customer=whose.pk, amount=Decimal("0.01"), key=key(), actor=anna)
    assert now(anna, whose).owed.floor == -50


def test_terms_say_since_when_and_by_whom(cast, anna):
    whose = guest(anna)
    first = AccountTerms.objects.get()
    terms(cast.scope("anna", "Bremen"), whose)
    assert AccountTerms.objects.get().since == first.since  # nothing has changed
    terms(anna, whose, hard_limit=Decimal(200))
    assert AccountTerms.objects.get().since > first.since
    history: Any = AccountTerms._meta.get_field("history").related_model
    assert list(history.objects.order_by("pgh_id").values_list("hard_limit", flat=True)) == [100, 200]


def test_kinds_of_the_code_are_those_of_the_database(anna):
    """Each combination of kinds of accounts, for each kind of movement."""
    from django.db import connection  # noqa: PLC0415 - for this one test

    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'accounting_judge'")
        [source] = cursor.fetchone()
    from accounting.choices import SIDES  # noqa: PLC0415 - as above

    for kind, sides in SIDES.items():
        for debit, credit in sides:
            assert f"('{kind}', '{debit}', '{credit}')" in source
    assert source.count("('") - source.count("IN ('") == sum(map(len, SIDES.values()))
    assert MovementKind.REVERSAL not in SIDES
