"""What a mail server says, and what becomes of it: for good, not now, not at all, or nobody knows."""

from __future__ import annotations

import smtplib
from typing import Any, ClassVar

import pytest
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from mcp.worker.outbox import NotNow, Outbox, Refused, ServerDown, Unanswered, wait_for_turn

MAIL = EmailMessage(subject="x", body="x", to=["gast@example.com"])


class Server(BaseEmailBackend):
    """A server that answers as it is told: `opening` when it is opened, `answer` to each mail."""

    opening: ClassVar[list[Exception]] = []
    answers: ClassVar[list[Exception | None]] = []
    opened: ClassVar[int] = 0
    taken: ClassVar[list[Any]] = []

    def open(self) -> bool:
        type(self).opened += 1
        if self.opening:
            raise self.opening.pop(0)
        return True

    def send_messages(self, messages: Any) -> int:
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        self.taken.extend(messages)
        return len(messages)


@pytest.fixture(autouse=True)
def server(settings) -> type[Server]:
    settings.MAILERS = {"default": {"BACKEND": "tests.mcp.test_outbox.Server"}}
    Server.opening, Server.answers, Server.opened, Server.taken = [], [], 0, []
    return Server


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (smtplib.SMTPRecipientsRefused({"gast@example.com": (550, b"unknown")}), Refused),
        (smtplib.SMTPRecipientsRefused({"gast@example.com": (451, b"grey")}), NotNow),
        (smtplib.SMTPDataError(554, b"spam"), Refused),
        (smtplib.SMTPDataError(452, b"full"), NotNow),
        (smtplib.SMTPSenderRefused(550, b"not you", "us@example.com"), NotNow),
        (smtplib.SMTPServerDisconnected("gone"), Unanswered),
        (TimeoutError("slow"), Unanswered),
    ],
)
def test_what_the_server_says_of_a_mail(server, said, wanted):
    server.answers = [said, None]
    with Outbox() as outbox:
        with pytest.raises(wanted) as refused:
            outbox.post(MAIL)
        assert type(refused.value) is wanted
        outbox.post(MAIL)
    assert len(server.taken) == 1


@pytest.mark.parametrize(
    "said", [ConnectionRefusedError(), smtplib.SMTPAuthenticationError(535, b"no"), TimeoutError()]
)
def test_server_that_lets_nobody_in_is_down(server, said):
    server.opening = [said]
    with Outbox() as outbox, pytest.raises(ServerDown):
        outbox.post(MAIL)
    assert server.taken == []


def test_answer_is_one_short_line(server):
    server.answers = [smtplib.SMTPDataError(554, b"a\r\nb \xff" + b"c" * 999)]
    with Outbox() as outbox, pytest.raises(Refused) as refused:
        outbox.post(MAIL)
    assert str(refused.value).startswith("554 a b ")
    assert len(str(refused.value)) == 200


def test_mails_wait_for_their_turn_where_the_server_takes_so_many_a_minute(
    db, settings, django_assert_num_queries
):  # fmt: skip
    with django_assert_num_queries(0):
        wait_for_turn()
    settings.MAILS_A_MINUTE = 60_000
    with django_assert_num_queries(2):
        wait_for_turn()
