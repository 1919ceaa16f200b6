"""Announcements of debits and reminders by mail: the page of one customer for him alone, and what follows from it."""

from __future__ import annotations

import io

import pytest
from django.utils import timezone
from pypdf import PdfReader

from accounting.choices import DebitState
from accounting.debits.files import announce_debits
from accounting.debits.notices import announced_in_part
from accounting.dunning import send_run
from accounting.dunning.notices import printed_in_part
from accounting.letter_choices import LetterSource
from accounting.mailing import Queued, mail_again, mail_documents
from accounting.operations import receive_payment
from accounting.operations.disputing import dispute_invoice
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import MissingRight, Scope
from mcp.worker.outbox import Refused, Unanswered
from tests.accounting.accounts import guest, key
from tests.accounting.debits import creditor, debits, debtor, previewed
from tests.accounting.debits import worked as made
from tests.accounting.invoices import issued, issuer, order
from tests.accounting.letters import LOCMEM, Mailbox, billed, buyer, letters, refusing, set_email, states, worked
from tests.accounting.reminders import later_run


@pytest.fixture
def head(cast, settings):
    settings.MAILERS = LOCMEM
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def till(cast):
    return cast.scope("anna", "Hamburg")


def file_of_two(head: Scope, till: Scope):
    """Debits of somebody with an address and of somebody without."""
    creditor(head)
    for name, email in (("Klick", "klick@example.com"), ("Papier", "")):
        set_email(head, debtor(till, last_name=name), email)
    issued(head)
    return previewed(head)


def words_of(mail) -> str:
    [(_name, content, _type)] = mail.attachments
    return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


def test_debit_is_announced_once_it_is_mailed_and_the_others_are_printed(head, till):
    file = file_of_two(head, till)
    assert mail_documents(source=LetterSource.DEBIT_FILE, pk=file.pk, actor=head) == Queued(mailed=1, printed=1)
    assert [one.announced_on for one in debits(head, file)] == [None, None]
    [mail] = worked(head, Mailbox())
    assert mail.to == ["klick@example.com"]
    assert "Klick" in words_of(mail)
    assert "Papier" not in words_of(mail)
    today = timezone.localdate()
    assert sorted((str(one.customer), one.announced_on) for one in debits(head, file))[0][1] == today
    with row_scope.rows_of(head):
        [printed] = announced_in_part(file, 1)
    assert "Papier" in str(printed.invoice.buyer_data)
    assert [one.state for one in debits(head, made(head, file.pk))] == [DebitState.PENDING, DebitState.LEFT_OUT]


def test_debit_whose_mail_is_on_its_way_is_noted_by_that_alone(head, till):
    """Whoever notes that the others were sent by post does not note what may still fail."""
    file = file_of_two(head, till)
    mail_documents(source=LetterSource.DEBIT_FILE, pk=file.pk, actor=head)
    assert announce_debits(file=file.pk, on=timezone.localdate(), actor=head) == 1
    mailbox = Mailbox()
    mailbox.answer = refusing(Refused)
    worked(head, mailbox)
    assert announce_debits(file=file.pk, on=timezone.localdate(), actor=head) == 1


def test_debit_whose_mail_may_not_have_come_is_not_announced(head, till):
    file = file_of_two(head, till)
    mail_documents(source=LetterSource.DEBIT_FILE, pk=file.pk, actor=head)
    mailbox = Mailbox()
    mailbox.answer = refusing(Unanswered)
    worked(head, mailbox)
    assert [one.announced_on for one in debits(head, file)] == [None, None]


def reminded(head: Scope, till: Scope, *emails: str):
    issuer(head)
    for at, email in enumerate(emails):
        order(till, set_email(head, guest(till, last_name=f"Schuldner{at}"), email))
    issued(head)
    run = later_run(head)
    return send_run(run=run.pk, actor=head)


def test_reminder_goes_to_its_customer_alone_and_the_others_are_printed(head, till):
    run = reminded(head, till, "eins@example.com", "zwei@example.com", "")
    assert mail_documents(source=LetterSource.REMINDERS, pk=run.pk, actor=head) == Queued(mailed=2, printed=1)
    mailbox = worked(head, Mailbox())
    assert sorted(mailbox.to) == ["eins@example.com", "zwei@example.com"]
    for mail in mailbox:
        at = 0 if mail.to == ["eins@example.com"] else 1
        assert f"Schuldner{at}" in words_of(mail)
        assert f"Schuldner{1 - at}" not in words_of(mail)
        assert "10,70" in mail.body
    with row_scope.rows_of(head):
        [printed] = printed_in_part(run, 1)
    assert "Schuldner2" in str(printed.invoice.buyer_data)


def test_who_has_paid_or_disputes_meanwhile_is_not_reminded(head, till):
    run = reminded(head, till, "zahlt@example.com", "streitet@example.com", "schuldet@example.com")
    mail_documents(source=LetterSource.REMINDERS, pk=run.pk, actor=head)
    pays, argues, _owes = letters(head)
    receive_payment(customer=buyer(pays), amount=pays.invoice.gross, key=key(), actor=till)
    dispute_invoice(invoice=argues.invoice_id, reason="falsch", actor=head)
    assert worked(head, Mailbox()).to == ["schuldet@example.com"]
    assert states(head) == ["dropped", "dropped", "sent"]


def test_reminders_take_the_right_to_collect(head, till):
    run = reminded(head, till, "gast@example.com")
    bare = Scope(user=head.user, location=head.location, rights=frozenset(set(Right) - {Right.COLLECT_PAYMENTS}))
    with pytest.raises(MissingRight):
        mail_documents(source=LetterSource.REMINDERS, pk=run.pk, actor=bare)
    mail_documents(source=LetterSource.REMINDERS, pk=run.pk, actor=head)
    worked(head, Mailbox())
    [letter] = letters(head)
    with pytest.raises(MissingRight):
        mail_again(letter=letter.pk, actor=bare)
    mail_again(letter=letter.pk, actor=head)
    assert worked(head, Mailbox()).to == ["gast@example.com"]


def test_invoice_and_reminder_of_it_are_documents_of_their_own(head, till):
    some = billed(head, till, "gast@example.com")
    mail_documents(source=LetterSource.INVOICE, pk=some[0].pk, actor=head)
    run = send_run(run=later_run(head).pk, actor=head)
    mail_documents(source=LetterSource.REMINDERS, pk=run.pk, actor=head)
    assert len(worked(head, Mailbox())) == 2
