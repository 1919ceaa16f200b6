"""Many at once at one account, opposite transfers, and writers that are killed: no cent is lost, doubled or made."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum

from accounting.models import Account, Ledger, LedgerException, Movement
from accounting.operations import decide_exception, post_sale, reverse, set_terms, top_up, transfer_credit, use_credit
from mcp.isolation.scope import Scope
from tests.accounting.accounts import ADDRESS, account, amounts, guest, key, terms
from tests.customers.people import customer
from tests.customers.test_cards_at_once import at_once
from tests.isolation.faults.points import let_the_database_notice
from tests.isolation.faults.servers import variables

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


def test_credit_for_ten_is_used_ten_times_by_sixty_four(anna):
    whose = guest(anna)
    top_up(customer=whose.pk, amount=Decimal(10), key=key(), actor=anna)
    told = at_once(
        anna,
        *(lambda: use_credit(customer=whose.pk, amount=Decimal(1), key=key(), actor=anna) for _writer in range(64)),
    )
    assert told == [""] * 10 + ["below_zero"] * 54
    assert amounts(anna, whose) == (0, 0)
    assert Movement.objects.filter(kind="use").count() == 10


def test_one_key_sent_by_many_has_one_effect(anna):
    whose, one = guest(anna), key()
    told = at_once(
        anna, *(lambda: post_sale(customer=whose.pk, amount=Decimal(3), key=one, actor=anna) for _sender in range(16))
    )
    assert told == [""] * 16
    assert (amounts(anna, whose), Movement.objects.count()) == ((3, 0), 1)


def test_one_key_for_two_contents_lets_one_through(anna):
    """For accounts that no lock has in common: the key alone decides."""
    guests, one = [guest(anna, last_name=f"Gast{at}") for at in range(4)], key()
    told = at_once(
        anna,
        *(lambda who=who: post_sale(customer=who.pk, amount=Decimal(3), key=one, actor=anna) for who in guests),
    )
    assert told == ["", *["movement_key_once"] * 3]
    assert Movement.objects.count() == 1


def test_what_is_sent_later_opens_one_account_and_is_decided_once(anna):
    """Eight tills send what they have sold without a connection to somebody who has no account; two people decide."""
    whose = customer(anna, last_name="Gast", **ADDRESS)
    told = at_once(
        anna,
        *(
            lambda: post_sale(customer=whose.pk, amount=Decimal(3), key=key(), is_late=True, actor=anna)
            for _till in range(8)
        ),
    )
    assert told == [""] * 8
    assert (amounts(anna, whose), Account.objects.filter(customer=whose).count()) == ((24, 0), 2)
    assert LedgerException.objects.open().count() == 8
    waiting = LedgerException.objects.all()[0].pk
    told = at_once(anna, *(lambda: decide_exception(exception=waiting, note="Gut", actor=anna) for _person in range(4)))
    assert told == ["", *["ledgerexception_decided_once"] * 3]


def test_two_reverse_and_one_of_them_does(anna):
    whose = guest(anna)
    sale = post_sale(customer=whose.pk, amount=Decimal(3), key=key(), actor=anna).movement
    told = at_once(
        anna, *(lambda: reverse(movement=sale.pk, reason="x", key=key(), actor=anna) for _person in range(4))
    )
    assert told == ["", *["movement_reversed_once"] * 3]
    assert amounts(anna, whose) == (0, 0)


def test_ledger_and_accounts_are_opened_once_by_whoever_is_first(anna):
    guests = [customer(anna, last_name=f"Gast{at}", **ADDRESS) for at in range(3)]
    told = at_once(anna, *(lambda who=who: terms(anna, who) for who in guests * 2))
    assert told == [""] * 6
    assert (Ledger.objects.count(), Account.objects.count()) == (1, 6)
    sold = at_once(
        anna, *(lambda who=who: post_sale(customer=who.pk, amount=Decimal(3), key=key(), actor=anna) for who in guests)
    )
    assert sold == [""] * 3
    assert Account.objects.filter(kind="sales").count() == 1


def test_limit_and_sale_at_once_leave_the_account_within_its_limit(anna):
    """Whoever comes first: the limit is lowered before the sale, which is refused then, or after it."""
    whose = guest(anna)
    told = at_once(
        anna,
        *(lambda: post_sale(customer=whose.pk, amount=Decimal(30), key=key(), actor=anna) for _till in range(6)),
        lambda: set_terms(
            customer=whose.pk, may_buy_on_account=True, may_hold_credit=True, hard_limit=Decimal(60), actor=anna
        ),
    )
    sold = Movement.objects.count()
    assert set(told) <= {"", "limit"}
    assert sold in (2, 3)
    assert amounts(anna, whose) == (30 * sold, 0)
    found = account(anna, whose, "owed")
    assert (found.floor, found.overdraft) == (-60, max(0, 30 * sold - 60))


def test_opposite_transfers_never_wait_for_each_other(anna):
    """Eight that move credit from one to the other, eight the other way round, again and again."""
    one, other = guest(anna), guest(anna, last_name="Anders")
    for who in (one, other):
        top_up(customer=who.pk, amount=Decimal(500), key=key(), actor=anna)

    def moving(giver: Any, receiver: Any) -> Callable[[], None]:
        def move() -> None:
            for _turn in range(6):
                transfer_credit(
                    customer=giver.pk, receiver=receiver.pk, amount=Decimal(1), reason="x", key=key(), actor=anna
                )

        return move

    told = at_once(anna, *(moving(*pair) for pair in [(one, other), (other, one)] * 8))
    assert told == [""] * 16
    assert Movement.objects.filter(kind="correction").count() == 96
    assert amounts(anna, one)[1] + amounts(anna, other)[1] == 1000


def test_bank_with_killed_writers_has_the_same_total_whenever_one_looks(anna):
    """Six processes move credit among ten customers; two of them are killed in the middle, whatever they are at."""
    guests = [guest(anna, last_name=f"Gast{at}") for at in range(10)]
    for who in guests:
        top_up(customer=who.pk, amount=Decimal(100), key=key(), actor=anna)
    accounts = [account(anna, who, "credit").pk for who in guests]
    ledger = Ledger.objects.get()
    place = [anna.base.pk, anna.organization.pk, anna.location.pk, ledger.pk]
    writers = [_writer([*place, seed, *accounts]) for seed in range(6)]
    try:
        for one in writers:
            assert one.stdout is not None
            assert one.stdout.readline() == b"ready\n"
        wrong, reads = _watched(accounts, until=150, killed=writers[:2])
    finally:
        for one in writers:
            one.kill()
            one.wait(timeout=30)
            assert one.stdout is not None
            one.stdout.close()
    let_the_database_notice()
    assert wrong == []
    assert reads >= 150
    assert {one.returncode for one in writers} == {-signal.SIGKILL}
    assert Movement.objects.filter(kind="correction").count() > 20
    for pk in accounts:
        debited = Movement.objects.filter(debit=pk).aggregate(sum=Sum("amount"))["sum"] or 0
        credited = Movement.objects.filter(credit=pk).aggregate(sum=Sum("amount"))["sum"] or 0
        found = Account.objects.get(pk=pk)
        assert found.balance == credited - debited >= 0


def _writer(arguments: list[int]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.accounting.bank", *map(str, arguments)]
    return subprocess.Popen(command, env=variables(), stdout=subprocess.PIPE)


def _watched(accounts: list[int], *, until: int, killed: list[subprocess.Popen[bytes]]) -> tuple[list[Any], int]:
    """Read the total again and again; kill one writer after a third of the reads, and one after two thirds."""
    wrong: list[Any] = []
    victims = list(killed)
    for turn in range(until):
        with connection.cursor() as cursor:
            cursor.execute("SELECT sum(balance), min(balance) FROM accounting_account WHERE id = ANY(%s)", [accounts])
            total, lowest = cursor.fetchone()
        if total != 1000 or lowest < 0:
            wrong.append((turn, total, lowest))
        if victims and turn == until * (len(killed) - len(victims) + 1) // (len(killed) + 1):
            victims.pop().kill()
        threading.Event().wait(0.01)
    return wrong, until
