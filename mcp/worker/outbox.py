"""A connection to the mail server for several mails, and what the server's answers mean.

    with Outbox() as outbox:
        outbox.post(message)

Of a mail that was not sent there are four cases, each an exception with what the server has said: it refuses it for
good (Refused), not now (NotNow), cannot be reached at all (ServerDown), or has gone without an answer while the mail
was handed over (Unanswered): then nobody knows, and whoever sends it once more may send it twice.
"""

from __future__ import annotations

import smtplib
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from django.conf import settings
from django.core.mail import EmailMessage, mailers
from django.db import connection

LOCK_OF_PACE = 4_711_020
"""The name of the lock behind which mails wait for one another where the server takes so many a minute."""
LONGEST_ANSWER = 200


class Undelivered(Exception):
    """The mail was not sent, or nobody knows; as text what the server has said."""


class Refused(Undelivered):
    """The server will not take this mail, however often it is tried."""


class NotNow(Undelivered):
    """The server does not take this mail at the moment."""


class ServerDown(Undelivered):
    """The server cannot be reached, or lets nobody in: no mail can be sent at the moment."""


class Unanswered(Undelivered):
    """The connection broke while the mail was handed over: it may have been sent."""


class Outbox:
    """Sends mails one by one over a connection that is opened when it is needed, and anew after an error."""

    def __init__(self) -> None:
        self._connection: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def post(self, message: EmailMessage) -> None:
        """Hand a mail over to the server. Raises Refused, NotNow, ServerDown or Unanswered."""
        self._open()
        try:
            self._connection.send_messages([message])
        except smtplib.SMTPRecipientsRefused as error:
            self._close()
            code, said = next(iter(error.recipients.values()))
            raise (Refused if code >= 500 else NotNow)(_answer(code, said)) from error
        except smtplib.SMTPSenderRefused as error:  # that is about us, and not about this mail
            self._close()
            raise NotNow(_answer(error.smtp_code, error.smtp_error)) from error
        except smtplib.SMTPResponseException as error:
            self._close()
            kind = Refused if error.smtp_code >= 500 else NotNow
            raise kind(_answer(error.smtp_code, error.smtp_error)) from error
        except (smtplib.SMTPException, OSError) as error:
            self._close()
            raise Unanswered(_words(error)) from error

    def _open(self) -> None:
        """Raises ServerDown."""
        if self._connection is not None and not _is_alive(self._connection):
            self._close()
        if self._connection is None:
            self._connection = mailers["default"]
        try:
            self._connection.open()
        except (smtplib.SMTPException, OSError) as error:
            self._close()
            raise ServerDown(_words(error)) from error

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(smtplib.SMTPException, OSError):
                self._connection.close()
        self._connection = None


def wait_for_turn() -> None:
    """Wait as long as MAILS_A_MINUTE asks between two mails of all workers. Its lock ends with the transaction."""
    if settings.MAILS_A_MINUTE:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_OF_PACE])
            cursor.execute("SELECT pg_sleep(60 / %s::numeric)", [settings.MAILS_A_MINUTE])


def _is_alive(backend: Any) -> bool:
    """Whether the server still listens: it closes connections over which nothing came for a while."""
    smtp = getattr(backend, "connection", None)
    if not isinstance(smtp, smtplib.SMTP):
        return True
    try:
        return smtp.noop()[0] == 250
    except (smtplib.SMTPException, OSError):
        return False


def _answer(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join(f"{code} {text}".split())[:LONGEST_ANSWER]


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _answer(error.smtp_code, error.smtp_error)
    return " ".join(f"{type(error).__name__}: {error}".split())[:LONGEST_ANSWER]
