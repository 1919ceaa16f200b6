"""What the worker does of letters: one after the other, each in two transactions.

The first one decides whether it is still wanted, makes the mail, and says that it is being sent; the second one reads
the address once more, hands it over and says how that went. So a letter that is found "being sent" without a worker
was handed over or was not, and nobody knows: it is never sent again by itself, but by somebody who wants it
(Unanswered means the same). All others are sent once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.db.models import Case, F, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounting.choices import DebitState, InvoiceState
from accounting.letter_choices import LetterKind, LetterState
from accounting.mailing.contents import Content, content_of, masked
from accounting.mailing.queueing import TO_PRINT, demand_mailer
from accounting.models import DebitItem, Dispute, Letter
from accounting.querysets import LetterQuerySet
from mcp.isolation import access, row_scope
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences, sentences_of, stored_sentence
from mcp.worker.mailing import MOST_TRIES, pause_after
from mcp.worker.outbox import NotNow, Refused, ServerDown, Unanswered, wait_for_turn
from mcp.worker.queueing import NothingThere

BLOCK = 50
"""Letters in one job: between two of them others have their turn, and what is in memory is one mail."""
log = logging.getLogger(__name__)

NOT_NEEDED = stored_sentence(
    "letter_not_needed", _("It was paid, cancelled or disputed before it was mailed.")
)  # fmt: skip
SERVER_REFUSED = stored_sentence(
    "letter_refused", _("The mail server refuses it: “%(answer)s”. Correct the address, and mail it.")
)
SERVER_DOWN = stored_sentence(
    "letter_server_down",
    _("The mail server could not be reached, or did not take the mail. It has said: “%(answer)s”."),
)
NOBODY_KNOWS = stored_sentence(
    "letter_unsure",
    _("It broke off while the mail was handed over. Ask the customer whether it came, before it is mailed once more."),
)
NOT_MADE = stored_sentence("letter_broken", _("The mail could not be made. Tell support."))

type Post = Callable[[EmailMessage], None]


def send_block(mailing: UUID, *, post: Post, actor: Scope, most: int = BLOCK) -> bool:
    """Send the next letters of a mailing that are due; returns whether more are.

    Raises MissingRight, NotAtCentral, DebitsAtCentral, or NothingThere where there is no such mailing.
    """
    with row_scope.rows_of(actor):
        _give_up_interrupted(mailing)
        letters = Letter.objects.in_base(actor.base).of_mailing(mailing)
        first = letters.first()
        if first is None:
            raise NothingThere("mailing", mailing)
        demand_mailer(first.kind, actor)
        access.demand_still(actor)
        due = list(letters.due(timezone.now()).order_by("due_at", "pk").values_list("pk", flat=True)[:most])
    for pk in due:
        if not send_letter(pk, post=post, actor=actor):
            return False
    with row_scope.rows_of(actor):
        return letters.due(timezone.now()).exists()


def send_letter(pk: UUID, *, post: Post, actor: Scope) -> bool:
    """Send one letter that waits; returns whether the mail server can be reached. Without effect where another worker
    has it, or it does not wait any more."""
    with row_scope.rows_of(actor):
        wait_for_turn()
    with row_scope.rows_of(actor):
        content = _begun(pk, actor)
    if content is None:
        return True
    with row_scope.rows_of(actor):
        letter = _letters(actor).select_for_update(of=("self",)).filter(pk=pk, state=LetterState.SENDING).first()
        return letter is None or _handed_over(letter, content, post)


def _letters(actor: Scope) -> LetterQuerySet:
    return Letter.objects.in_base(actor.base).select_related("invoice__cancels", "customer")


def _begun(pk: UUID, actor: Scope) -> Content | None:
    """Say that the letter is being sent, and what it says; None where it is not sent (any more)."""
    waiting = _letters(actor).select_for_update(of=("self",), skip_locked=True)
    letter = waiting.filter(pk=pk, state=LetterState.WAITING).first()
    if letter is None:
        return None
    if not _is_needed(letter):
        _settle(letter, LetterState.DROPPED, NOT_NEEDED())
        return None
    if not (address := address_of(letter)):
        _settle(letter, LetterState.PAPER, TO_PRINT())
        return None
    content = _made(letter, address, actor)
    if content is not None:
        Letter.objects.filter(pk=pk).update(state=LetterState.SENDING, tries=F("tries") + 1)
    return content


def _made(letter: Letter, address: str, actor: Scope) -> Content | None:
    """What it says; None where that cannot be made, and the letter has failed."""
    try:
        with transaction.atomic():
            content = content_of(letter, actor)
            content.addressed(letter, address).message()
    except ValidationError as refusal:
        _settle(letter, LetterState.FAILED, sentences_of(refusal))
    except Exception:
        log.exception("The letter %s could not be made", letter.pk)
        _settle(letter, LetterState.FAILED, NOT_MADE())
    else:
        return content
    return None


def _handed_over(letter: Letter, content: Content, post: Post) -> bool:
    """Hand the mail over, and store how that went; returns whether the mail server can be reached."""
    address = address_of(letter)
    if not address:
        _settle(letter, LetterState.PAPER, TO_PRINT())
        return True
    try:
        post(content.addressed(letter, address))
    except Refused as error:
        _settle(letter, LetterState.FAILED, SERVER_REFUSED(answer=_without(address, error)))
    except Unanswered:
        _settle(letter, LetterState.UNSURE, NOBODY_KNOWS())
    except NotNow as error:
        _later(letter, _without(address, error))
    except ServerDown as error:
        _later(letter, _without(address, error))
        _all_later(letter, _without(address, error))
        return False
    else:
        _sent(letter, address)
    return True


def _sent(letter: Letter, address: str) -> None:
    Letter.objects.filter(pk=letter.pk).update(
        state=LetterState.SENT, sent_at=timezone.now(), sent_to=masked(address), failure=Sentences()
    )
    if letter.debit_id is not None:
        waiting = DebitItem.objects.filter(base=letter.base_id, pk=letter.debit_id, state=DebitState.PROPOSED)
        waiting.filter(announced_on=None).update(announced_on=timezone.localdate())


def _later(letter: Letter, answer: str) -> None:
    """Try it again after a pause, or not any more. `tries` counts this attempt already."""
    if letter.tries >= MOST_TRIES:
        _settle(letter, LetterState.FAILED, SERVER_DOWN(answer=answer))
        return
    Letter.objects.filter(pk=letter.pk).update(
        state=LetterState.WAITING, due_at=_next(letter), failure=SERVER_DOWN(answer=answer)
    )


def _all_later(letter: Letter, answer: str) -> None:
    """No other letter of the mailing is tried before that one: each would wait for the server in vain."""
    others = Letter.objects.of_mailing(letter.mailing).due(timezone.now())
    others.update(
        state=Case(When(tries__gte=MOST_TRIES - 1, then=Value(LetterState.FAILED)), default=Value(LetterState.WAITING)),
        tries=F("tries") + 1,
        due_at=_next(letter),
        failure=SERVER_DOWN(answer=answer),
    )


def _next(letter: Letter) -> datetime:
    return timezone.now() + pause_after(letter.tries)


def _settle(letter: Letter, state: LetterState, reason: Sentences) -> None:
    Letter.objects.filter(pk=letter.pk).update(state=state, failure=reason)


def _give_up_interrupted(mailing: UUID) -> None:
    """Letters whose worker was killed while it sent them. Those of a worker that lives are locked, or not there yet."""
    sending = Letter.objects.of_mailing(mailing).filter(state=LetterState.SENDING)
    left = list(sending.select_for_update(skip_locked=True).values_list("pk", flat=True))
    Letter.objects.filter(pk__in=left).update(state=LetterState.UNSURE, failure=NOBODY_KNOWS())


def address_of(letter: Letter) -> str:
    """Where his letters go at this moment: by the terms of billing, or else by his master data; empty for paper."""
    if letter.customer_id is None:
        return ""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT accounting_letter_address(%s, %s, %s)", [letter.base_id, letter.ledger_id, letter.customer_id]
        )
        return cursor.fetchone()[0] or ""


def _is_needed(letter: Letter) -> bool:
    """Whether what it says still holds: an invoice that stands, a debit that comes, a reminder of what is open."""
    match letter.kind:
        case LetterKind.DEBIT:
            coming = [DebitState.PROPOSED, DebitState.PENDING]
            return DebitItem.objects.filter(base=letter.base_id, pk=str(letter.debit_id), state__in=coming).exists()
        case LetterKind.REMINDER:
            is_open = letter.invoice.state in (InvoiceState.OPEN, InvoiceState.PARTLY_PAID)
            disputes = Dispute.objects.filter(base=letter.base_id, invoice=letter.invoice_id, ended_at=None)
            return is_open and not disputes.exists()
    return not letter.invoice.is_cancelled


def _without(address: str, error: Exception) -> str:
    """What the server has said, without the address that it repeats."""
    return str(error).replace(address, masked(address))
