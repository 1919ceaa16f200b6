"""Many entries at once, in the order of minutes that nobody waits; and whatever is done, sums fit."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounting.models import BankEntry
from accounting.operations import reverse
from accounting.payments import (
    Share,
    book_all_sure,
    book_as_proposed,
    book_entry,
    ignore_entry,
    reopen_entry,
    undo_entry,
)
from accounting.payments.deciding import movements_of_all
from accounting.payments.open_ones import open_ones
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import amounts, guest, key
from tests.accounting.bank_files import book_now, entries_of, file_of, own_account, paid, read, sale, statement

MANY = 120
"""As many as make three pieces of fifty. Of ten thousand docs/accounting.md tells."""


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Zentrale")


@pytest.mark.django_db
def test_many_entries_are_read_proposed_and_booked_in_pieces(anna, monkeypatch):
    monkeypatch.setattr("accounting.payments.booking_all.PIECE", 50)
    guests = [guest(anna, last_name=f"Gast{at}", hard_limit=Decimal(100_000)) for at in range(3)]
    for number in range(MANY):
        sale(anna, guests[number % 3], "10.00", f"RE-2026-{number:05}")
    own_account(anna)
    content = file_of(*(paid("10.00", f"RE-2026-{number:05}") for number in range(MANY)))
    begun = time.perf_counter()
    [found] = read(anna, content).statements
    book_all_sure(statement=found.pk, actor=anna)
    book_now(anna, found)
    took = time.perf_counter() - begun
    assert {one.state for one in entries_of(anna, found)} == {"booked"}
    assert [amounts(anna, whose) for whose in guests] == [(0, 0)] * 3
    assert took < 60


@pytest.mark.django_db
def test_what_is_open_is_read_in_the_same_queries_for_one_and_for_three(anna, django_assert_num_queries):
    whose = guest(anna)
    for number in range(3):
        ledger = sale(anna, whose, "10.00", f"RE-2026-{number:05}").ledger
        with row_scope.rows_of(anna), django_assert_num_queries(4):
            assert len(open_ones(ledger).items) == number + 1


STEPS = st.lists(
    st.tuples(st.sampled_from(["proposed", "book", "two", "undo", "reverse", "ignore", "reopen"]), st.integers(0, 3)),
    max_size=12,
)


@pytest.mark.django_db
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_is_done_booked_entries_are_what_was_posted(anna, steps):
    one, other = guest(anna, last_name="Eins"), guest(anna, last_name="Zwei")
    tag = key()
    for at, whose in enumerate((one, other, one)):
        sale(anna, whose, f"{at + 1}0.00", f"RE-{tag}-000{at}")
    found = statement(
        anna,
        *(paid(f"{at + 1}0.00", f"RE-{tag}-000{at}", reference=f"{tag}{at}") for at in range(3)),
        paid("9.00", reference=f"{tag}x"),
        number=tag,
    )
    for step, at in steps:
        entry = entries_of(anna, found)[at]
        try:
            _take(step, entry, one.pk, other.pk, anna)
        except ValidationError:
            continue
    with row_scope.rows_of(anna):
        entries = entries_of(anna, found)
        posted = movements_of_all(entries)
        for entry in entries:
            expected = entry.amount if entry.state == "booked" else 0
            assert sum(movement.amount for movement in posted[entry.pk]) == expected
    owed = amounts(anna, one)[0] + amounts(anna, other)[0]
    assert owed == 60 - sum(entry.amount for entry in entries if entry.state == "booked")


def _take(step: str, entry: BankEntry, one: int, other: int, actor: Scope) -> None:
    """Do one step to the entry, allowed or not."""
    whole = [Share(customer=other, amount=entry.amount)]
    halves = [Share(customer=one, amount=Decimal(4)), Share(customer=other, amount=entry.amount - 4)]
    ways: dict[str, Callable[[], object]] = {
        "proposed": lambda: book_as_proposed(entry=entry.pk, actor=actor),
        "book": lambda: book_entry(entry=entry.pk, shares=whole, actor=actor),
        "two": lambda: book_entry(entry=entry.pk, shares=halves, actor=actor),
        "undo": lambda: undo_entry(entry=entry.pk, reason="x", actor=actor),
        "reverse": lambda: [
            reverse(movement=made.pk, reason="x", key=key(), actor=actor)
            for made in movements_of_all([entry])[entry.pk]
        ],
        "ignore": lambda: ignore_entry(entry=entry.pk, note="x", actor=actor),
        "reopen": lambda: reopen_entry(entry=entry.pk, actor=actor),
    }
    ways[step]()
