"""Entries of the bank at once: two read one file, many book one entry, and the worker beside somebody."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import pytest

from accounting.models import BankEntry, Movement
from accounting.operations import reverse
from accounting.payments import Share, book_all_sure, book_as_proposed, book_entry, ignore_entry
from mcp.isolation import row_scope
from tests.accounting.accounts import amounts, guest, key
from tests.accounting.bank_files import book_now, entries_of, file_of, own_account, paid, read, sale, statement
from tests.customers.test_cards_at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Zentrale")


def test_one_file_that_several_read_at_once_is_stored_once(anna):
    own_account(anna)
    content = file_of(*(paid(f"{at}.00", f"Nr {at}") for at in range(1, 30)))
    assert at_once(anna, *(lambda: read(anna, content) for _person in range(4))) == [""] * 4
    with row_scope.rows_of(anna):
        assert BankEntry.objects.count() == 29


def test_one_entry_that_many_decide_at_once_is_decided_once(anna):
    whose = guest(anna)
    sale(anna, whose, "10.00", "RE-2026-0001")
    [entry] = entries_of(anna, statement(anna, paid("10.00", "RE-2026-0001")))
    shares = [Share(customer=whose.pk, amount=Decimal(10))]
    told = at_once(
        anna,
        *(lambda: book_as_proposed(entry=entry.pk, actor=anna) for _person in range(3)),
        *(lambda: book_entry(entry=entry.pk, shares=shares, actor=anna) for _person in range(3)),
        lambda: ignore_entry(entry=entry.pk, note="x", actor=anna),
    )
    assert told == ["", *["bankentry_open"] * 6]
    entry.refresh_from_db()
    assert Movement.objects.filter(kind="payment").count() == (1 if entry.state == "booked" else 0)


def test_worker_and_people_book_each_entry_once(anna):
    whose = guest(anna)
    for number in range(12):
        sale(anna, whose, "10.00", f"RE-2026-{number:04}")
    found = statement(anna, *(paid("10.00", f"RE-2026-{number:04}") for number in range(12)))
    book_all_sure(statement=found.pk, actor=anna)
    entries = entries_of(anna, found)
    told = at_once(
        anna,
        lambda: book_now(anna, found),
        *(lambda one=one: book_as_proposed(entry=one.pk, actor=anna) for one in entries[::3]),
    )
    assert set(told) <= {"", "bankentry_open"}
    assert {one.state for one in entries_of(anna, found)} == {"booked"}
    assert (amounts(anna, whose), Movement.objects.filter(kind="payment").count()) == ((0, 0), 12)


def test_booking_and_taking_back_at_once_leave_the_entry_as_its_movements_are(anna):
    whose = guest(anna)
    sale(anna, whose, "10.00", "RE-2026-0001")
    [entry] = entries_of(anna, statement(anna, paid("10.00", "RE-2026-0001")))
    for _round in range(5):
        [movement] = book_as_proposed(entry=entry.pk, actor=anna)
        told = at_once(
            anna,
            partial(reverse, movement=movement.pk, reason="x", key=key(), actor=anna),
            *(lambda: book_as_proposed(entry=entry.pk, actor=anna) for _person in range(2)),
        )
        assert told.count("bankentry_open") in (1, 2)
        entry.refresh_from_db()
        assert amounts(anna, whose) == ((0, 0) if entry.state == "booked" else (10, 0))
        if entry.state == "booked":
            last = Movement.objects.filter(kind="payment").latest("posted_at")
            reverse(movement=last.pk, reason="x", key=key(), actor=anna)
