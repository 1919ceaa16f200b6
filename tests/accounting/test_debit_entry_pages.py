"""Pages of entries that are about debits: what is said of them, one click, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounting.debits.outcomes import collect_debits
from accounting.models import BankStatement, DebitFile
from accounting.payments import propose_for
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import amounts
from tests.accounting.bank_files import paid, statement
from tests.accounting.debits import creditor, debits, states
from tests.accounting.returned import at_bank, came_back, collected, entry, in_sum
from tests.accounting.test_account_pages import german, text
from tests.worker import work

pytestmark = pytest.mark.django_db
BANK, PAGE = "/10400/1/accounting/accountterms/bank/", "/10400/1/accounting/accountterms/"


@pytest.fixture
def till(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def head(cast) -> Scope:
    scope: Scope = cast.scope("anna", "Zentrale")
    creditor(scope)
    return scope


@pytest.fixture
def client(log_in) -> Any:
    return german(log_in("anna"))


def at(one: Any) -> str:
    return f"{BANK}entry/{one.pk}/"


def test_return_is_named_booked_with_its_charges_and_undone(head, till, client):
    file, [debit] = at_bank(head, till)
    collect_debits(file=file.pk, on=timezone.localdate(), actor=head)
    one = entry(head, came_back(debit, "13.70"))
    shown = text(client.get(at(one)))
    assert f"Rücklastschrift {debit.end_to_end_id} von Gast0" in shown
    assert "3,00 € Entgelte" in shown or "3,00 €" in shown
    assert "sicher: Referenz der Lastschrift" in shown
    assert client.post(at(one), {"step": "proposed", "is_charged": "1"}).status_code == 302
    assert amounts(head, debit.customer) == (Decimal("13.70"), 0)
    shown = text(client.get(at(one)))
    assert "Rücklastschrift, zurückgenommen" in shown or "Rücklastschrift" in shown
    assert f"bank/entry/{one.pk}/" in client.get(f"{PAGE}debits/{file.pk}/").content.decode()
    client.post(at(one), {"step": "undo", "reason": "Irrtum"})
    assert states(head, file) == ["collected"]
    assert amounts(head, debit.customer) == (0, 0)


def test_sum_that_differs_says_by_how_much_and_which_may_be_missing(head, till, client):
    file, items = at_bank(head, till, many=3)
    one = entry(head, in_sum(file, "21.40"))
    shown = text(client.get(at(one)))
    assert "10,70 € weniger gutgeschrieben" in shown
    assert f"Vielleicht hat die Bank eine von diesen abgelehnt: {items[0].end_to_end_id} (" in shown
    page = client.get(f"{BANK}{one.statement_id}/?group=unsure").content.decode()
    assert 'value="proposed"' not in page
    assert "ergeben nicht diesen Betrag" in text(client.post(at(one), {"step": "proposed"}))


def test_statement_lists_debits_in_the_same_queries_for_one_and_for_three(head, till, client):
    _file, items = at_bank(head, till, many=4)
    small = statement(head, collected(items[0]), number="1")
    large = statement(head, *(collected(one) for one in items[1:]), number="2")
    counts = []
    for one in (small, large):
        with CaptureQueriesContext(connection) as asked:
            client.get(f"{BANK}{one.pk}/")
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_cursor_stands_in_the_search_and_never_where_an_entry_is_left_out(head, till, client):
    _file, [debit] = at_bank(head, till)
    for number, (told, tag) in enumerate(((paid("1.00", "?"), 'id="id_q"'), (came_back(debit), "<a "))):
        page = client.get(at(entry(head, told, number=f"{number}"))).content.decode()
        [found] = [piece for piece in page.split("<") if " autofocus" in piece]
        assert tag.strip("< ") in f"{found} a "
        assert "note" not in found


@pytest.mark.django_db(transaction=True)
def test_many_debits_are_collected_by_the_worker(head, till, client, monkeypatch):
    monkeypatch.setattr("accounting.debits.outcomes.AT_ONCE", 2)
    file, items = at_bank(head, till, many=3)
    client.post(f"{PAGE}debits/{file.pk}/", {"step": "collect", "on": timezone.localdate().isoformat()})
    assert "3 fehlen noch" in text(client.get(f"{PAGE}debits/{file.pk}/"))
    work()
    assert states(head, file) == ["collected"] * 3
    with row_scope.rows_of(head):
        assert DebitFile.objects.get().state == "done"
    assert [amounts(head, one.customer) for one in items] == [(0, 0)] * 3


@pytest.mark.django_db(transaction=True)
def test_rest_of_a_large_sum_is_collected_by_the_worker(head, till, client, monkeypatch):
    monkeypatch.setattr("accounting.payments.debit_entries.AT_ONCE", 2)
    file, _items = at_bank(head, till, many=5)
    one = entry(head, in_sum(file, "53.50"))
    assert client.post(at(one), {"step": "proposed"}).status_code == 302
    assert states(head, file).count("collected") == 2
    assert "inzwischen entschieden" in text(client.post(at(one), {"step": "ignore", "note": "x"}))
    propose_for(statement=one.statement_id, actor=head)  # what was broken off is still the same sum
    with row_scope.rows_of(head):
        one.refresh_from_db()
    assert (one.state, one.confidence) == ("open", "sure")
    work()
    assert states(head, file) == ["collected"] * 5
    assert {item.collected_entry_id for item in debits(head, file)} == {one.pk}
    assert "5 Lastschriften der Datei" in text(client.get(at(one)))
    with row_scope.rows_of(head):
        assert BankStatement.objects.get().state == "ready"


def test_invoice_at_the_bank_is_not_cancelled_on_its_page(head, till, client):
    _file, [debit] = at_bank(head, till)
    page = client.post(f"{PAGE}invoices/{debit.invoice_id}/cancel/", {"reason": "Falsch"})
    assert f"Lastschrift {debit.end_to_end_id} ist bei der Bank" in text(page)
