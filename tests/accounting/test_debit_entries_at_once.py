"""Entries of the bank about debits beside one another and beside hands: one effect, whoever comes first."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounting.debits.outcomes import collect_debits, return_debit
from accounting.invoicing import cancel_invoice
from accounting.models import BankEntry, DebitItem, Invoice, Movement
from accounting.operations import reverse
from accounting.payments import book_all_sure, book_as_proposed, undo_entry
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import amounts, key
from tests.accounting.bank_files import book_now, statement
from tests.accounting.debits import creditor, debits, states
from tests.accounting.returned import SUM, at_bank, came_back, collected, entry, in_sum
from tests.customers.test_cards_at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = timezone.localdate


@pytest.fixture
def till(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def head(cast) -> Scope:
    scope: Scope = cast.scope("anna", "Zentrale")
    creditor(scope)
    return scope


def test_debit_is_returned_once_by_two_statements_and_by_hand(head, till):
    file, [debit] = at_bank(head, till)
    collect_debits(file=file.pk, on=TODAY(), actor=head)
    payment = debits(head, file)[0].payment_id
    assert payment
    first, second = (entry(head, came_back(debit, reference=name), number=name) for name in ("A", "B"))
    told = at_once(
        head,
        lambda: book_as_proposed(entry=first.pk, actor=head),
        lambda: book_as_proposed(entry=second.pk, actor=head),
        lambda: return_debit(debit=debit.pk, code="AC04", on=TODAY(), actor=head),
        lambda: reverse(movement=payment, reason="x", key=key(), actor=head),
    )
    assert "" in told
    assert states(head, file) == ["returned"]
    assert Movement.objects.filter(kind="reversal").count() == 1
    assert amounts(head, debit.customer) == (SUM, 0)
    assert BankEntry.objects.filter(state="returned").count() <= 1


def test_sum_single_entries_and_hand_collect_each_debit_once(head, till):
    file, items = at_bank(head, till, many=3)
    whole = entry(head, in_sum(file, "32.10"), number="1")
    singly = statement(head, *(collected(one) for one in items), number="2")
    book_all_sure(statement=singly.pk, actor=head)
    at_once(
        head,
        lambda: book_as_proposed(entry=whole.pk, actor=head),
        lambda: book_now(head, singly),
        lambda: collect_debits(file=file.pk, on=TODAY(), actor=head),
    )
    assert states(head, file) == ["collected"] * 3
    assert Movement.objects.filter(kind="payment").count() == 3
    assert [amounts(head, one.customer) for one in items] == [(0, 0)] * 3
    booked = BankEntry.objects.filter(state="booked")
    assert sum(one.amount for one in booked) <= 3 * SUM
    assert DebitItem.objects.exclude(collected_entry=None).exclude(collected_entry__in=booked).count() == 0


def test_undoing_beside_booking_and_cancelling_leaves_what_fits(head, till):
    file, [debit] = at_bank(head, till)
    one = entry(head, collected(debit))
    book_as_proposed(entry=one.pk, actor=head)
    told = at_once(
        head,
        lambda: undo_entry(entry=one.pk, reason="x", actor=head),
        lambda: undo_entry(entry=one.pk, reason="x", actor=head),
        lambda: cancel_invoice(invoice=debit.invoice_id, reason="x", actor=head),
    )
    assert told.count("") in (1, 2)
    [state], invoice = states(head, file), Invoice.objects.get(pk=debit.invoice_id)
    assert not (state == "pending" and invoice.is_cancelled)
    assert state == ("collected" if invoice.is_cancelled else "pending")
    with row_scope.rows_of(head):
        assert BankEntry.objects.get().state == ("booked" if state == "collected" else "open")


def test_cancelling_beside_making_and_returning(head, till):
    file, [debit] = at_bank(head, till)
    one = entry(head, came_back(debit))
    told = at_once(
        head,
        lambda: book_as_proposed(entry=one.pk, actor=head),
        lambda: cancel_invoice(invoice=debit.invoice_id, reason="x", actor=head),
    )
    assert told[0] == ""
    assert told[1] in ("", "invoice_not_at_bank")
    assert states(head, file) == ["returned"]
    assert Invoice.objects.get(pk=debit.invoice_id).is_cancelled == (told[1] == "")
