"""Mail: written to an outbox in the transaction that causes it, sent by the worker, tried again after errors.

    queue_mail ──> Mail (waiting) ──> mcp.tasks.send_mail ──> sent | failed after MOST_TRIES

Each kind of mail is a template templates/mail/<kind>.txt, whose first line is the subject. It is rendered when the mail
is sent, in the language of the recipient, so that no link for a password is stored.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import override

from mcp.choices import MailKind, MailState
from mcp.models import Mail, User
from mcp.worker.queueing import enqueue

MOST_TRIES = 8
"""The attempts are spread over about six hours."""
PAUSE = 4
"""After the first attempt 4 seconds, and after each one four times as long as after that before."""
SEND = "mcp.tasks.send_mail"
log = logging.getLogger(__name__)

type Words = Callable[[Mapping[str, Any]], Mapping[str, object]]
_words: dict[str, Words] = {}


def register(kind: MailKind, words: Words) -> None:
    """Have a function make words of the facts of such mails, in the language of the recipient, for their template."""
    _words[kind] = words


def is_configured() -> bool:
    """Whether there is a mail server. Without one, links are shown to those who make them."""
    return bool(settings.MAILERS)


def queue_mail(*, user: User, kind: MailKind, facts: Mapping[str, object], address: str | None = None) -> Mail | None:
    """Have a mail sent to a person once the current transaction is committed.

    None where there is no mail server, or the person has no address. `facts` goes into the context of the template; it
    is stored, so it holds no secrets, at most the key from which a link is made. `address` replaces the person's
    present one.
    """
    to = user.email if address is None else address
    if not is_configured() or not to:
        return None
    mail = Mail.objects.create(
        organization_id=user.organization_id, user=user, kind=kind, facts=facts, address=to,
        language=user.language,
    )  # fmt: skip
    enqueue(SEND, mail=mail.pk)
    return mail


def send(mail: Mail, *, besides: Mapping[str, object]) -> None:
    """Send the mail, and store that or the error. `besides` goes into the context and is not stored."""
    mail.tries += 1
    try:
        _message(mail, besides).send(using="default")
    except Exception as error:
        mail.error = f"{type(error).__name__}: {error}"[:300]
        mail.state = MailState.FAILED if mail.tries >= MOST_TRIES else MailState.WAITING
        log.warning("Mail %s (%s) could not be sent: %s", mail.pk, mail.kind, mail.error)
    else:
        mail.state, mail.sent_at, mail.error = MailState.SENT, timezone.now(), ""
    mail.save(update_fields=["tries", "error", "state", "sent_at"])


def _message(mail: Mail, besides: Mapping[str, object]) -> EmailMessage:
    with override(mail.language):
        words = _words[mail.kind](mail.facts) if mail.kind in _words else {}
        context = {"user": mail.user, "organization": mail.organization, **mail.facts, **words, **besides}
        subject, body = compose(mail.kind, context)
    return EmailMessage(subject=subject, body=body, to=[mail.address])


def compose(kind: str, context: Mapping[str, object]) -> tuple[str, str]:
    """Subject and text of a mail of this kind, in the active language."""
    subject, _line, body = render_to_string(f"mail/{kind}.txt", dict(context)).strip().partition("\n")
    return subject.strip(), body.strip() + "\n"


def pause_after(tries: int) -> timedelta:
    """How long to wait before the next attempt, after so many: as the jobs of `send_mail` wait."""
    return timedelta(seconds=PAUSE**tries)
