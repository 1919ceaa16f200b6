"""Taking back a sum of many debits: the worker does it, whole or not at all, and one at a time at a statement."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounting.debits.outcomes import return_debit
from accounting.models import BankEntry, BankStatement, DebitFile, Movement
from accounting.payments import book_as_proposed, undo_entry
from accounting.payments.refusals import EntryRefused
from accounting.tasks import book_sure
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import MissingRight, Scope
from mcp.models import OrganizationGrant
from tests.accounting.debits import creditor, debits, states
from tests.accounting.returned import SUM, at_bank, entry, in_sum
from tests.accounting.test_account_pages import german
from tests.customers.test_cards_at_once import at_once

TASK = "accounting.tasks.book_sure"
PAGE = "/10400/1/accounting/accountterms/bank/"


@pytest.fixture
def till(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def head(cast, monkeypatch) -> Scope:
    monkeypatch.setattr("accounting.payments.deciding.AT_ONCE", 2)
    scope: Scope = cast.scope("anna", "Zentrale")
    creditor(scope)
    return scope


def jobs() -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = %s", [TASK])
        return [json.loads(args) if isinstance(args, str) else args for (args,) in cursor.fetchall()]


def booked(head: Scope, till: Scope, many: int) -> tuple[DebitFile, BankEntry]:
    """A file of so many debits, and the entry that has collected all of them."""
    file, _items = at_bank(head, till, many=many)
    one = entry(head, in_sum(file, str(many * SUM)))
    book_as_proposed(entry=one.pk, actor=head)
    return file, one


def states_of(head: Scope, file: DebitFile) -> list[str]:
    """Those of the debits that are in the file; the others are in one of before."""
    return [one for one in states(head, file) if one != "other_file"]


def standing(one: BankEntry) -> tuple[str, str]:
    one.refresh_from_db()
    return one.state, BankStatement.objects.get(pk=one.statement_id).state


@pytest.mark.django_db
def test_few_are_taken_back_at_once_and_many_by_the_worker(head, till):
    few, first = booked(head, till, 2)
    undo_entry(entry=first.pk, reason="Falsch", actor=head)
    assert (standing(first), jobs(), states(head, few)) == (("open", "ready"), [], ["pending"] * 2)
    many, second = booked(head, till, 3)
    undo_entry(entry=second.pk, reason="Falsch", actor=head)
    assert (standing(second), states_of(head, many)) == (("booked", "booking"), ["collected"] * 3)
    [job] = jobs()
    with pytest.raises(EntryRefused) as refused:
        undo_entry(entry=second.pk, reason="Noch einmal", actor=head)
    assert refused.value.code == "bankstatement_at_work"
    book_sure(**job)
    assert (standing(second), states_of(head, many)) == (("open", "ready"), ["pending"] * 3)
    assert Movement.objects.filter(kind="reversal", reason="Falsch").count() == 5
    book_sure(**job)  # a job that comes twice does nothing
    assert (standing(second), Movement.objects.filter(kind="reversal").count()) == (("open", "ready"), 5)


@pytest.mark.django_db
def test_what_cannot_be_taken_back_is_told_at_the_statement(head, till):
    file, one = booked(head, till, 3)
    undo_entry(entry=one.pk, reason="Falsch", actor=head)
    return_debit(debit=debits(head, file)[0].pk, code="AM04", on=timezone.localdate(), actor=head)
    [job] = jobs()
    book_sure(**job)
    assert standing(one) == ("booked", "ready")
    assert "returned since" in str(BankStatement.objects.get().failure)
    assert states(head, file).count("collected") == 2


@pytest.mark.django_db
def test_worker_asks_for_the_rights_of_that_moment(head, till):
    file, one = booked(head, till, 3)
    undo_entry(entry=one.pk, reason="Falsch", actor=head)
    [job] = jobs()
    OrganizationGrant.objects.filter(permission__codename=Right.CORRECT_ACCOUNTS).delete()
    book_sure(**job)
    assert (standing(one), states(head, file)) == (("booked", "ready"), ["collected"] * 3)
    assert BankStatement.objects.get().failure != []
    poor = Scope(user=head.user, location=head.location, rights=head.rights - {Right.CORRECT_ACCOUNTS})
    with pytest.raises(MissingRight):
        undo_entry(entry=one.pk, reason="Falsch", actor=poor)


@pytest.mark.django_db
def test_page_says_that_the_worker_does_it(head, till, log_in):
    _file, one = booked(head, till, 3)
    client = german(log_in("anna"))
    page = client.post(f"{PAGE}entry/{one.pk}/", {"step": "undo", "reason": "Falsch"}, follow=True).content.decode()
    assert "Viele Lastschriften werden zurückgenommen." in page
    assert "Diese Seite aktualisiert sich selbst" in page
    again = client.post(f"{PAGE}entry/{one.pk}/", {"step": "undo", "reason": "Falsch"}).content.decode()
    assert "An diesem Kontoauszug wird gerade gearbeitet." in again


@pytest.mark.django_db(transaction=True)
def test_two_who_take_it_back_at_once_queue_one_job(head, till):
    _file, one = booked(head, till, 3)
    told = at_once(head, *(lambda: undo_entry(entry=one.pk, reason="x", actor=head) for _person in range(3)))
    assert sorted(told) == ["", "bankstatement_at_work", "bankstatement_at_work"]
    assert len(jobs()) == 1
    [job] = jobs()
    with row_scope.rows_of(head):
        assert BankStatement.objects.get().state == "booking"
    book_sure(**job)
    assert standing(one) == ("open", "ready")
