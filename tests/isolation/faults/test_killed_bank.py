"""Whoever books a bank statement, or reads one, is killed anywhere: no entry is booked twice, or half, or lost."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.db.models import Sum

from accounting.models import BankBooking, BankEntry, BankStatement, Movement
from accounting.payments import book_all_sure
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.worker.somebody import for_somebody
from tests.accounting.accounts import guest
from tests.accounting.bank_files import file_of, own_account, paid, read, sale
from tests.isolation.faults.points import killed_at
from tests.isolation.faults.warm import Warm, Work
from tests.proofs.sampling import Sample

pytestmark = [pytest.mark.isolation, pytest.mark.django_db(transaction=True)]

ENTRIES = 450
POINTS = (
    "accounting_bankentry", "accounting_movement", "accounting_allocation", "accounting_bankbooking",
    "accounting_bankstatement",
)  # fmt: skip
"""The tables that booking writes, in which a worker is killed. The last one is written when all is booked."""
READING = "tests.isolation.faults.reading_files.read_again"


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


def begin(warm: Warm, of: BankStatement, scope: Scope) -> Work:
    return warm.begin("accounting.tasks.book_sure", {"statement": str(of.pk), **for_somebody(scope)})


def seen(scope: Scope) -> tuple[int, Any, int, int]:
    """Entries that are booked and their sum, and the same of what was posted."""
    with row_scope.rows_of(scope):
        booked = BankEntry.objects.filter(state="booked")
        posted = Movement.objects.filter(kind="payment")
        assert booked.aggregate(sum=Sum("amount")) == posted.aggregate(sum=Sum("amount"))
        assert BankBooking.objects.count() == posted.count()
        return booked.count(), posted.count(), BankEntry.objects.count(), BankStatement.objects.count()


@pytest.mark.sample("workers killed and web processes", most=2)
@pytest.mark.about("accounting/payments/booking_all.py", "accounting/tasks.py")
def test_a_killed_worker_books_no_entry_twice_and_none_half(anna, warm: Warm, sample: Sample):
    """The first piece is not there before it is whole; where all is booked, what is left is to say so."""
    whose = guest(anna)
    for number in range(ENTRIES):
        sale(anna, whose, "10.00", f"RE-2026-{number:05}")
    own_account(anna)
    [found] = read(anna, file_of(*(paid("10.00", f"RE-2026-{number:05}") for number in range(ENTRIES)))).statements
    book_all_sure(statement=found.pk, actor=anna)
    for point in sample.part(POINTS, of=3):
        killed_at(point, partial(begin, warm, found, anna))
        booked, posted, entries, _statements = seen(anna)
        assert (booked, posted) in {(0, 0), (ENTRIES, ENTRIES)}, f"half of a piece is there, killed at {point}"
        assert entries == ENTRIES
    for _time in ("after the kills", "once more, although it is done"):
        begin(warm, found, anna).finish()
        assert seen(anna) == (ENTRIES, ENTRIES, ENTRIES, 1)
    with row_scope.rows_of(anna):
        found.refresh_from_db()
    assert found.state == "ready"


@pytest.mark.sample("workers killed and web processes", most=2)
@pytest.mark.about("accounting/payments/reading.py")
def test_whoever_reads_a_file_and_is_killed_leaves_nothing_of_it(anna, warm: Warm, tmp_path):
    whose = guest(anna)
    sale(anna, whose, "10.00", "RE-2026-00001")
    own_account(anna)
    file = tmp_path / "auszug.xml"
    file.write_bytes(file_of(paid("10.00", "RE-2026-00001"), paid("7.00", "Sonst")))

    def reading() -> Work:
        return warm.begin(READING, {"path": str(file), **for_somebody(anna)})

    for point in ("accounting_bankstatement", "accounting_bankentry"):
        killed_at(point, reading)
        assert seen(anna) == (0, 0, 0, 0)
    for _time in range(2):
        reading().finish()
        assert seen(anna) == (0, 0, 2, 1)
