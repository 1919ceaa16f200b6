"""The pages from which mails go: of an invoice, a run, a debit file and a run of reminders."""

from __future__ import annotations

from typing import Any

import pytest

from accounting.dunning import send_run
from accounting.models import InvoiceRun
from mcp.isolation.scope import Scope
from mcp.worker.outbox import Refused
from tests.accounting.accounts import guest
from tests.accounting.debits import creditor, debtor, previewed
from tests.accounting.invoices import issued, issuer, order, prepared
from tests.accounting.letters import LOCMEM, Mailbox, billed, letters, refusing, run_of, set_email, worked
from tests.accounting.reminders import later_run
from tests.accounting.test_account_pages import german, text

pytestmark = pytest.mark.django_db
PAGE = "/10400/1/accounting/accountterms/"


@pytest.fixture
def head(cast, settings) -> Scope:
    settings.MAILERS = LOCMEM
    scope: Scope = cast.scope("anna", "Zentrale")
    return scope


@pytest.fixture
def till(cast) -> Scope:
    scope: Scope = cast.scope("anna", "Hamburg")
    return scope


@pytest.fixture
def client(log_in) -> Any:
    return german(log_in("anna"))


def pdf(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def test_run_is_mailed_from_its_page_with_the_numbers_before(head, till, client):
    some = billed(head, till, "a@example.com", "b@example.com", "")
    address = f"{PAGE}runs/{run_of(some).pk}/"
    before = text(client.get(address))
    assert "2 sind noch nicht versendet und haben eine Adresse. 1 hat keine oder möchte Papier." in before
    assert "2 mit Adresse versenden" in before
    answer = client.post(address, {"step": "mail"}, follow=True)
    assert "2 E-Mails werden versendet. 1 ist zu drucken." in text(answer)
    mailbox = Mailbox()
    mailbox.answer = refusing(Refused, "b@example.com")
    worked(head, mailbox)
    after = text(client.get(address))
    for words in ("1 Per E-Mail versendet", "1 Nicht zugestellt", "1 Zu drucken", "550 <b…@example.com> says no"):
        assert words in " ".join(reversed_figures(after)) or words in after, words
    assert pdf(client.get(f"{address}print/")).startswith(b"%PDF")
    assert client.get(f"{address}print/?part=2").status_code == 404


def reversed_figures(shown: str) -> list[str]:
    """Figures stand behind their names in the page, and in front of them on the screen."""
    words = shown.split()
    return [
        f"{words[at + len(name.split())]} {name}"
        for name in ("Per E-Mail versendet", "Nicht zugestellt", "Zu drucken")
        for at in range(len(words) - len(name.split()))
        if words[at : at + len(name.split())] == name.split()
    ]


def test_box_at_the_start_of_a_run_is_there_where_a_mail_server_is(head, till, client, settings):
    issuer(head)
    order(till, set_email(head, guest(till), "a@example.com"))
    run = prepared(head)
    address = f"{PAGE}runs/{run.pk}/"
    assert "Die Rechnungen an alle mit Adresse per E-Mail versenden" in text(client.get(address))
    settings.MAILERS = {}
    assert "is_mailed" not in client.get(address).content.decode()
    client.post(address, {"step": "start", "is_mailed": "on"})
    assert InvoiceRun.objects.get().is_mailed


def test_invoice_is_mailed_and_once_more_after_a_question(head, till, client):
    [one] = billed(head, till, "gast@example.com")
    address = f"{PAGE}invoices/{one.pk}/"
    assert f"{address}mail/" in client.get(address).content.decode()
    assert "E-Mail für Rechnungen" in text(client.get(f"{address}mail/"))
    client.post(f"{address}mail/")
    worked(head, Mailbox())
    shown = client.get(address)
    assert "Per E-Mail versendet" in text(shown)
    assert "g…@example.com" in text(shown)
    assert "gast@example.com" not in text(shown)
    [letter] = letters(head)
    again = f"{PAGE}letters/{letter.pk}/again/"
    assert again in shown.content.decode()
    assert f"{address}mail/" not in shown.content.decode()
    assert "schon an g…@example.com versendet" in text(client.get(again))
    assert client.post(again).status_code == 302
    refused = client.post(again)  # of an older page
    assert "Das hat schon jemand veranlasst" in text(refused)
    assert "noch einmal" in text(client.get(address))
    assert worked(head, Mailbox()).to == ["gast@example.com"]
    assert client.get(f"{PAGE}notices/{letter.pk}/again/").status_code == 404


def test_debits_are_announced_by_mail_from_the_page_of_the_file(head, till, client):
    creditor(head)
    for name, email in (("Klick", "klick@example.com"), ("Papier", "")):
        set_email(head, debtor(till, last_name=name), email)
    issued(head)
    address = f"{PAGE}debits/{previewed(head).pk}/"
    assert "1 mit Adresse versenden" in text(client.get(address))
    client.post(address, {"step": "mail"})
    worked(head, Mailbox())
    shown = text(client.get(address))
    assert "1 Lastschrift ist noch nicht angekündigt" in shown
    assert "Nicht Versendetes drucken" in shown
    assert pdf(client.get(f"{address}file/announcements/")).startswith(b"%PDF")


def test_reminders_are_mailed_from_the_page_of_the_run_and_the_others_printed(head, till, client):
    some = billed(head, till, "a@example.com", "")
    run = later_run(head)
    address = f"{PAGE}reminders/{run.pk}/"
    assert "versenden" not in text(client.get(address)).replace("Mahnungen versenden", "")
    send_run(run=run.pk, actor=head)
    assert "1 mit Adresse versenden" in text(client.get(address))
    client.post(address, {"step": "mail"})
    worked(head, Mailbox())
    assert pdf(client.get(f"{address}file/")).startswith(b"%PDF")
    shown = client.get(f"{PAGE}invoices/{some[0].pk}/").content.decode()
    [sent] = [one for one in letters(head) if one.state == "sent"]
    assert f"{PAGE}notices/{sent.pk}/again/" in shown
    assert client.post(f"{PAGE}notices/{sent.pk}/again/").status_code == 302
