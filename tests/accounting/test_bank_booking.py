"""Entries of the bank are booked once, whole, and to whom they belong; undone they are open again."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection
from django.utils import timezone

from accounting.models import Allocation, BankBooking, BankEntry, Movement
from accounting.operations import Part, reverse
from accounting.payments import (
    Share,
    book_all_sure,
    book_as_proposed,
    book_entry,
    ignore_entry,
    propose_for,
    reopen_entry,
    undo_entry,
)
from accounting.payments.deciding import movements_of
from customers.erasure import erase_customer
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import MissingRight, Scope
from tests.accounting.accounts import amounts, guest, key
from tests.accounting.bank_files import DAY, book_now, entries_of, gone, paid, sale, statement, told
from tests.accounting.banking.files import KANTINE

TEN = Decimal("10.00")


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Zentrale")


def refusal(call) -> str:
    with pytest.raises(ValidationError) as refused:
        call()
    return str(refused.value.error_list[0].code)


def only(scope, of) -> BankEntry:
    [entry] = entries_of(scope, of)
    return entry


def test_entry_is_booked_as_proposed_and_pays_that_item_first(anna):
    whose = guest(anna)
    sale(anna, whose, "20.00", "RE-2026-0001")
    wanted = sale(anna, whose, "30.00", "RE-2026-0002")
    entry = only(anna, statement(anna, paid("30.00", "RE-2026-0002")))
    [movement] = book_as_proposed(entry=entry.pk, actor=anna)
    assert (movement.kind, movement.amount, movement.document) == ("payment", 30, "Bank …3000 08.01.2026")
    assert movement.business_day == DAY
    assert amounts(anna, whose) == (20, 0)
    with row_scope.rows_of(anna):
        assert [one.item_id for one in Allocation.objects.filter(payment=movement)] == [wanted.pk]
        entry.refresh_from_db()
        assert (entry.state, entry.decided_by, entry.decided_user) == ("booked", "Anna Andresen", anna.user.pk)
        assert [one.pk for one in movements_of(entry)] == [movement.pk]


def test_second_booking_is_refused_and_books_nothing(anna):
    whose = guest(anna)
    sale(anna, whose, "30.00", "RE-2026-0002")
    entry = only(anna, statement(anna, paid("30.00", "RE-2026-0002")))
    book_as_proposed(entry=entry.pk, actor=anna)
    shares = [Share(customer=whose.pk, amount=Decimal(30))]
    assert refusal(lambda: book_entry(entry=entry.pk, shares=shares, actor=anna)) == "bankentry_open"
    assert refusal(lambda: book_as_proposed(entry=entry.pk, actor=anna)) == "bankentry_open"
    assert amounts(anna, whose) == (0, 0)


def test_payment_for_two_customers_is_two_movements_and_is_undone_whole(anna):
    one, other = guest(anna, last_name="Eins"), guest(anna, last_name="Zwei")
    sale(anna, one, "10.00", "RE-2026-0001")
    sale(anna, other, "20.00", "RE-2026-0002")
    found = statement(anna, paid("30.00", "RE-2026-0001 RE-2026-0002"))
    entry = only(anna, found)
    assert told(anna, found) == [("open", "sure")]
    movements = book_as_proposed(entry=entry.pk, actor=anna)
    assert sorted(one.amount for one in movements) == [10, 20]
    back = lambda: reverse(movement=movements[0].pk, reason="x", key=key(), actor=anna)  # noqa: E731
    assert refusal(back) == "bankentry_undone_whole"
    undo_entry(entry=entry.pk, reason="Falscher Kunde", actor=anna)
    assert (amounts(anna, one), amounts(anna, other), told(anna, found)) == ((10, 0), (20, 0), [("open", "sure")])
    shares = [Share(customer=one.pk, amount=Decimal(5)), Share(customer=other.pk, amount=Decimal(25))]
    book_entry(entry=entry.pk, shares=shares, actor=anna)
    assert (amounts(anna, one), amounts(anna, other)) == ((5, 0), (-5, 0))


def test_reversal_at_the_account_opens_the_entry(anna):
    whose = guest(anna)
    sale(anna, whose, "30.00", "RE-2026-0002")
    found = statement(anna, paid("30.00", "RE-2026-0002"))
    entry = only(anna, found)
    for _time in range(2):
        [movement] = book_as_proposed(entry=entry.pk, actor=anna)
        reverse(movement=movement.pk, reason="x", key=key(), actor=anna)
        assert (told(anna, found), amounts(anna, whose)) == ([("open", "sure")], (30, 0))
    with row_scope.rows_of(anna):
        assert (movements_of(entry), BankBooking.objects.count()) == ([], 2)
    assert refusal(lambda: undo_entry(entry=entry.pk, reason="x", actor=anna)) == "bankentry_open"


def test_shares_that_are_not_the_amount_and_money_that_went_out_are_refused(anna):
    whose = guest(anna)
    item = sale(anna, whose, "30.00", "RE-2026-0002")
    found = statement(anna, paid("10.00"), gone("10.00"), paid("10.00", "x", is_return=True))
    entries = entries_of(anna, found)

    def book(entry: BankEntry, *shares: Share) -> None:
        book_entry(entry=entry.pk, shares=shares, actor=anna)

    half, whole = Share(customer=whose.pk, amount=Decimal(5)), Share(customer=whose.pk, amount=TEN)
    assert refusal(lambda: book(entries[0], half)) == "bankentry_booked_whole"
    assert refusal(lambda: book(entries[0], half, half)) == "bankentry_booked_whole"
    assert refusal(lambda: book(entries[0])) == "bankentry_booked_whole"
    for entry in entries[1:]:
        assert refusal(lambda entry=entry: book(entry, whole)) == "bankentry_booked_where_paid"
    much = Share(customer=whose.pk, amount=TEN, parts=[Part(item.pk, Decimal(11))])
    assert refusal(lambda: book(entries[0], much)) == "allocation_within_both"
    assert refusal(lambda: book_as_proposed(entry=entries[0].pk, actor=anna)) == "bankentry_without_proposal"
    assert amounts(anna, whose) == (30, 0)


def test_too_much_goes_to_the_one_customer_who_is_named_and_to_nobody_of_two(anna):
    one, other = guest(anna, last_name="Eins"), guest(anna, last_name="Zwei")
    sale(anna, one, "10.00", "RE-2026-0001")
    sale(anna, other, "20.00", "RE-2026-0002")
    found = statement(anna, paid("31.00", "RE-2026-0001 RE-2026-0002"))
    assert refusal(lambda: book_as_proposed(entry=only(anna, found).pk, actor=anna)) == "bankentry_rest"
    [_first, second] = [*entries_of(anna, found), *entries_of(anna, statement(anna, paid("12.00", "RE-2026-0001")))]
    book_as_proposed(entry=second.pk, actor=anna)
    assert amounts(anna, one) == (-2, 0)


def test_entry_is_left_out_with_a_note_and_taken_up_again(anna):
    found = statement(anna, gone("4.00", "Kontoführung"))
    entry = only(anna, found)
    with pytest.raises(ValidationError):
        ignore_entry(entry=entry.pk, note=" ", actor=anna)
    left = ignore_entry(entry=entry.pk, note="Gebühr der Bank", actor=anna)
    assert (left.state, left.note, left.decided_by, left.decided_user) == (
        "ignored", "Gebühr der Bank", "Anna Andresen", anna.user.pk,
    )  # fmt: skip
    assert refusal(lambda: ignore_entry(entry=entry.pk, note="x", actor=anna)) == "bankentry_open"
    reopen_entry(entry=entry.pk, actor=anna)
    assert told(anna, found) == [("open", "none")]
    assert refusal(lambda: reopen_entry(entry=entry.pk, actor=anna)) == "bankentry_open"


def test_all_that_is_sure_is_booked_and_the_rest_waits(anna):
    whose = guest(anna)
    for number in (1, 2, 3):
        sale(anna, whose, "10.00", f"RE-2026-000{number}")
    found = statement(
        anna,
        paid("10.00", "RE-2026-0001"),
        paid("10.00", "RE-2026-0002"),
        paid("9.00", "RE-2026-0003"),
        gone("1.00"),
    )
    book_all_sure(statement=found.pk, actor=anna)
    book_all_sure(statement=found.pk, actor=anna)  # it is under way already
    book_now(anna, found)
    assert told(anna, found) == [("booked", "sure")] * 2 + [("open", "probable"), ("open", "none")]
    assert amounts(anna, whose) == (10, 0)
    found.refresh_from_db()
    assert (found.state, found.failure) == ("ready", [])
    book_now(anna, found)
    assert amounts(anna, whose) == (10, 0)


def test_what_is_not_sure_any_more_is_left_to_somebody(anna):
    """Paid at the till between the proposal and the click: it is proposed no more, and others go on."""
    whose, archived = guest(anna), guest(anna, last_name="Zwei")
    first, second = sale(anna, whose, "10.00", "RE-2026-0001"), sale(anna, archived, "10.00", "RE-2026-0002")
    found = statement(anna, paid("10.00", "RE-2026-0001"), paid("10.00", "RE-2026-0002"))
    reverse(movement=first.pk, reason="Storno", key=key(), actor=anna)
    book_all_sure(statement=found.pk, actor=anna)
    book_now(anna, found)
    assert told(anna, found) == [("open", "none"), ("booked", "sure")]
    assert amounts(anna, archived) == (0, 0)
    assert second.amount == 10


def test_one_that_the_database_refuses_keeps_no_other_from_being_booked(anna, monkeypatch):
    """Two payments for one item, each of which looks sure by itself."""
    whose = guest(anna)
    sale(anna, whose, "10.00", "RE-2026-0001")
    first = statement(anna, paid("10.00", "RE-2026-0001", reference="A"))
    second = statement(anna, paid("10.00", "RE-2026-0001", reference="B"), number="8")
    assert (told(anna, first), told(anna, second)) == ([("open", "sure")], [("open", "probable")])
    with row_scope.rows_of(anna):  # as two who read at the same moment leave it
        BankEntry.objects.update(confidence="sure")
    monkeypatch.setattr("accounting.payments.booking_all.propose_entries", lambda statement, only=None: None)
    for one in (first, second):
        book_all_sure(statement=one.pk, actor=anna)
        book_now(anna, one)
    assert (told(anna, first), told(anna, second)) == ([("booked", "sure")], [("open", "probable")])
    assert amounts(anna, whose) == (0, 0)


def test_proposals_follow_what_is_open_and_known_accounts(anna):
    """Somebody whose account was told by a booking is known by it from then on."""
    whose = guest(anna)
    sale(anna, whose, "10.00", "A")
    first = statement(anna, paid("10.00", "?", counterparty_iban=KANTINE))
    assert told(anna, first) == [("open", "none")]
    book_entry(entry=only(anna, first).pk, shares=[Share(customer=whose.pk, amount=TEN)], actor=anna)
    second = statement(anna, paid("12.00", "?", counterparty_iban=KANTINE), number="8")
    assert told(anna, second) == [("open", "none")]
    sale(anna, whose, "12.00", "B")
    propose_for(statement=second.pk, actor=anna)
    assert told(anna, second) == [("open", "sure")]


@pytest.mark.parametrize(("days", "is_kept"), [(3, True), (400, False), (-3, False)])
def test_business_day_is_that_of_the_bank_where_it_can_be(anna, days, is_kept):
    whose, today = guest(anna), timezone.localdate()
    booked_on = today - timedelta(days=days)
    sale(anna, whose, "10.00", "RE-2026-0001")
    found = statement(anna, paid("10.00", "RE-2026-0001", booked_on=booked_on, valued_on=booked_on))
    [movement] = book_as_proposed(entry=only(anna, found).pk, actor=anna)
    assert movement.business_day == (booked_on if is_kept else today)


def test_right_to_take_in_statements_suffices_and_undoing_takes_that_to_correct(anna):
    whose = guest(anna)
    sale(anna, whose, "10.00", "RE-2026-0001")

    def with_rights(*rights: Right) -> Scope:
        return Scope(user=anna.user, location=anna.location, rights=frozenset(rights))

    collector = with_rights(Right.COLLECT_PAYMENTS)
    found = statement(collector, paid("10.00", "RE-2026-0001"))
    entry = only(anna, found)
    book_as_proposed(entry=entry.pk, actor=collector)
    for rights in ([Right.COLLECT_PAYMENTS], [Right.CORRECT_ACCOUNTS]):
        with pytest.raises(MissingRight):
            undo_entry(entry=entry.pk, reason="x", actor=with_rights(*rights))
    undo_entry(entry=entry.pk, reason="x", actor=with_rights(Right.COLLECT_PAYMENTS, Right.CORRECT_ACCOUNTS))


def test_erased_customer_is_in_no_entry_that_was_booked_to_him(anna):
    whose, other = guest(anna), guest(anna, last_name="Zwei")
    words = {"counterparty_name": "Gast Geheim", "counterparty_iban": KANTINE, "end_to_end_id": "E", "mandate_id": "M"}
    sale(anna, whose, "10.00", "RE-2026-0001")
    found = statement(anna, paid("10.00", "RE-2026-0001 Geheim", **words), paid("5.00", "von einem anderen", **words))
    first, second = entries_of(anna, found)
    book_as_proposed(entry=first.pk, actor=anna)
    book_entry(entry=second.pk, shares=[Share(customer=whose.pk, amount=Decimal(5))], actor=anna)
    undo_entry(entry=second.pk, reason="x", actor=anna)
    book_entry(entry=second.pk, shares=[Share(customer=other.pk, amount=Decimal(5))], actor=anna)
    erase_customer(customer=whose.pk, reason="Wunsch", actor=anna)
    first, second = entries_of(anna, found)
    said = (first.counterparty_name, first.counterparty_iban, first.purpose, first.end_to_end_id, first.mandate_id)
    assert (said, first.amount, first.state) == (("",) * 5, 10, "booked")
    assert (second.counterparty_name, second.purpose) == ("Gast Geheim", "von einem anderen")


@pytest.mark.parametrize(
    "statement_sql",
    [
        "UPDATE accounting_bankentry SET state = 'booked', decided_by = 'x', decided_at = now()",
        "UPDATE accounting_bankentry SET state = 'returned', decided_by = 'x', decided_at = now()",
        "UPDATE accounting_bankentry SET amount = 1",
        "UPDATE accounting_bankentry SET fingerprint = 'x'",
        "DELETE FROM accounting_bankentry",
        "INSERT INTO accounting_bankbooking SELECT * FROM accounting_bankbooking",
        "DELETE FROM accounting_bankstatement",
        "UPDATE accounting_bankstatement SET total = 9",
        "UPDATE accounting_bankaccount SET iban = 'x'",
        "SELECT accounting_forget_entries({base}, {customer})",
        "SELECT accounting_book_entries({base} + 1, 1, 'x', '[]')",
    ],
)
def test_role_that_serves_cannot_write_what_was_read(anna, statement_sql):
    whose = guest(anna)
    statement(anna, paid("10.00"))
    with pytest.raises(DatabaseError), row_scope.rows_of(anna), connection.cursor() as cursor:
        cursor.execute(statement_sql.format(base=anna.base.pk, customer=whose.pk))


def test_sum_of_movements_is_that_of_booked_entries(anna):
    """Whatever was done: some booked, one undone, one left out, one booked anew to somebody else."""
    one, other = guest(anna, last_name="Eins"), guest(anna, last_name="Zwei")
    for at, whose in enumerate((one, other, one, other)):
        sale(anna, whose, f"{at + 1}0.00", f"RE-2026-000{at}")
    found = statement(anna, *(paid(f"{at + 1}0.00", f"RE-2026-000{at}") for at in range(4)), paid("7.00"))
    book_all_sure(statement=found.pk, actor=anna)
    book_now(anna, found)
    entries = entries_of(anna, found)
    undo_entry(entry=entries[0].pk, reason="x", actor=anna)
    undo_entry(entry=entries[1].pk, reason="x", actor=anna)
    book_entry(entry=entries[1].pk, shares=[Share(customer=one.pk, amount=Decimal(20))], actor=anna)
    ignore_entry(entry=entries[4].pk, note="x", actor=anna)
    booked = [one for one in entries_of(anna, found) if one.state == "booked"]
    with row_scope.rows_of(anna):
        movements = [movement for entry in booked for movement in movements_of(entry)]
        paid_in = Movement.objects.filter(kind="payment").exclude(
            pk__in=Movement.objects.filter(kind="reversal").values("reverses")
        )
        assert sum(one.amount for one in movements) == sum(one.amount for one in booked) == 90
        assert {one.pk for one in paid_in} == {one.pk for one in movements}
