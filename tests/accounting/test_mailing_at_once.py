"""Two people, two workers, and an erasure at the same moment: each mail goes once, and to nobody who is gone."""

from __future__ import annotations

import threading
import time

import pytest
from django.core.mail import EmailMessage
from django.db import connection

from accounting.invoicing.making import keep_documents
from accounting.mailing import mail_again
from accounting.mailing.sending import send_block, send_letter
from accounting.operations import receive_payment
from customers.erasure import erase_customer
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import key
from tests.accounting.letters import LOCMEM, Mailbox, billed, buyer, letters, mail_run, states, worked
from tests.customers.test_cards_at_once import at_once
from tests.worker import empty_queue, jobs

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def head(cast, settings):
    settings.MAILERS = LOCMEM
    empty_queue()
    yield cast.scope("anna", "Zentrale")
    empty_queue()


def made(head: Scope, till: Scope, *emails: str):
    """Invoices with their documents."""
    some = billed(head, till, *emails)
    with row_scope.rows_of(head):
        keep_documents(some)
    return some


def test_two_press_at_once_and_each_invoice_is_mailed_once(cast, head):
    some = made(head, cast.scope("anna", "Hamburg"), "a@example.com", "b@example.com")
    assert at_once(head, *(lambda: mail_run(head, some) for _person in range(3))) == [""] * 3
    assert states(head) == ["waiting", "waiting"]
    assert len(jobs("accounting.tasks.mail_letters")) == 1
    mailbox = Mailbox()
    mailing = letters(head)[0].mailing
    told = at_once(head, *(lambda: send_block(mailing, post=mailbox.post, actor=head) for _worker in range(2)))
    assert (told, sorted(mailbox.to)) == (["", ""], ["a@example.com", "b@example.com"])
    last = letters(head)[0]
    again = at_once(head, *(lambda: mail_again(letter=last.pk, actor=head) for _person in range(3)))
    assert sorted(again) == ["", "letter_asked_for", "letter_asked_for"]
    assert len(worked(head, mailbox)) == 3


def test_customer_who_is_erased_while_his_mail_is_sent_is_forgotten_after_it(cast, head):
    """The erasure waits for the mail that is on its way, and empties what it has left."""
    till = cast.scope("anna", "Hamburg")
    [one] = made(head, till, "a@example.com")
    mail_run(head, [one])
    receive_payment(customer=buyer(one), amount=one.gross, key=key(), actor=till)
    on_its_way, mailbox, [letter] = threading.Event(), Mailbox(), letters(head)

    def slow(_message: EmailMessage) -> None:
        on_its_way.set()
        time.sleep(0.3)

    mailbox.answer = slow

    def send() -> None:
        """Each step a transaction of its own, as in the worker."""
        send_letter(letter.pk, post=mailbox.post, actor=head)
        connection.close()

    sender = threading.Thread(target=send)
    sender.start()
    assert on_its_way.wait(timeout=20)
    erase_customer(customer=buyer(one), reason="Wunsch", actor=head)
    sender.join()
    assert mailbox.to == ["a@example.com"]
    [left] = letters(head)
    assert (left.state, left.sent_to, left.customer_id) == ("sent", "", None)
