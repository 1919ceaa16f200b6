"""Invoices by mail: to whom, what is in it, once, and what becomes of what cannot be mailed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounting.invoicing import cancel_invoice, set_billing_terms
from accounting.letter_choices import LetterSource
from accounting.mailing import LetterRefused, NoMailServer, Queued, mail_again, mail_documents
from accounting.mailing.sending import send_block
from accounting.models import Invoice, Letter
from customers.erasure import erase_customer
from customers.models import Customer
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import MissingRight, Scope
from mcp.worker.outbox import NotNow, Refused, ServerDown, Unanswered
from tests.accounting.letters import (
    LOCMEM,
    Mailbox,
    billed,
    letters,
    mail_run,
    refusing,
    run_of,
    set_email,
    states,
    worked,
)


@pytest.fixture
def head(cast, settings):
    settings.MAILERS = LOCMEM
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def till(cast):
    return cast.scope("anna", "Hamburg")


def test_invoice_goes_to_the_customer_with_its_pdf_from_the_business(head, till):
    [one] = billed(head, till, "gast@example.com")
    assert mail_run(head, [one]) == Queued(mailed=1, printed=0)
    [mail] = worked(head, Mailbox())
    assert (mail.to, mail.subject) == (["gast@example.com"], f"Rechnung {one.number} von Nordlicht Bäckereien GmbH")
    assert mail.from_email == '"Nordlicht Bäckereien GmbH" <stammhaus@localhost>'.replace('"', "")
    assert mail.reply_to == ["Anna Albers <rechnung@example.com>"]
    [attached] = mail.attachments
    assert (attached[0], attached[2], bytes(attached[1])[:5]) == (f"{one.number}.pdf", "application/pdf", b"%PDF-")
    [letter] = letters(head)
    assert (letter.state, letter.sent_to, letter.tries) == ("sent", "g…@example.com", 1)
    assert mail.message()["Message-ID"] == f"<{letter.pk}@localhost>"


def test_invoice_of_an_authority_has_its_xml_and_the_address_of_the_terms_comes_first(head, till):
    [first] = billed(head, till, "gast@example.com")
    terms = {"email": "amt@example.com", "leitweg_id": "04011000-1234512345-06"}
    set_billing_terms(customer=first.customer_id, values=terms, actor=head)
    from tests.accounting.invoices import issued, order

    with row_scope.rows_of(head):
        whose = Customer.objects.get(pk=first.customer_id)
    order(till, whose)
    [one] = issued(head)
    mail_run(head, [one])
    [mail] = worked(head, Mailbox())
    assert mail.to == ["amt@example.com"]
    assert [name for name, _content, _type in mail.attachments] == [f"{one.number}.pdf", f"{one.number}.xml"]


def test_english_customer_is_written_to_in_english(head, till):
    [one] = billed(head, till, "guest@example.com")
    with row_scope.rows_of(head):
        Customer.objects.filter(pk=one.customer_id).update(language="en")
    mail_run(head, [one])
    [mail] = worked(head, Mailbox())
    assert mail.subject == f"Invoice {one.number} from Nordlicht Bäckereien GmbH"
    assert "Kind regards\nAnna Albers" in mail.body


def test_who_has_no_address_or_wants_paper_is_printed(head, till):
    some = billed(head, till, "", "papier@example.com", "gast@example.com")
    set_billing_terms(customer=some[1].customer_id, values={"deliver_by": "paper"}, actor=head)
    assert mail_run(head, some) == Queued(mailed=1, printed=2)
    assert worked(head, Mailbox()).to == ["gast@example.com"]
    assert states(head) == ["paper", "paper", "sent"]
    assert mail_run(head, some) == Queued(mailed=0, printed=0), "each is told once"
    set_email(head, letters(head)[0].customer, "neu@example.com")
    assert mail_run(head, some) == Queued(mailed=1, printed=0), "he has an address by now"


def test_address_of_the_moment_of_sending_counts(head, till):
    some = billed(head, till, "alt@example.com", "weg@example.com", "papier@example.com")
    mail_run(head, some)
    first, second, third = letters(head)
    set_email(head, first.customer, "neu@example.com")
    set_email(head, second.customer, "")
    set_billing_terms(customer=third.customer_id, values={"deliver_by": "paper"}, actor=head)
    assert worked(head, Mailbox()).to == ["neu@example.com"]
    assert states(head) == ["sent", "paper", "paper"]


def test_address_that_changes_while_the_mail_is_made_counts_as_well(head, till, monkeypatch):
    from accounting.mailing import sending

    [one] = billed(head, till, "alt@example.com")
    mail_run(head, [one])
    made = sending.content_of

    def late(letter, actor):
        content = made(letter, actor)
        Customer.objects.filter(pk=letter.customer_id).update(email="neu@example.com")
        return content

    monkeypatch.setattr(sending, "content_of", late)
    assert worked(head, Mailbox()).to == ["neu@example.com"]


def test_whoever_was_erased_gets_none_and_his_address_goes(head, till):
    some = billed(head, till, "a@example.com", "b@example.com")
    mail_run(head, some[:1])
    sent = next(one for one in letters(head) if one.invoice_id == some[0].pk)
    mailing = sent.mailing
    send_block(mailing, post=Mailbox().post, actor=head, most=1)
    with row_scope.rows_of(head):
        for one in some:
            pay_and_erase(head, till, one)
    assert worked(head, Mailbox()) == []
    assert [(one.state, one.sent_to, one.customer_id) for one in letters(head)] == [
        ("sent", "", None), ("dropped", "", None),
    ]  # fmt: skip


def pay_and_erase(head: Scope, till: Scope, invoice: Invoice) -> None:
    from accounting.operations import receive_payment
    from tests.accounting.accounts import key

    receive_payment(customer=invoice.customer_id, amount=invoice.gross, key=key(), actor=till)
    erase_customer(customer=invoice.customer_id, reason="asked", actor=head)
