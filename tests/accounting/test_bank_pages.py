"""Pages of bank statements: reading a file, what is said of each entry, and what is done about it."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounting.documents.formats import in_fours
from accounting.models import BankAccount, BankStatement
from accounting.payments import book_as_proposed
from mcp.isolation import row_scope
from tests.accounting.accounts import amounts, guest
from tests.accounting.bank_files import book_now, entries_of, file_of, gone, own_account, paid, sale, statement, told
from tests.accounting.banking.files import OWN
from tests.accounting.test_account_pages import german, text

pytestmark = pytest.mark.django_db
PAGE = "/10400/1/accounting/accountterms/bank/"


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def client(log_in):
    return german(log_in("anna"))


def sent(client: Any, data: bytes, name: str = "auszug.xml") -> Any:
    return client.post(f"{PAGE}read/", {"file": SimpleUploadedFile(name, data)})


def at(entry: Any) -> str:
    return f"{PAGE}entry/{entry.pk}/"


def test_account_is_added_and_a_file_is_read(anna, client):
    assert "Fügen Sie zuerst das Konto" in text(client.get(PAGE))
    assert client.post(f"{PAGE}account/", {"iban": OWN, "name": "Hausbank"}).url == PAGE
    page = client.post(f"{PAGE}account/", {"iban": OWN, "name": "Noch einmal"})
    assert "bereits bekannt" in text(page)
    answer = sent(client, file_of(paid("12.50", "Danke"), gone("4.00", "Gebühr")))
    with row_scope.rows_of(anna):
        found = BankStatement.objects.get()
    assert answer.url == f"{PAGE}{found.pk}/"
    assert "2 Umsätze sind neu." in text(client.get(answer.url))
    answer = sent(client, file_of(paid("12.50", "Danke"), gone("4.00", "Gebühr")))
    assert (answer.url, "2 waren schon bekannt" in text(client.get(answer.url))) == (PAGE, True)
    listed = text(client.get(PAGE))
    assert all(word in listed for word in ("Hausbank", in_fours(OWN), "auszug.xml", "1.008,50 €", "Anna Andresen"))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (file_of(paid("1.00")).replace(b"1001.00", b"1001.01"), "Der Unterschied beträgt 0,01"),
        (file_of(paid("1.00"), iban="DE02120300000000202051"), "das keines dieses Betriebs ist"),
        (b"%PDF-1.7", "weder"),
        (b"", "leer"),
    ],
)
def test_refusal_stands_at_the_form_and_nothing_is_stored(anna, client, data, words):
    own_account(anna)
    page = sent(client, data)
    assert (page.status_code, words in text(page)) == (400, True), text(page)
    with row_scope.rows_of(anna):
        assert not BankStatement.objects.exists()


def test_statement_says_what_each_entry_pays_and_books_what_is_sure(anna, client):
    whose = guest(anna, last_name="Kantine Nord")
    sale(anna, whose, "30.00", "RE-2026-0012")
    sale(anna, whose, "8.00", "RE-2026-0013")
    found = statement(
        anna,
        paid("30.00", "RE-2026-0012", counterparty_name="Kantine <Nord>"),
        paid("9.00", "RE-2026-0013"),
        gone("5.00", "zurück", is_return=True, return_reason="AC04"),
    )
    shown = text(client.get(f"{PAGE}{found.pk}/"))
    assert "RE-2026-0012 von Kantine Nord" in shown, shown[shown.index("Was er bezahlt") :]
    assert "sicher: Nummer im Text" in shown
    assert "Kantine <Nord>" in shown
    shown = text(client.get(f"{PAGE}{found.pk}/?group=unsure"))
    assert "1,00 € mehr" in shown
    assert "Das Konto ist aufgelöst" in shown or "geschlossen" in shown or "erloschen" in shown, shown
    assert client.post(f"{PAGE}{found.pk}/", {"step": "book"}).status_code == 302
    assert "wird gebucht" in text(client.get(f"{PAGE}{found.pk}/"))
    book_now(anna, found)
    shown = text(client.get(f"{PAGE}{found.pk}/?group=done"))
    assert "Gebucht: Anna Andresen" in shown
    assert amounts(anna, whose) == (8, 0)


def test_customer_is_sought_chosen_and_booked(anna, client):
    one, other = guest(anna, last_name="Mustermann"), guest(anna, last_name="Musterfrau")
    item = sale(anna, one, "10.00", "Bon 1")
    [entry] = entries_of(anna, statement(anna, paid("30.00", "?")))
    assert "Mustermann" in text(client.get(f"{at(entry)}?q=muster"))
    assert "gefunden" in text(client.get(f"{at(entry)}?q=niemand"))
    page = client.get(f"{at(entry)}?customer={one.pk}&customer={other.pk}&customer=x&customer=999999")
    assert "Bon 1" in text(page)
    form = {"step": "book", "customer": [one.pk, other.pk], f"share_{one.pk}": "12,00", f"share_{other.pk}": "17"}
    page = client.post(at(entry), form)
    assert "Zusammen müssen sie" in text(page)
    form |= {f"share_{other.pk}": "18", f"part_{item.pk.hex}": "zehn"}
    assert "ist kein Betrag" in text(client.post(at(entry), form))
    form |= {f"part_{item.pk.hex}": "10"}
    assert client.post(at(entry), form).status_code == 302
    assert (amounts(anna, one), amounts(anna, other)) == ((-2, 0), (-18, 0))


def test_entry_is_left_out_taken_up_booked_and_undone(anna, client):
    whose = guest(anna)
    sale(anna, whose, "10.00", "RE-2026-0001")
    found = statement(anna, paid("10.00", "RE-2026-0001"))
    [entry] = entries_of(anna, found)
    for step, state in [
        ({"step": "ignore"}, "open"),
        ({"step": "ignore", "note": "Gebühr"}, "ignored"),
        ({"step": "proposed"}, "ignored"),
        ({"step": "reopen"}, "open"),
        ({"step": "proposed"}, "booked"),
        ({"step": "proposed"}, "booked"),
        ({"step": "undo", "reason": "Falsch"}, "open"),
    ]:
        client.post(at(entry), step)
        assert told(anna, found) == [(state, "sure")], step
    book_as_proposed(entry=entry.pk, actor=anna)
    assert "inzwischen" in text(client.post(at(entry), {"step": "proposed"}))


def test_long_statement_is_paged_and_asks_the_same_for_one_and_for_three(anna, client, monkeypatch):
    whose = guest(anna)
    for number in range(4):
        sale(anna, whose, "10.00", f"RE-2026-000{number}")
    small = statement(anna, paid("10.00", "RE-2026-0003"))
    large = statement(anna, *(paid("10.00", f"RE-2026-000{number}", reference=f"{number}") for number in range(3)))
    counts = []
    for one in (small, large):
        with CaptureQueriesContext(connection) as asked:
            client.get(f"{PAGE}{one.pk}/")
        counts.append(len(asked))
    assert counts[0] == counts[1]
    monkeypatch.setattr("accounting.pages.bank_statement.PAGE", 2)
    assert "?group=sure&amp;p=2" in client.get(f"{PAGE}{large.pk}/").content.decode()
    assert "?group=sure&amp;p=1" in client.get(f"{PAGE}{large.pk}/?p=2").content.decode()


def test_pages_take_the_right_and_other_businesses_have_none(anna, log_in):
    found = statement(anna, paid("10.00"))
    [entry] = entries_of(anna, found)
    bodo = german(log_in("bodo"))
    for address in (PAGE, f"{PAGE}read/", f"{PAGE}account/", f"{PAGE}{found.pk}/", at(entry)):
        assert bodo.get(address.replace("/10400/1/", "/10400/2/")).status_code == 403
    with row_scope.rows_of(anna):
        assert BankAccount.objects.count() == 1
