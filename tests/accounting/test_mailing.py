"""Invoices by mail: to whom, what is in it, once, and what becomes of what cannot be mailed."""

from __future__ import annotations

import io

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from pypdf import PdfReader

from accounting.invoicing import cancel_invoice, set_billing_terms, start_run
from accounting.invoicing.making import FIRST, make_documents
from accounting.invoicing.running import issue_next
from accounting.letter_choices import LetterSource
from accounting.mailing import LetterRefused, NoMailServer, Queued, contents, mail_again, mail_documents
from accounting.mailing.printing import merged, printed_in_part
from accounting.mailing.sending import send_block
from accounting.models import Invoice
from accounting.operations import receive_payment
from accounting.tasks import _finish
from customers.erasure import erase_customer
from customers.models import Customer
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import MissingRight, Scope
from tests.accounting.accounts import guest, key
from tests.accounting.invoices import issued, issuer, order, prepared
from tests.accounting.letters import (
    LOCMEM,
    Mailbox,
    billed,
    buyer,
    letters,
    mail_run,
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
    assert mail.from_email == "Nordlicht Bäckereien GmbH <stammhaus@localhost>"
    assert mail.reply_to == ["Anna Albers <rechnung@example.com>"]
    [attached] = mail.attachments
    assert (attached[0], attached[2], bytes(attached[1])[:5]) == (f"{one.number}.pdf", "application/pdf", b"%PDF-")
    [letter] = letters(head)
    assert (letter.state, letter.sent_to, letter.tries) == ("sent", "g…@example.com", 1)
    assert mail.message()["Message-ID"] == f"<{letter.pk}@localhost>"


def test_invoice_of_an_authority_has_its_xml_and_the_address_of_the_terms_comes_first(head, till):
    [first] = billed(head, till, "gast@example.com")
    terms = {"email": "amt@example.com", "leitweg_id": "04011000-1234512345-06"}
    set_billing_terms(customer=buyer(first), values=terms, actor=head)
    with row_scope.rows_of(head):
        whose = Customer.objects.get(pk=buyer(first))
    order(till, whose)
    [one] = issued(head)
    mail_run(head, [one])
    [mail] = worked(head, Mailbox())
    assert mail.to == ["amt@example.com"]
    assert [name for name, _content, _type in mail.attachments] == [f"{one.number}.pdf", f"{one.number}.xml"]


def test_english_customer_is_written_to_in_english(head, till):
    [one] = billed(head, till, "guest@example.com")
    with row_scope.rows_of(head):
        Customer.objects.filter(pk=buyer(one)).update(language="en")
    mail_run(head, [one])
    [mail] = worked(head, Mailbox())
    assert mail.subject == f"Invoice {one.number} from Nordlicht Bäckereien GmbH"
    assert "Kind regards\nAnna Albers" in mail.body


def test_who_has_no_address_or_wants_paper_is_printed(head, till):
    some = billed(head, till, "", "papier@example.com", "gast@example.com")
    set_billing_terms(customer=buyer(some[1]), values={"deliver_by": "paper"}, actor=head)
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
    set_billing_terms(customer=buyer(third), values={"deliver_by": "paper"}, actor=head)
    assert worked(head, Mailbox()).to == ["neu@example.com"]
    assert states(head) == ["sent", "paper", "paper"]


def test_address_that_changes_while_the_mail_is_made_counts_as_well(head, till, monkeypatch):
    [one] = billed(head, till, "alt@example.com")
    mail_run(head, [one])
    made = contents.content_of

    def late(letter, actor):
        content = made(letter, actor)
        Customer.objects.filter(pk=buyer(letter)).update(email="neu@example.com")
        return content

    monkeypatch.setattr("accounting.mailing.sending.content_of", late)
    assert worked(head, Mailbox()).to == ["neu@example.com"]


def test_whoever_was_erased_gets_none_and_his_address_goes(head, till):
    some = billed(head, till, "a@example.com", "b@example.com")
    mail_run(head, some[:1])
    send_block(letters(head)[0].mailing, post=Mailbox().post, actor=head, most=1)
    with row_scope.rows_of(head):
        for one in some:
            pay_and_erase(head, till, one)
    assert worked(head, Mailbox()) == []
    left = sorted((one.state, one.sent_to, one.customer_id, list(one.failure)) for one in letters(head))
    assert left == [("dropped", "", None, []), ("sent", "", None, [])]


def pay_and_erase(head: Scope, till: Scope, invoice: Invoice) -> None:
    receive_payment(customer=buyer(invoice), amount=invoice.gross, key=key(), actor=till)
    erase_customer(customer=buyer(invoice), reason="asked", actor=head)


def test_invoice_that_is_cancelled_meanwhile_is_not_mailed_but_its_cancellation_is(head, till):
    [one] = billed(head, till, "gast@example.com")
    mail_run(head, [one])
    back = cancel_invoice(invoice=one.pk, reason="falsch", actor=head)
    mail_documents(source=LetterSource.INVOICE, pk=back.pk, actor=head)
    [mail] = worked(head, Mailbox())
    assert (mail.subject, mail.attachments[0][0]) == (
        f"Stornorechnung {back.number} von Nordlicht Bäckereien GmbH", f"{back.number}.pdf",
    )  # fmt: skip
    assert sorted(states(head)) == ["dropped", "sent"]


def test_nothing_is_mailed_twice_but_because_somebody_wants_it(head, till):
    [one] = billed(head, till, "gast@example.com")
    mail_run(head, [one])
    assert mail_run(head, [one]) == Queued(mailed=0, printed=0)
    mailbox = worked(head, Mailbox())
    assert mail_run(head, [one]) == Queued(mailed=0, printed=0)
    [first] = letters(head)
    again = mail_again(letter=first.pk, actor=head)
    assert (again.is_again, again.user_name, again.user_id) == (True, "Anna Andresen", head.user.pk)
    for letter in (first.pk, again.pk):  # whoever has an older page, and whoever does not wait
        with pytest.raises(LetterRefused) as refused:
            mail_again(letter=letter, actor=head)
        assert refused.value.code == "letter_asked_for"
    assert worked(head, mailbox).to == ["gast@example.com"] * 2
    assert states(head) == ["sent", "sent"]


def test_run_that_is_started_with_the_box_mails_its_invoices_when_it_is_done(head, till):
    issuer(head)
    order(till, set_email(head, guest(till), "gast@example.com"))
    for is_mailed, wanted in ((True, ["gast@example.com"]), (False, [])):
        run = start_run(run=prepared(head).pk, is_mailed=is_mailed, actor=head)
        while issue_next(run.pk, on=timezone.localdate(), actor=head) is not None:
            pass
        make_documents(run.pk, after=FIRST, actor=head)
        assert states(head) == ([] if is_mailed else ["sent"])
        _finish(run.pk, head)
        assert worked(head, Mailbox()).to == wanted
        with row_scope.rows_of(head):
            order(till, Customer.objects.get(email="gast@example.com"))


def test_right_and_mail_server_are_asked_for_and_a_branch_mails_nothing(cast, head, till, settings):
    [one] = billed(head, till, "gast@example.com")
    bare = Scope(user=head.user, location=head.location, rights=frozenset(set(Right) - {Right.BILL_CUSTOMERS}))
    with pytest.raises(MissingRight):
        mail_run(bare, [one])
    with pytest.raises(ValidationError, match="central"):
        mail_run(till, [one])
    mail_run(head, [one])
    [letter] = letters(head)
    for step in (lambda: mail_again(letter=letter.pk, actor=bare), lambda: worked(bare, Mailbox())):
        with pytest.raises(MissingRight):
            step()
    settings.MAILERS = {}
    with pytest.raises(NoMailServer):
        mail_run(head, [one])
    with pytest.raises(NoMailServer):
        mail_again(letter=letter.pk, actor=head)


def test_another_business_neither_mails_nor_sees_it(cast, head, till):
    [one] = billed(head, till, "gast@example.com")
    south = cast.scope("sven", "Zentrale", 20800)
    theirs = billed(south, cast.system("München", 20800), "fremd@example.com")
    with pytest.raises(LetterRefused):
        mail_documents(source=LetterSource.RUN, pk=run_of([one]).pk, actor=south)
    mail_run(head, [one])
    [letter] = letters(head)
    with pytest.raises(type(letter).DoesNotExist):
        mail_again(letter=letter.pk, actor=south)
    assert letters(south) == []
    mail_run(south, theirs)
    assert worked(south, Mailbox()).to == ["fremd@example.com"]
    assert states(head) == ["waiting"]


def test_what_is_not_mailed_is_printed_and_nothing_else(head, till):
    some = billed(head, till, "", "gast@example.com", "")
    mail_run(head, some)
    with row_scope.rows_of(head):
        found = printed_in_part(run_of(some), 1)
        assert [one.pk for one in found] == [some[0].pk, some[2].pk]
        assert len(PdfReader(io.BytesIO(merged(found))).pages) == 2


def test_names_that_would_add_a_header_do_not(head, till):
    [one] = billed(head, till, "gast@example.com")
    issuer(head, legal_name='Müller, "Söhne" & Co. KG', contact="Zoë; Ünal")
    mail_run(head, [one])
    [mail] = worked(head, Mailbox())
    sent = mail.message()
    assert str(sent["From"]) == '"Müller, \\"Söhne\\" & Co. KG" <stammhaus@localhost>'
    assert str(sent["Reply-To"]) == '"Zoë; Ünal" <rechnung@example.com>'
    assert sent.as_bytes().isascii()
    assert mail.recipients() == ["gast@example.com"]


def test_many_letters_go_in_blocks(head, till):
    some = billed(head, till, *(f"gast{turn}@example.com" for turn in range(5)))
    mail_run(head, some)
    mailing, mailbox = letters(head)[0].mailing, Mailbox()
    assert send_block(mailing, post=mailbox.post, actor=head, most=2)
    assert len(mailbox) == 2
    assert send_block(mailing, post=mailbox.post, actor=head, most=2)
    assert not send_block(mailing, post=mailbox.post, actor=head, most=2)
    assert len(set(mailbox.to)) == 5
