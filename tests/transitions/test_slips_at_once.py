"""Somebody strikes out a statement while another one hands statements on: one of the two comes first, wholly."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from customers.choices import TRANSFER
from customers.consents.operations import record_consent, strike_out
from customers.models import Consent
from customers.triggers.slips import released
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.customers.people import customer
from tests.customers.transfer import taken_out
from tests.transitions.carrying import made
from tests.transitions.moving import exit_in, fresh
from tests.transitions.test_open_statements import carried, meanwhile
from transitions import operations
from transitions.choices import TransitionState
from transitions.models import TransitionCustomer
from transitions.withdrawals.making import make_list

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Flensburg")


def agrees(actor: Scope, about: str = TRANSFER, *, is_given: bool = True) -> Consent:
    one = customer(actor, last_name=f"Gast {Consent.objects.count()}")
    record_consent(customers=[one.pk], purpose=about, is_given=is_given, at=None, source="form", actor=actor)
    return Consent.objects.get(customer=one)


def strike(slip: Consent, actor: Scope) -> None:
    with row_scope.rows_of(actor):
        strike_out(statement=slip.pk, actor=actor)


def code_of(slip: Consent, actor: Scope) -> str | None:
    with pytest.raises(ValidationError) as refusal:
        strike(slip, actor)
    return refusal.value.code


def test_execution_waits_for_who_strikes_out_and_nobody_strikes_out_after_it(cast, anna):
    kept, slip = agrees(anna), agrees(anna)
    central = cast.scope("anna", "Zentrale")
    leaving = exit_in(cast, TransitionState.CONFIRMED)
    with meanwhile(lambda: strike(slip, anna)):
        operations.execute(transition=leaving, at=timezone.now(), actor=central)
    assert carried(leaving) == {kept.customer_id}
    assert TransitionCustomer.objects.get(transition=leaving, customer_id=slip.customer_id).reason == "noconsent"
    assert code_of(kept, central) == "consent_gone_out"
    result = fresh(leaving).result
    assert result is not None
    assert result["carried"] == 1


def test_package_and_list_of_withdrawals_keep_what_is_in_them(cast, anna):
    central = cast.scope("anna", "Zentrale")
    first = agrees(anna)
    leaving = exit_in(cast, TransitionState.EXECUTED)
    record_consent(
        customers=[first.customer_id], purpose=TRANSFER, is_given=False, at=None, source="phone", actor=central
    )
    withdrawal = Consent.objects.get(is_given=False)
    with row_scope.rows_of(central):
        make_list(transition=leaving, actor=central).close()
    assert code_of(withdrawal, central) == "consent_gone_out"
    record_consent(
        customers=[first.customer_id], purpose="newsletter", is_given=True, at=None, source="form", actor=central
    )
    slip = Consent.objects.get(purpose="newsletter")
    strike(slip, central)
    made(leaving, central)
    assert Consent.objects.standing().filter(purpose="newsletter").count() == 0


def test_export_waits_and_says_what_holds_then(anna):
    slip = agrees(anna, "newsletter")
    with meanwhile(lambda: strike(slip, anna), seconds=1):
        lines = taken_out(anna, "plain", columns=["last_name", "newsletter"], language="en").decode().splitlines()
    assert lines[1].endswith(",")


def test_who_strikes_out_is_told_that_a_file_is_being_made(anna):
    slip = agrees(anna)

    def read() -> None:
        with row_scope.rows_of(anna), connection.cursor() as cursor, released(cursor, anna.base.pk):
            pass

    with meanwhile(read, seconds=3), row_scope.limited(statement=9, lock=1):
        assert code_of(slip, anna) == "busy"
    assert Consent.objects.standing().filter(pk=slip.pk).exists()
    assert code_of(slip, anna) == "consent_gone_out"


def test_two_strike_out_the_same_at_once_and_one_is_told(anna):
    slip = agrees(anna)
    with meanwhile(lambda: strike(slip, anna), seconds=1), transaction.atomic():
        assert code_of(slip, anna) == "consent_struck_out_once"
