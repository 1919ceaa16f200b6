"""Entries of the bank that are about debits: found by their references, booked once, and undone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounting.choices import EntryState
from accounting.debits.calls import DebitsAtCentral
from accounting.debits.outcomes import collect_debits, return_debit
from accounting.invoicing import cancel_invoice
from accounting.models import BankEntry, Invoice, Mandate, Movement
from accounting.operations import reverse
from accounting.payments import book_all_sure, book_as_proposed, ignore_entry, undo_entry
from customers.erasure import erase_customer
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import amounts, key
from tests.accounting.bank_files import book_now, entries_of, paid, sale, statement, told
from tests.accounting.debits import billed, creditor, debits, debtor, made, previewed, states
from tests.accounting.returned import SUM, at_bank, came_back, collected, doubts, entry, in_sum

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


def refusal(write: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        write()
    return str(caught.value.code)


def state_of(head: Scope, one: BankEntry) -> str:
    with row_scope.rows_of(head):
        return BankEntry.objects.get(pk=one.pk).state


# --- returns ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_collected", [True, False])
def test_returned_debit_is_sure_and_opens_its_invoice_again(head, till, is_collected):
    file, [debit] = at_bank(head, till)
    if is_collected:
        collect_debits(file=file.pk, on=TODAY(), actor=head)
    one = entry(head, came_back(debit, "13.70", code="MD01", original_amount=SUM, charges=Decimal("3.00")))
    assert (one.confidence, one.proposal["charges"], doubts(one)) == ("sure", "3.00", [])
    book_as_proposed(entry=one.pk, actor=head)
    [debit] = debits(head, file)
    assert (debit.state, debit.return_code, debit.charges, debit.returned_on) == (
        "returned", "MD01", Decimal("3.00"), one.booked_on,
    )  # fmt: skip
    assert (debit.returned_entry_id, state_of(head, one)) == (one.pk, EntryState.RETURNED)
    assert Invoice.objects.get().state == "open"
    assert amounts(head, debit.customer) == (SUM, 0)
    assert Mandate.objects.get().state == "revoked"
    assert refusal(lambda: book_as_proposed(entry=one.pk, actor=head)) == "bankentry_open"


def test_charges_are_owed_by_the_customer_where_somebody_says_so(head, till):
    _file, [debit] = at_bank(head, till)
    one = entry(head, came_back(debit, "14.20"))
    book_as_proposed(entry=one.pk, is_charged=True, actor=head)
    assert amounts(head, debit.customer) == (Decimal("14.20"), 0)
    undo_entry(entry=one.pk, reason="x", actor=head)
    assert amounts(head, debit.customer) == (SUM, 0)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"amount": "10.69"}, ["amount"]),
        ({"amount": "40.70"}, ["amount"]),
        ({"mandate_id": "ANDERES-1"}, ["mandate"]),
        ({"end_to_end_id": ""}, ["no_reference"]),
        ({"mandate_id": ""}, []),
    ],
)
def test_what_does_not_fit_is_proposed_with_the_doubt_and_never_booked_alone(head, till, values, expected):
    file, [debit] = at_bank(head, till)
    amount = values.pop("amount", "10.70")
    one = entry(head, came_back(debit, amount, **values))
    assert (doubts(one), one.confidence) == (expected, "probable" if expected else "sure")
    if expected:
        book_all_sure(statement=one.statement_id, actor=head)
        book_now(head, one.statement)
        assert states(head, file) == ["pending"]
        book_as_proposed(entry=one.pk, actor=head)
        assert states(head, file) == ["returned"]


def test_reference_of_others_and_of_nobody_names_no_debit(head, till):
    _file, [debit] = at_bank(head, till)
    for number, values in enumerate(({"end_to_end_id": "SH-1-1-999"}, {"end_to_end_id": "X"})):
        one = entry(head, came_back(debit, mandate_id="", **values), number=f"{number}")
        assert (one.confidence, one.proposal) == ("none", {})


@pytest.mark.parametrize(("code", "kept"), [("ZZ99", "ZZ99"), ("NOT A CODE", ""), ("", "")])
def test_unknown_reason_returns_the_debit_and_ends_nothing(head, till, code, kept):
    file, [debit] = at_bank(head, till)
    collect_debits(file=file.pk, on=TODAY(), actor=head)
    book_as_proposed(entry=entry(head, came_back(debit, code=code)).pk, actor=head)
    [debit] = debits(head, file)
    assert (debit.state, debit.return_code, Mandate.objects.get().state) == ("returned", kept, "active")


def test_return_that_was_noted_by_hand_is_only_found_again(head, till):
    file, [debit] = at_bank(head, till)
    collect_debits(file=file.pk, on=TODAY(), actor=head)
    return_debit(debit=debit.pk, code="AM04", on=TODAY(), actor=head)
    one = entry(head, came_back(debit, "12.70", code="AC04"))
    assert doubts(one) == []
    book_as_proposed(entry=one.pk, actor=head)
    [debit] = debits(head, file)
    assert (debit.return_code, debit.charges, state_of(head, one)) == ("AM04", Decimal(2), "returned")
    assert Movement.objects.filter(kind="reversal").count() == 1
    assert Mandate.objects.get().state == "active"
    undo_entry(entry=one.pk, reason="x", actor=head)
    assert (states(head, file), state_of(head, one)) == (["returned"], "open")
    assert amounts(head, debit.customer) == (SUM, 0)


def test_payment_taken_back_by_hand_and_then_the_entry_ends_the_mandate(head, till):
    file, [debit] = at_bank(head, till)
    collect_debits(file=file.pk, on=TODAY(), actor=head)
    [debit] = debits(head, file)
    assert debit.payment_id
    reverse(movement=debit.payment_id, reason="x", key=key(), actor=head)
    book_as_proposed(entry=entry(head, came_back(debit, code="AC04")).pk, actor=head)
    assert (debits(head, file)[0].return_code, Mandate.objects.get().state) == ("AC04", "revoked")


def test_same_return_in_two_statements_has_one_effect(head, till):
    file, [debit] = at_bank(head, till)
    first = entry(head, came_back(debit, reference="A"), number="1")
    second = entry(head, came_back(debit, reference="B"), number="2")
    assert (first.confidence, second.confidence, doubts(second)) == ("sure", "probable", ["elsewhere"])
    book_as_proposed(entry=first.pk, actor=head)
    assert refusal(lambda: book_as_proposed(entry=second.pk, actor=head)) == "bankentry_proposed_anew"
    with row_scope.rows_of(head):
        second.refresh_from_db()
    assert doubts(second) == ["returned_before"]
    assert refusal(lambda: book_as_proposed(entry=second.pk, actor=head)) == "debit_returned_before"
    ignore_entry(entry=second.pk, note="Doppelt", actor=head)
    assert states(head, file) == ["returned"]


# --- collections ------------------------------------------------------------------------------------------------------


def test_single_debits_and_their_return_are_booked_by_the_worker(head, till):
    file, [one, other] = at_bank(head, till, many=2)
    found = statement(head, collected(one), collected(other), came_back(one, "13.70"))
    assert told(head, found) == [("open", "sure")] * 3
    book_all_sure(statement=found.pk, actor=head)
    book_now(head, found)
    assert told(head, found) == [("booked", "sure"), ("booked", "sure"), ("returned", "sure")]
    assert states(head, file) == ["returned", "collected"]
    assert (amounts(head, one.customer), amounts(head, other.customer)) == ((SUM, 0), (0, 0))


@pytest.mark.parametrize("group", [1, None])
def test_sum_of_a_file_collects_all_its_debits(head, till, group):
    file, items = at_bank(head, till, many=3)
    one = entry(head, in_sum(file, "32.10", group=group))
    assert (one.confidence, one.proposal["sum"]) == ("sure", "32.10")
    book_as_proposed(entry=one.pk, actor=head)
    assert states(head, file) == ["collected"] * 3
    assert {item.collected_entry_id for item in debits(head, file)} == {one.pk}
    assert [amounts(head, item.customer) for item in items] == [(0, 0)] * 3
    undo_entry(entry=one.pk, reason="Falsch", actor=head)
    assert (states(head, file), state_of(head, one)) == (["pending"] * 3, "open")
    book_as_proposed(entry=one.pk, actor=head)
    assert states(head, file) == ["collected"] * 3
    assert [amounts(head, item.customer) for item in items] == [(0, 0)] * 3


def test_sum_of_a_group_collects_that_group(head, till):
    debtor(till, last_name="Einmal", is_recurrent=False)
    file, _items = at_bank(head, till, many=2)
    for group, amount in ((2, "21.40"), (1, "10.70")):
        book_as_proposed(entry=entry(head, in_sum(file, amount, group=group), number=f"{group}").pk, actor=head)
    found = debits(head, file)
    assert [one.state for one in found] == ["collected"] * 3
    by_group: dict[Any, set[bool]] = {}
    for one in found:
        by_group.setdefault(one.collected_entry_id, set()).add(one.is_recurrent)
    assert sorted(map(sorted, by_group.values())) == [[False], [True]]


def test_sum_is_found_by_the_number_of_the_file_in_the_text(head, till):
    file, _items = at_bank(head, till)
    assert entry(head, paid("10.70", f"Sammelgutschrift {file.message_id} danke")).confidence == "sure"


def test_sum_that_differs_is_proposed_and_booked_once_the_missing_one_is_returned(head, till):
    file, items = at_bank(head, till, many=3)
    one = entry(head, in_sum(file, "21.40"))
    assert (one.confidence, doubts(one), one.proposal["sum"]) == ("probable", ["difference"], "32.10")
    assert refusal(lambda: book_as_proposed(entry=one.pk, actor=head)) == "debit_difference"
    return_debit(debit=items[1].pk, code="AC01", on=TODAY(), actor=head)
    assert refusal(lambda: book_as_proposed(entry=one.pk, actor=head)) == "bankentry_proposed_anew"
    book_all_sure(statement=one.statement_id, actor=head)
    book_now(head, one.statement)
    assert states(head, file) == ["collected", "returned", "collected"]


@pytest.mark.parametrize("by_entry", [True, False])
def test_sum_with_one_that_was_returned_before_its_money_came(head, till, by_entry):
    file, items = at_bank(head, till, many=2)
    if by_entry:
        back = entry(head, came_back(items[0]), number="1")
        book_as_proposed(entry=back.pk, actor=head)
    else:
        return_debit(debit=items[0].pk, code="AM04", on=TODAY(), actor=head)
    one = entry(head, in_sum(file, "21.40"), number="2")
    assert doubts(one) == ([] if by_entry else ["by_hand"])
    book_as_proposed(entry=one.pk, actor=head)
    assert states(head, file) == ["returned", "collected"]
    assert {item.collected_entry_id for item in debits(head, file)} == {one.pk}
    if by_entry:
        assert refusal(lambda: undo_entry(entry=back.pk, reason="x", actor=head)) == "debititem_collected_since"
        undo_entry(entry=one.pk, reason="x", actor=head)
        undo_entry(entry=back.pk, reason="x", actor=head)
        assert states(head, file) == ["pending", "pending"]


def test_what_was_collected_by_hand_is_only_found_again(head, till):
    file, items = at_bank(head, till, many=2)
    collect_debits(file=file.pk, on=TODAY(), actor=head)
    one = entry(head, in_sum(file, "21.40"), number="1")
    assert one.confidence == "sure"
    book_as_proposed(entry=one.pk, actor=head)
    assert Movement.objects.filter(kind="payment").count() == 2
    twice = entry(head, in_sum(file, "21.40", reference="B"), number="2")
    assert doubts(twice) == ["collected_before"]
    again = entry(head, collected(items[0], reference="C"), number="3")
    assert doubts(again) == ["collected_before"]
    undo_entry(entry=one.pk, reason="x", actor=head)
    assert (states(head, file), state_of(head, one)) == (["collected"] * 2, "open")


def test_collection_is_undone_but_not_beneath_a_return(head, till):
    file, items = at_bank(head, till, many=2)
    one = entry(head, in_sum(file, "21.40"), number="1")
    book_as_proposed(entry=one.pk, actor=head)
    back = entry(head, came_back(items[0]), number="2")
    book_as_proposed(entry=back.pk, actor=head)
    assert refusal(lambda: undo_entry(entry=one.pk, reason="x", actor=head)) == "debititem_returned_since"
    undo_entry(entry=back.pk, reason="Irrtum", actor=head)
    assert states(head, file) == ["collected"] * 2
    assert amounts(head, items[0].customer) == (0, 0)
    undo_entry(entry=one.pk, reason="Irrtum", actor=head)
    assert states(head, file) == ["pending"] * 2
    assert amounts(head, items[0].customer) == (SUM, 0)


# --- beside invoices, other files and people --------------------------------------------------------------------------


def test_return_is_not_undone_once_its_invoice_is_debited_again_or_cancelled(head, till):
    _file, [debit] = at_bank(head, till)
    one = entry(head, came_back(debit))
    book_as_proposed(entry=one.pk, actor=head)
    again = previewed(head)
    assert refusal(lambda: undo_entry(entry=one.pk, reason="x", actor=head)) == "debititem_debited_again"
    made(head, again)
    assert refusal(lambda: undo_entry(entry=one.pk, reason="x", actor=head)) == "debititem_debited_again"
    [newer] = debits(head, again)
    back = entry(head, came_back(newer), number="2")
    book_as_proposed(entry=back.pk, actor=head)
    cancel_invoice(invoice=debit.invoice_id, reason="x", actor=head)
    assert refusal(lambda: undo_entry(entry=back.pk, reason="x", actor=head)) == "debititem_of_cancelled"


def test_invoice_is_not_cancelled_while_its_debit_is_at_the_bank(head, till):
    file, [debit] = at_bank(head, till)
    with pytest.raises(ValidationError) as caught:
        cancel_invoice(invoice=debit.invoice_id, reason="x", actor=head)
    assert caught.value.code == "invoice_not_at_bank"
    assert debit.end_to_end_id in str(caught.value)
    collect_debits(file=file.pk, on=TODAY(), actor=head)
    cancel_invoice(invoice=debit.invoice_id, reason="x", actor=head)
    assert amounts(head, debit.customer) == (0, 0)


def test_debits_are_booked_at_the_central_alone(head, till):
    _file, [debit] = at_bank(head, till)
    one = entry(head, came_back(debit))
    with pytest.raises(DebitsAtCentral):
        book_as_proposed(entry=one.pk, actor=till)


def test_of_whoever_is_erased_the_bank_says_nothing_any_more(head, till):
    file, [debit] = at_bank(head, till)
    one = entry(head, collected(debit, counterparty_name="Gast"))
    book_as_proposed(entry=one.pk, actor=head)
    erase_customer(customer=debit.customer_id or 0, reason="Wunsch", actor=head)
    with row_scope.rows_of(head):
        one.refresh_from_db()
    assert (one.counterparty_name, one.end_to_end_id, one.state) == ("", "", "booked")
    assert refusal(lambda: undo_entry(entry=one.pk, reason="x", actor=head)) == "movement_of_nobody"
    back = entry(head, came_back(debit), number="2")
    assert refusal(lambda: book_as_proposed(entry=back.pk, actor=head)) == "movement_accounts_of_ledger"
    assert states(head, file) == ["collected"]


# --- proposals of several statements ----------------------------------------------------------------------------------


def test_item_that_is_sure_in_one_statement_is_not_sure_in_another(head, till):
    billed_before = debtor(till, last_name="Zahlt")
    [invoice] = billed(head)
    first = entry(head, paid("10.70", invoice.number, reference="A"), number="1")
    second = entry(head, paid("10.70", invoice.number, reference="B"), number="2")
    assert (first.confidence, second.confidence, doubts(second)) == ("sure", "probable", ["elsewhere"])
    book_as_proposed(entry=first.pk, actor=head)
    sale(head, billed_before, "10.70", "Bon 2")
    assert refusal(lambda: book_as_proposed(entry=second.pk, actor=head)) == "bankentry_proposed_anew"
    with row_scope.rows_of(head):
        second.refresh_from_db()
    assert (second.state, second.proposal) == ("open", {})
    assert [one.state for one in entries_of(head, first.statement)] == ["booked"]
