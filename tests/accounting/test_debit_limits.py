"""What is not noted of a debit: a day before its file was there, charges that are none, and whoever is erased."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounting.debits.calls import DebitRefused
from accounting.debits.files import announce_debits
from accounting.debits.outcomes import collect_debits, return_debit
from accounting.erasing import DebitAtBank
from accounting.models import DebitFile, DebitFileChunk, DebitItem, Movement
from accounting.operations import receive_payment
from customers.erasure import erase_customer
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import key
from tests.accounting.debits import billed, creditor, debits, debtor, made, previewed, states, worked
from tests.accounting.test_ledger_database import refusal, run

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


@pytest.fixture
def till(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def head(cast) -> Scope:
    scope: Scope = cast.scope("anna", "Zentrale")
    creditor(scope)
    return scope


def test_whose_debit_is_at_the_bank_is_not_erased(head, till):
    whose = debtor(till, last_name="Verschwindt")
    debtor(till)
    billed(head)
    file = made(head)
    receive_payment(customer=whose.pk, amount=Decimal("10.70"), key=key(), actor=till)
    with pytest.raises(DebitAtBank):
        erase_customer(customer=whose.pk, reason="Wunsch", actor=head)
    assert DebitFileChunk.objects.exists()
    item = next(one for one in debits(head, file) if one.customer == whose)
    return_debit(debit=item.pk, code="AM04", on=TODAY(), actor=head)
    erase_customer(customer=whose.pk, reason="Wunsch", actor=head)
    assert collect_debits(file=file.pk, on=TODAY(), actor=head) == 1


def test_debit_of_whoever_was_erased_is_returned_in_words(head, till):
    whose = debtor(till)
    billed(head)
    file = made(head)
    collect_debits(file=file.pk, on=TODAY(), actor=head)
    erase_customer(customer=whose.pk, reason="Wunsch", actor=head)
    [item] = debits(head, file)
    with pytest.raises(DebitRefused) as caught:
        return_debit(debit=item.pk, code="AM04", on=TODAY(), actor=head)
    assert caught.value.code == "movement_accounts_of_ledger"
    assert states(head, file) == ["collected"]


def test_nothing_is_announced_before_it_was_prepared(head, till):
    debtor(till)
    billed(head)
    file = previewed(head)
    with pytest.raises(ValidationError) as caught:
        announce_debits(file=file.pk, on=TODAY() - timedelta(days=1), actor=head)
    assert caught.value.message_dict.keys() == {"on"}
    with row_scope.rows_of(head):
        run("UPDATE accounting_debititem SET announced_on = current_date - 30")
    assert states(head, worked(head, file.pk)) == ["not_announced"]


def test_nothing_is_collected_or_returned_before_its_file_was_made(head, till):
    debtor(till)
    billed(head)
    file = made(head)
    [item] = debits(head, file)
    before = TODAY() - timedelta(days=2)
    for note in (
        lambda: collect_debits(file=file.pk, on=before, actor=head),
        lambda: return_debit(debit=item.pk, code="AM04", on=before, actor=head),
    ):
        with pytest.raises(ValidationError) as caught:
            note()
        assert caught.value.message_dict.keys() == {"on"}
    call = f"SELECT accounting_collect_debits({head.base.pk}, '{file.pk}', 1, NULL, '1950-01-01', 'x')"
    assert refusal(head, call) == "debitfile_collected_once_made"
    assert DebitFile.objects.get().made_at is not None


@pytest.mark.parametrize("charges", ["-3.50", "5.001", "99999999999999"])
@pytest.mark.parametrize("is_charged", [True, False])
def test_charges_are_an_amount(head, till, charges, is_charged):
    debtor(till)
    billed(head)
    [item] = debits(head, made(head))
    with pytest.raises(ValidationError):
        return_debit(
            debit=item.pk, code="AM04", on=TODAY(), charges=Decimal(charges), is_charged=is_charged, actor=head
        )
    assert DebitItem.objects.get().state == "pending"
    assert not Movement.objects.filter(kind="correction").exists()
