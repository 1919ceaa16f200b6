"""Asking for letters: all of a run or of a file that are not mailed yet, or one of them once more."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _
from procrastinate.exceptions import AlreadyEnqueued

from accounting.debits.calls import demand_collector
from accounting.invoicing.issuers import demand_biller
from accounting.letter_choices import LetterKind, LetterSource
from accounting.models import DebitFile, DebitItem, DunningNotice, DunningRun, Invoice, InvoiceRun, Letter
from mcp.isolation import row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope
from mcp.stored_sentences import stored_sentence
from mcp.worker import mailing
from mcp.worker.queueing import enqueue
from mcp.worker.somebody import for_somebody

SEND = "accounting.tasks.mail_letters"
TO_PRINT = stored_sentence("letter_to_print", _("The customer has no e-mail address, or wants it on paper."))
"""accounting_queue_letters writes it as well."""
_OF_INVOICES = frozenset({LetterSource.RUN.value, LetterSource.INVOICE.value})
_SOURCES: Mapping[LetterSource, Any] = {
    LetterSource.RUN: InvoiceRun, LetterSource.INVOICE: Invoice, LetterSource.DEBIT_FILE: DebitFile,
    LetterSource.DEBIT: DebitItem, LetterSource.REMINDERS: DunningRun, LetterSource.REMINDER: DunningNotice,
}  # fmt: skip
_SENTENCES = {
    "letter_there": _("There is nothing to be mailed here."),
    "letter_asked_for": _("Somebody has asked for it already. Look at it again."),
    "letter_one_under_way": _("Somebody has asked for it already. Look at it again."),
}


class LetterRefused(ValidationError):
    """It cannot be mailed once more; `code` says why."""


class NoMailServer(ValidationError):
    """No mail server is configured."""

    def __init__(self) -> None:
        super().__init__(_("No mail server is set up, so nothing is mailed. Print it."), code="no_mail_server")


@dataclass(frozen=True)
class Queued:
    """What was asked for: how many letters wait to be mailed, and how many are to be printed."""

    mailed: int
    printed: int


@busy_told()
def mail_documents(*, source: LetterSource, pk: UUID, actor: Scope) -> Queued:
    """Have mailed what of a run, of a file or of one document is not mailed yet.

    Who has no address, or wants paper, gets a letter to be printed. What is mailed already, or waits to be, stays as it
    is. Raises MissingRight, NotAtCentral, DebitsAtCentral, NoMailServer, LetterRefused where it is of another
    ledger, or Busy.
    """
    owner = _demand(source, actor)
    if not mailing.is_configured():
        raise NoMailServer
    with row_scope.within(actor):
        _demand_owned(source, pk, owner, actor)
        return queue_letters(source, pk, actor)


@busy_told()
def mail_again(*, letter: UUID, actor: Scope) -> Letter:
    """Have a document mailed once more, by the last letter of it; who has asked and when is kept.

    Raises MissingRight, NotAtCentral, DebitsAtCentral, NoMailServer, Letter.DoesNotExist, LetterRefused where it waits,
    somebody was faster, or the customer was erased, or Busy.
    """
    with row_scope.within(actor):
        before = Letter.objects.in_base(actor.base).get(pk=letter)
        if before.owner_key != demand_mailer(before.kind, actor):
            raise LetterRefused(_SENTENCES["letter_there"], code="letter_there")
        if not mailing.is_configured():
            raise NoMailServer
        group = uuid.uuid4()
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    "SELECT accounting_queue_again(%s, %s, %s, %s)",
                    [actor.base.pk, letter, group, actor.actor_name[:200]],
                )
        except IntegrityError as error:
            name = str(getattr(getattr(error.__cause__, "diag", None), "constraint_name", None))
            if name not in _SENTENCES:
                raise
            raise LetterRefused(_SENTENCES[name], code=name) from error
        enqueue_letters(group, for_somebody(actor))
        return Letter.objects.get(mailing=group)


def queue_letters(source: LetterSource, pk: UUID, actor: Scope) -> Queued:
    """Add the letters, and the job that sends them. The caller has entered the scope and asked for the right."""
    group = uuid.uuid4()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT mailed, printed FROM accounting_queue_letters(%s, %s, %s, %s, %s)",
            [actor.base.pk, source.value, pk, group, actor.actor_name[:200]],
        )
        done = Queued(*cursor.fetchone())
    if done.mailed:
        enqueue_letters(group, for_somebody(actor))
    return done


def enqueue_letters(group: UUID, somebody: Mapping[str, int]) -> None:
    """Let the worker send what is due of a mailing: one job at a time, and one that waits."""
    name = f"letters {group}"
    try:
        enqueue(SEND, lock=name, queueing_lock=name, mailing=str(group), **somebody)
    except AlreadyEnqueued:
        return


def letters_addressed(source: LetterSource, pk: UUID, scope: Scope) -> Queued:
    """What `mail_documents` would ask for now: how many have an address, and how many are to be printed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE address <> ''), count(*) FILTER (WHERE address = '') "
            "FROM accounting_unmailed(%s, %s, %s) WHERE customer IS NOT NULL",
            [scope.base.pk, source.value, pk],
        )
        return Queued(*cursor.fetchone())


def demand_mailer(kind: str, actor: Scope) -> int:
    """The owner of the ledger out of which the actor mails documents of this kind here.

    Raises MissingRight, NotAtCentral or DebitsAtCentral.
    """
    of_invoice = kind in (LetterKind.INVOICE, LetterKind.CANCELLATION)
    return demand_biller(actor) if of_invoice else demand_collector(actor)


def _demand(source: LetterSource, actor: Scope) -> int:
    return demand_mailer(LetterKind.INVOICE if source.value in _OF_INVOICES else LetterKind.DEBIT, actor)


def _demand_owned(source: LetterSource, pk: UUID, owner: int, actor: Scope) -> None:
    """Raise LetterRefused where what is to be mailed is not of this ledger, as what the central has made at a location
    on its own.
    """
    if not _SOURCES[source].objects.filter(base=actor.base, pk=pk, owner_key=owner).exists():
        raise LetterRefused(_SENTENCES["letter_there"], code="letter_there")
