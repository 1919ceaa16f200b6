"""What the pages of invoices, debits and reminders say of their mails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.translation import ngettext

from accounting.letter_choices import UNDER_WAY, LetterKind, LetterSource, LetterState
from accounting.mailing import Queued, letters_addressed
from accounting.models import DebitFile, DunningRun, Invoice, InvoiceRun, Letter
from accounting.owners import owners_shown
from accounting.pages.frame import LETTER_AGAIN, NOTICE_AGAIN, address_of, may
from accounting.querysets import LetterQuerySet
from locations.permissions import Right
from mcp.isolation.scope import Scope
from mcp.worker.mailing import is_configured

SHOWN_TROUBLE = 20
_TROUBLE = (LetterState.FAILED, LetterState.UNSURE)
OF_INVOICES = (LetterKind.INVOICE, LetterKind.CANCELLATION)


@dataclass(frozen=True)
class Mailing:
    """What has become of the mails of a run or of a file, and what can be mailed now."""

    counts: Sequence[tuple[str, int]]
    """For each state its name, and how many documents are in it by their last letter."""
    trouble: Sequence[Letter]
    """The first of those that somebody has to look at."""
    is_more_trouble: bool
    is_under_way: bool
    now: Queued
    """What would be mailed now, and what has no address for it."""
    is_configured: bool

    @property
    def is_said(self) -> bool:
        """Whether there is anything to say."""
        return bool(self.counts) or self.may_mail

    @property
    def may_mail(self) -> bool:
        return self.is_configured and bool(self.now.mailed)


def mailing_of(of: InvoiceRun | DebitFile | DunningRun, scope: Scope) -> Mailing:
    """What its page says of its mails: four queries."""
    source, letters = _letters_of(of)
    newest = letters.order_by("document", "-asked_at", "-pk").distinct("document")
    states = list(newest.values_list("pk", "state"))
    numbers = Counter(state for _pk, state in states)
    wrong = [pk for pk, state in states if state in _TROUBLE]
    shown = Letter.objects.filter(base=of.base_id, pk__in=wrong[:SHOWN_TROUBLE]).select_related("invoice")
    return Mailing(
        counts=[(str(state.label), numbers[state]) for state in LetterState if numbers[state]],
        trouble=list(shown.order_by("invoice__number")),
        is_more_trouble=len(wrong) > SHOWN_TROUBLE,
        is_under_way=any(numbers[state] for state in UNDER_WAY),
        now=letters_addressed(source, of.pk, scope),
        is_configured=is_configured(),
    )


def _letters_of(of: InvoiceRun | DebitFile | DunningRun) -> tuple[LetterSource, LetterQuerySet]:
    letters = Letter.objects.filter(base=of.base_id)
    if isinstance(of, InvoiceRun):
        return LetterSource.RUN, letters.filter(invoice__run=of.pk, kind=LetterKind.INVOICE)
    if isinstance(of, DebitFile):
        return LetterSource.DEBIT_FILE, letters.filter(debit__file=of.pk)
    return LetterSource.REMINDERS, letters.filter(notice__run=of.pk)


def told_of(done: Queued) -> str:
    """What somebody has asked for, in a sentence."""
    said = ngettext("%(many)s mail is being sent.", "%(many)s mails are being sent.", done.mailed)
    printed = ngettext("%(many)s is to be printed.", "%(many)s are to be printed.", done.printed)
    sentences = [said % {"many": done.mailed}, *([printed % {"many": done.printed}] if done.printed else [])]
    return " ".join(sentences)


def letters_shown(invoice: Invoice, scope: Scope) -> Mapping[str, object]:
    """The context of an invoice's page: its letters, each with the address to mail it once more; one query."""
    letters = list(Letter.objects.of_invoice(invoice))
    last = {letter.document: letter.pk for letter in reversed(letters)}
    is_mailable = (
        invoice.customer_id is not None
        and is_configured()
        and not invoice.is_cancelled
        and invoice.owner_key == owners_shown(scope).billing
    )
    rows = [
        (one, _again(one, scope) if is_mailable and one.is_over and last[one.document] == one.pk else "")
        for one in letters
    ]
    is_first = not any(one.kind in OF_INVOICES for one in letters)
    return {"letters": rows, "may_mail": is_first and is_mailable and may(scope, Right.BILL_CUSTOMERS)}


def _again(letter: Letter, scope: Scope) -> str:
    """The address of the page that mails it once more; empty for whoever may not."""
    of_invoice = letter.kind in OF_INVOICES
    if not may(scope, Right.BILL_CUSTOMERS if of_invoice else Right.COLLECT_PAYMENTS):
        return ""
    return address_of(LETTER_AGAIN if of_invoice else NOTICE_AGAIN, letter.pk)


def part_asked(request: HttpRequest) -> int:
    """?part=, from 1 on; 1 where it is no number."""
    text = request.GET.get("part", "1")
    return int(text) if text.isdecimal() and 0 < int(text) < 10_000 else 1
