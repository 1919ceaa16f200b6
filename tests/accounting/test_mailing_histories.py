"""Random histories of mails: of each document one letter stands, and no mail goes twice without somebody's wish."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from accounting.invoicing.making import keep_documents
from accounting.letter_choices import STANDING
from accounting.mailing import mail_again
from accounting.mailing.sending import send_block
from accounting.models import Letter
from customers.models import Customer
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.worker.outbox import NotNow, Refused, ServerDown, Unanswered
from tests.accounting.letters import LOCMEM, Mailbox, billed, buyer, mail_run

pytestmark = pytest.mark.django_db
ANSWERS = {"refuse": Refused, "not now": NotNow, "down": ServerDown, "silent": Unanswered}
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "ask", "send", "send", "again", "move", "wait", *ANSWERS]), st.integers(0, 1)
    ),
    max_size=10,
)  # fmt: skip


class World:
    """Two customers with an invoice each, and what can happen to its mail."""

    def __init__(self, head: Scope, till: Scope) -> None:
        self.head, self.mailbox = head, Mailbox()
        self.invoices = billed(head, till, "a@example.com", "b@example.com")
        self.wishes = dict.fromkeys((one.number for one in self.invoices), 0)

    def take(self, step: str, at: int) -> None:
        if step in ANSWERS:
            self.mailbox.answer = self._answering(ANSWERS[step])
            self.send(at)
            self.mailbox.answer = None
            return
        with transaction.atomic():
            getattr(self, step)(at)

    def ask(self, _at: int) -> None:
        mail_run(self.head, self.invoices)

    def send(self, _at: int) -> None:
        for mailing in set(Letter.objects.values_list("mailing", flat=True)):
            send_block(mailing, post=self.mailbox.post, actor=self.head)

    def again(self, at: int) -> None:
        last = Letter.objects.of_invoice(self.invoices[at]).first()
        if last is not None:
            try:
                mail_again(letter=last.pk, actor=self.head)
            except ValidationError:
                return
            self.wishes[self.invoices[at].number] += 1

    def move(self, at: int) -> None:
        whose = Customer.objects.get(pk=buyer(self.invoices[at]))
        Customer.objects.filter(pk=whose.pk).update(email="" if whose.email else "neu@example.com")

    def wait(self, _at: int) -> None:
        Letter.objects.filter(state="waiting").update(due_at=timezone.now() - timedelta(seconds=1))

    def _answering(self, error: type[Exception]) -> Any:
        def answer(_message: Any) -> None:
            raise error("no")

        return answer

    def check(self) -> None:
        for one in self.invoices:
            letters = Letter.objects.of_invoice(one)
            assert letters.filter(state__in=STANDING, is_again=False).count() <= 1
            assert letters.filter(state__in=["waiting", "sending"]).count() <= 1
            sent = sum(one.number in mail.subject for mail in self.mailbox)
            assert sent == letters.filter(state="sent").count() <= 1 + self.wishes[one.number]


@pytest.fixture
def world(cast, settings) -> World:
    settings.MAILERS = LOCMEM
    world = World(cast.scope("anna", "Zentrale"), cast.scope("anna", "Hamburg"))
    with row_scope.rows_of(world.head):
        keep_documents(world.invoices)
    return world


def test_each_document_has_one_standing_letter_and_is_mailed_once_for_each_wish(world):
    @examples(max_examples=12, deadline=None)
    @given(STEPS)
    def play(steps: list[tuple[str, int]]) -> None:
        world.mailbox.clear()
        world.wishes = dict.fromkeys(world.wishes, 0)
        with row_scope.rows_of(world.head):
            for step, at in steps:
                world.take(step, at)
                world.check()
            transaction.set_rollback(True)

    play()
