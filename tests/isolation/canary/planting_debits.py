"""Mandates, debits and disputes with canaries in all their words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from django.utils import timezone
from schwifty import IBAN

from accounting.debits.files import announce_debits, prepare_debits
from accounting.debits.making import make_file
from accounting.debits.mandates import Signature, add_mandate, revoke_mandate
from accounting.dunning import set_level
from accounting.invoicing import prepare_run
from accounting.invoicing.running import issue_next
from accounting.letter_choices import LetterSource, LetterState
from accounting.mailing.queueing import queue_letters
from accounting.models import (
    DebitFile,
    DebitFileChunk,
    DebitItem,
    Dispute,
    DunningLevel,
    DunningNotice,
    DunningRun,
    Invoice,
    InvoiceRun,
    Issuer,
    Letter,
    Mandate,
)
from accounting.operations.disputing import dispute_invoice, end_dispute
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences
from tests.accounting.reminders import later_run
from tests.isolation.canary.canaries import Canary
from tests.isolation.canary.planting_invoices import MADE as OF_INVOICES

MADE = (Mandate, DebitFile, DebitFileChunk, DebitItem, Dispute, DunningNotice, DunningRun, Letter)
CREDITOR = {"iban": "DE89370400440532013000", "bic": "", "creditor_id": "DE98ZZZ09999999999"}


def plant_debits(business: Any, scope: Scope, customers: Sequence[int]) -> None:
    """Each customer has a mandate that has ended and one that is valid; what is due is debited."""
    with row_scope.rows_of(scope):
        for customer in customers:
            _mandates(business, customer, scope)
        _disputed(business, scope)
        _debited(business, scope)
        _reminded(business, scope)
        _mailed(business, scope)
    for model in (*MADE, *OF_INVOICES):
        business.rows[model._meta.label] = list(model._base_manager.filter(base__in=business.bases))


def _mandates(business: Any, customer: int, scope: Scope) -> None:
    word = partial(_word, business, "accounting.Mandate")
    number = business.canaries.number(Canary(business.account, "accounting.Mandate", "iban"), digits=10)
    iban = str(IBAN.generate("DE", bank_code="37040044", account_code=str(number)))
    by = Scope.of_system(scope.location, name=word("created_by"))
    signed = Signature(
        iban=iban, holder=word("holder"), signed_on=timezone.localdate(), evidence=word("evidence"),
        evidence_sha256="0" * 64,
    )  # fmt: skip
    ended, _valid = (
        add_mandate(
            customer=customer, signature=signed, reference=f"{word('reference')}-{customer}-{turn}"[-35:], actor=by
        )
        for turn in range(2)
    )
    ender = Scope.of_system(scope.location, name=word("revoked_by"))
    revoke_mandate(mandate=ended.pk, reason=word("revoked_reason"), actor=ender)


def _disputed(business: Any, scope: Scope) -> None:
    word = partial(_word, business, "accounting.Dispute")
    begun = Scope.of_system(scope.location, name=word("begun_by"))
    about = Invoice.objects.in_base(scope.base).filter(kind="invoice")[:1].get()
    made = dispute_invoice(invoice=about.pk, reason=word("reason"), actor=begun)
    by = Scope.of_system(scope.location, name=word("ended_by"))
    end_dispute(dispute=made.pk, outcome=word("outcome"), actor=by)


def _debited(business: Any, scope: Scope) -> None:
    """The issuer has canaries where a bank wants numbers, so he has others while the file is made."""
    word = partial(_word, business, "accounting.DebitFile")
    by = Scope.of_system(scope.location, name=word("user_name"))
    issuers = Issuer.objects.filter(organization=business.organization)
    kept = issuers.values(*CREDITOR).get()
    issuers.update(**CREDITOR)
    _billed_again(by)
    day = timezone.localdate() + timedelta(days=20)
    file = prepare_debits(due_until=day, collect_on=day, actor=by)
    announce_debits(file=file.pk, on=timezone.localdate(), actor=by)
    DebitFile.objects.filter(pk=file.pk).update(state="running")
    make_file(file.pk, by)
    failure = Sentences([{"code": "", "text": word("failure"), "params": {}}])
    DebitFile.objects.filter(pk=file.pk).update(failure=failure)
    issuers.update(**kept)


def _reminded(business: Any, scope: Scope) -> None:
    """The levels have canaries, and so has whoever prepares a run."""
    word = partial(_word, business, "accounting.DunningLevel")
    for level in (1, 2, 3):
        set_level(level=level, values={"title": word("title")[:80], "text": word("text")}, actor=scope)
    later_run(Scope.of_system(scope.location, name=_word(business, "accounting.DunningRun", "user_name")))
    for model in (DunningLevel, DunningLevel._meta.get_field("history").related_model):
        rows = model._base_manager.filter(organization=business.organization)
        business.rows[model._meta.label] = list(rows)


def _mailed(business: Any, scope: Scope) -> None:
    """One letter of which the server has said something, to an address of which a part is kept."""
    word = partial(_word, business, "accounting.Letter")
    by = Scope.of_system(scope.location, name=word("user_name"))
    invoice = Invoice.objects.in_base(scope.base).filter(kind="invoice", is_cancelled=False, customer__isnull=False)[:1]
    queue_letters(LetterSource.INVOICE, invoice.get().pk, by)
    Letter.objects.filter(state=LetterState.WAITING).update(state=LetterState.SENDING)
    failure = Sentences([{"code": "", "text": word("failure"), "params": {}}])
    Letter.objects.filter(state=LetterState.SENDING).update(
        state=LetterState.SENT, sent_at=timezone.now(), sent_to=word("sent_to"), failure=failure
    )


def _billed_again(by: Scope) -> None:
    """The orders of the invoice that was cancelled stand on another one."""
    run = prepare_run(until=timezone.localdate(), actor=by)
    InvoiceRun.objects.filter(pk=run.pk).update(state="running")
    while issue_next(run.pk, on=timezone.localdate(), actor=by) is not None:
        pass


def _word(business: Any, table: str, column: str) -> str:
    return str(business.canaries.word(Canary(business.account, table, column)))
