"""The pages of debits and disputes: from the preview to the file for the bank, and what comes back."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.utils import timezone
from lxml import etree

from accounting.models import DebitFile, Dispute, Invoice
from mcp.isolation.scope import Scope
from tests.accounting.debits import billed, creditor, debits, debtor, in_days, worked
from tests.accounting.test_account_pages import german, text
from tests.worker import work

pytestmark = pytest.mark.django_db
PAGE = "/10400/1/accounting/accountterms/"


@pytest.fixture
def till(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def head(cast) -> Scope:
    scope: Scope = cast.scope("anna", "Zentrale")
    creditor(scope)
    return scope


def prepared(client, head) -> str:
    """The address of a file that was prepared on its page."""
    days = {"due_until": in_days(20).isoformat(), "collect_on": in_days(20).isoformat()}
    answer = client.post(f"{PAGE}debits/new/", days)
    assert answer.status_code == 302, text(answer)
    return f"{PAGE}debits/{DebitFile.objects.get().pk}/"


@pytest.mark.django_db(transaction=True)
def test_way_of_a_file_from_the_preview_to_a_return(head, till, log_in):
    debtor(till, last_name="Zahlt")
    ended = debtor(till, last_name="Streitet")
    invoices = {one.customer_id: one for one in billed(head)}
    client, today = german(log_in("anna")), timezone.localdate().isoformat()
    client.post(f"{PAGE}invoices/{invoices[ended.pk].pk}/dispute/", {"words": "Falsch"})
    assert "bestreitet diese Rechnung: Falsch" in text(client.get(f"{PAGE}invoices/{invoices[ended.pk].pk}/"))
    address = prepared(client, head)
    shown = text(client.get(address))
    assert "10,70 €" in shown
    assert "Der Kunde bestreitet die Rechnung" in shown
    assert "Streitet" in shown
    pdf = client.get(f"{address}file/announcements/")
    assert b"".join(pdf.streaming_content).startswith(b"%PDF")
    assert client.get(f"{address}file/xml/").status_code == 404
    client.post(address, {"step": "announce", "on": today})
    assert "1 Lastschrift ist angekündigt" in text(client.get(address))
    client.post(address, {"step": "start"})
    assert "HX-Refresh" not in client.get(address, headers={"hx-request": "true", "hx-target": "run-progress"})
    work()
    assert client.get(address, headers={"hx-request": "true", "hx-target": "run-progress"})["HX-Refresh"] == "true"
    assert "Datei für die Bank" in text(client.get(address))
    xml = b"".join(client.get(f"{address}file/xml/").streaming_content)
    assert etree.fromstring(xml).findtext(".//{*}CtrlSum") == "10.70"
    client.post(address, {"step": "collect", "on": today})
    assert "Eingezogen" in text(client.get(address))
    [one] = [one for one in debits(head, DebitFile.objects.get()) if one.state == "collected"]
    form = {"code": "AM04", "on": today, "charges": "3,50", "is_charged": "on"}
    assert client.post(f"{PAGE}debits/return/{one.pk}/", form).status_code == 302
    assert "AM04" in text(client.get(address))
    told = text(client.get(f"{PAGE}invoices/{one.invoice_id}/"))
    assert re.search(r"SEPA-Lastschrift über 10,70 € am .* Zurückgegeben: AM04, .* Anna Andresen", told)
    one.refresh_from_db()
    assert (one.state, one.charges) == ("returned", Decimal("3.50"))
    assert client.get(f"{PAGE}debits/return/{one.pk}/").status_code == 404
    assert "SEPA-Lastschriften" in text(client.get(f"{PAGE}debits/"))


def test_forms_say_what_is_wrong(head, till, log_in):
    client, today = german(log_in("anna")), timezone.localdate().isoformat()
    page = client.post(f"{PAGE}debits/new/", {"due_until": today, "collect_on": today})
    assert "kommt" in text(page)
    page = client.post(f"{PAGE}debits/new/", {"due_until": today, "collect_on": in_days(3).isoformat()})
    assert "keine Rechnung fällig" in text(page)
    debtor(till)
    billed(head)
    address = prepared(client, head)
    client.post(address, {"step": "start"})
    assert "Kündigen Sie sie zuerst an" in text(client.get(address))
    client.post(address, {"step": "cancel"})
    assert "abgebrochen" in text(client.get(address))


def test_what_is_not_made_says_why(head, till, log_in):
    debtor(till)
    billed(head)
    client = german(log_in("anna"))
    address = prepared(client, head)
    worked(head, DebitFile.objects.get().pk)
    shown = text(client.get(address))
    assert "Nicht angekündigt" in shown
    assert "nichts einzuziehen" in shown


def test_dispute_ends_with_an_outcome(head, till, log_in):
    debtor(till)
    [invoice] = billed(head)
    client = german(log_in("anna"))
    at = f"{PAGE}invoices/{invoice.pk}/dispute/"
    assert client.post(at, {"words": ""}).status_code == 200
    assert client.post(at, {"words": "Falsche Menge"}).status_code == 302
    assert "Falsche Menge" in text(client.get(at))
    assert client.post(at, {"words": "Gutschrift vereinbart"}).status_code == 302
    one = Dispute.objects.get()
    assert (one.reason, one.outcome) == ("Falsche Menge", "Gutschrift vereinbart")
    told = text(client.get(f"{PAGE}invoices/{invoice.pk}/"))
    assert re.search(r"Bestritten Falsche Menge Anna .* Streitfall beendet Gutschrift vereinbart Anna", told)
    assert Invoice.objects.get().disputes.count() == 1
