"""Debit files beside one another, beside tills and beside the end of mandates: no invoice is debited twice."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone

from accounting.choices import DebitFileState
from accounting.debits.files import announce_debits, go_to
from accounting.debits.making import make_file
from accounting.debits.mandates import revoke_mandate
from accounting.debits.outcomes import collect_debits, return_debit
from accounting.models import DebitFile, DebitFileChunk, DebitItem, Invoice, Mandate, Movement
from accounting.operations import receive_payment, reverse
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import amounts, key
from tests.accounting.debits import billed, creditor, debits, debtor, made, previewed, states
from tests.customers.test_cards_at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)
SUM = Decimal("10.70")


@pytest.fixture
def till(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def head(cast) -> Scope:
    scope: Scope = cast.scope("anna", "Zentrale")
    creditor(scope)
    return scope


def running(head: Scope) -> DebitFile:
    """Announced, and what a worker begins with."""
    file = previewed(head)
    announce_debits(file=file.pk, on=timezone.localdate(), actor=head)
    with row_scope.rows_of(head):
        go_to(file, DebitFileState.RUNNING)
    return file


def test_two_prepare_at_once_and_each_invoice_is_in_one_file(head, till):
    for turn in range(4):
        debtor(till, last_name=f"Gast{turn}")
    billed(head)
    assert at_once(head, *(lambda: previewed(head) for _person in range(4))) == [""] * 4
    assert sorted(DebitFile.objects.values_list("count", flat=True)) == [0, 0, 0, 4]
    assert DebitItem.objects.filter(state="proposed").count() == 4


def test_two_workers_make_a_file_once(head, till):
    for turn in range(3):
        debtor(till, last_name=f"Gast{turn}")
    billed(head)
    file = running(head)
    told = at_once(head, *(lambda: make_file(file.pk, head) for _worker in range(3)))
    assert told == ["", "Stopped()", "Stopped()"]
    assert DebitFile.objects.get().count == DebitItem.objects.filter(state="pending").count() == 3
    assert DebitFileChunk.objects.count() == 1


def test_file_beside_payments_and_mandates_that_end(head, till):
    """Whoever comes first is believed; an invoice that was paid before is not in the file, and the sums are equal."""
    whose = [debtor(till, last_name=f"Gast{turn}") for turn in range(4)]
    billed(head)
    file = running(head)
    ended = Mandate.objects.get(customer=whose[1]).pk
    told = at_once(
        head,
        lambda: make_file(file.pk, head),
        lambda: receive_payment(customer=whose[0].pk, amount=SUM, key=key(), actor=till),
        lambda: revoke_mandate(mandate=ended, reason="x", actor=head),
    )
    assert told == [""] * 3
    file.refresh_from_db()
    found = debits(head, file)
    pending = [one for one in found if one.state == "pending"]
    assert (file.count, file.total) == (len(pending), sum(one.amount for one in pending))
    assert {one.left_out for one in found if one.state == "left_out"} <= {"changed", "no_mandate"}
    assert {whose[2], whose[3]} <= {one.customer for one in pending}


def test_debits_are_collected_once_however_many_say_so(head, till):
    whose = [debtor(till, last_name=f"Gast{turn}") for turn in range(4)]
    billed(head)
    file = made(head)
    today = timezone.localdate()
    assert (
        at_once(head, *(lambda: collect_debits(file=file.pk, on=today, actor=head) for _person in range(3))) == [""] * 3
    )
    assert Movement.objects.filter(kind="payment").count() == 4
    assert [amounts(head, one) for one in whose] == [(0, 0)] * 4
    assert set(Invoice.objects.values_list("state", flat=True)) == {"paid"}


def test_debit_is_returned_once_by_the_bank_or_by_hand(head, till):
    whose = debtor(till)
    billed(head)
    file = made(head)
    today = timezone.localdate()
    collect_debits(file=file.pk, on=today, actor=head)
    [one] = debits(head, file)
    payment = one.payment_id
    assert payment is not None
    told = at_once(
        head,
        lambda: return_debit(debit=one.pk, code="AM04", on=today, actor=head),
        lambda: return_debit(debit=one.pk, code="AC04", on=today, actor=head),
        lambda: reverse(movement=payment, reason="x", key=key(), actor=head),
    )
    assert told.count("") == 1
    assert states(head, file) == ["returned"]
    assert amounts(head, whose) == (SUM, 0)
    assert Movement.objects.filter(kind="reversal").count() == 1
