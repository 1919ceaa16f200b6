"""What the mail server refuses, does not take now, or leaves without an answer, and mailings that are broken off."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounting.letter_choices import LetterSource
from accounting.mailing import contents, mail_again, mail_documents, queueing
from accounting.mailing.failing import fail_letters
from accounting.mailing.sending import NOBODY_KNOWS, send_block, send_letter
from accounting.models import Letter
from accounting.tasks import LETTERS_GIVEN_UP, mail_due_letters
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.worker.mailing import MOST_TRIES, pause_after
from mcp.worker.outbox import NotNow, Refused, ServerDown, Unanswered
from mcp.worker.queueing import NothingThere
from tests.accounting.letters import LOCMEM, Mailbox, billed, letters, mail_run, refusing, states, worked
from tests.worker import empty_queue, jobs


@pytest.fixture
def head(cast, settings):
    settings.MAILERS = LOCMEM
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def till(cast):
    return cast.scope("anna", "Hamburg")


def due(head: Scope) -> None:
    """As if all pauses were over."""
    with row_scope.rows_of(head):
        Letter.objects.filter(state="waiting").update(due_at=timezone.now() - timedelta(seconds=1))


def test_address_that_is_refused_is_final_and_not_repeated_by_the_answer(head, till):
    some = billed(head, till, "weg@example.com", "gast@example.com")
    mail_run(head, some)
    mailbox = Mailbox()
    mailbox.answer = refusing(Refused, "weg@example.com")
    assert worked(head, mailbox).to == ["gast@example.com"]
    failed, _sent = letters(head)
    assert (failed.state, failed.tries) == ("failed", 1)
    assert "550 <w…@example.com> says no" in str(failed.failure)
    assert mail_run(head, some).mailed == 1, "once he has another address, or the server another mood"


def test_mail_that_is_not_taken_now_is_tried_again_with_growing_pauses(head, till):
    [one] = billed(head, till, "gast@example.com")
    mail_run(head, [one])
    mailbox = Mailbox()
    mailbox.answer = refusing(NotNow)
    for turn in range(1, MOST_TRIES + 1):
        worked(head, mailbox)
        worked(head, mailbox)  # before the pause is over
        [letter] = letters(head)
        assert letter.tries == turn
        if turn < MOST_TRIES:
            wait = letter.due_at - timezone.now()
            assert pause_after(turn) - timedelta(seconds=3) < wait <= pause_after(turn)
        due(head)
    assert (letter.state, mailbox) == ("failed", [])


def test_server_that_is_down_is_asked_once_for_all(head, till):
    some = billed(head, till, *(f"gast{turn}@example.com" for turn in range(3)))
    mail_run(head, some)
    asked: list[str] = []
    mailbox = Mailbox()

    def down(message) -> None:
        asked.append(message.to[0])
        raise ServerDown("no route")

    mailbox.answer = down
    worked(head, mailbox)
    assert (len(asked), states(head)) == (1, ["waiting"] * 3)
    assert {one.tries for one in letters(head)} == {1}
    for _turn in range(MOST_TRIES - 1):
        due(head)
        worked(head, mailbox)
    assert (len(asked), states(head)) == (MOST_TRIES, ["failed"] * 3)


def test_mail_without_an_answer_is_not_sent_again_by_itself(head, till):
    [one] = billed(head, till, "gast@example.com")
    mail_run(head, [one])
    mailbox = Mailbox()
    mailbox.answer = refusing(Unanswered)
    worked(head, mailbox)
    [letter] = letters(head)
    assert (letter.state, letter.failure) == ("unsure", NOBODY_KNOWS())
    mailbox.answer = None
    assert mail_run(head, [one]).mailed == 0
    assert worked(head, mailbox) == []
    mail_again(letter=letter.pk, actor=head)
    assert worked(head, mailbox).to == ["gast@example.com"]


def test_letter_whose_worker_died_while_it_was_sent_is_not_sent_again_by_itself(head, till):
    some = billed(head, till, "a@example.com", "b@example.com")
    mail_run(head, some)
    first, second = letters(head)

    class Killed(BaseException):
        pass

    def die(_message) -> None:
        raise Killed

    with pytest.raises(Killed):
        send_letter(first.pk, post=die, actor=head)
    assert states(head) == ["sending", "waiting"]
    mailbox = worked(head, Mailbox())
    assert (mailbox.to, states(head)) == (["b@example.com"], ["unsure", "sent"])
    assert send_letter(second.pk, post=mailbox.post, actor=head)
    assert len(mailbox) == 1


def test_letter_that_cannot_be_made_fails_alone(head, till, monkeypatch):
    some = billed(head, till, "a@example.com", "b@example.com")
    mail_run(head, some)
    made = contents.content_of

    def broken(letter, actor):
        if letter.invoice_id == some[0].pk:
            raise RuntimeError("no font")
        return made(letter, actor)

    monkeypatch.setattr("accounting.mailing.sending.content_of", broken)
    assert worked(head, Mailbox()).to == ["b@example.com"]
    assert states(head) == ["failed", "sent"]


def test_mailing_that_is_given_up_says_so_at_each_letter(head, till):
    some = billed(head, till, "a@example.com", "b@example.com")
    mail_run(head, some)
    mailing = letters(head)[0].mailing
    send_block(mailing, post=Mailbox().post, actor=head, most=1)
    with row_scope.rows_of(head):
        fail_letters(mailing, LETTERS_GIVEN_UP())
        with pytest.raises(NothingThere):
            fail_letters(letters(head)[0].pk, LETTERS_GIVEN_UP())
    assert sorted(states(head)) == ["failed", "sent"]


def test_what_is_due_again_gets_a_job_every_minute_and_one_at_a_time(head, till):
    mail_run(head, billed(head, till, "gast@example.com"))
    assert jobs("accounting.tasks.mail_letters") == [("todo", 0)]
    mail_due_letters(timestamp=0)
    assert jobs("accounting.tasks.mail_letters") == [("todo", 0)]


def test_mailing_that_cannot_be_taken_up_keeps_none_of_the_others(head, till, monkeypatch):
    some = billed(head, till, "a@example.com", "b@example.com")
    for one in some:
        mail_documents(source=LetterSource.INVOICE, pk=one.pk, actor=head)
    empty_queue()
    broken, take_up = letters(head)[0].mailing, queueing.enqueue_letters

    def spoilt(mailing, somebody) -> None:
        if mailing == broken:
            raise OSError("the disk is gone")
        take_up(mailing, somebody)

    monkeypatch.setattr("accounting.tasks.enqueue_letters", spoilt)
    with pytest.raises(ExceptionGroup):
        mail_due_letters(timestamp=0)
    assert jobs("accounting.tasks.mail_letters") == [("todo", 0)]
