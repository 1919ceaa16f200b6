"""What the worker does of a debit file, in one transaction: numbers, debits, control sum and bytes, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from django.utils import timezone

from accounting.banking.debits import Creditor, Debit, Scheme, Sequence, UnwritableDebitFile
from accounting.banking.pain008 import write_debit_file
from accounting.choices import DebitFileState
from accounting.debits.calls import call, demand_collector, file_in_state, told
from accounting.debits.files import demand_creditor, go_to
from accounting.models import DebitFile, DebitFileChunk, DebitItem
from files import chunks
from mcp.isolation import access, row_scope
from mcp.isolation.scope import Scope
from mcp.stored_sentences import sentences_of


def make_file(file: UUID, actor: Scope) -> None:
    """Make the debits of a running file and its bytes.

    Where no debit is left it fails, and says of each why. Raises MissingRight, NothingThere, Stopped where it does not
    run any more, DebitRefused, or UnwritableDebitFile.
    """
    demand_collector(actor)
    with row_scope.rows_of(actor), told():
        one = file_in_state(file, DebitFileState.RUNNING, actor)
        creditor = demand_creditor(actor)
        if not call("accounting_make_debits(%s, %s)", [actor.base.pk, one.pk]):
            go_to(one, DebitFileState.FAILED, sentences_of(UnwritableDebitFile("no_debits")))
            return
        one.refresh_from_db()
        made = write_debit_file(
            message_id=one.message_id, created_at=timezone.localtime(one.made_at),
            creditor=Creditor(
                name=creditor.legal_name, iban=creditor.iban, creditor_id=creditor.creditor_id, bic=creditor.bic
            ),
            debits=debits_of(one),
        )  # fmt: skip
        if (made.count, made.control_sum) != (one.count, one.total):
            raise RuntimeError("The sums of the file differ from its debits")
        size, digest = chunks.store(DebitFileChunk, file=one, content=[made.content], owner_key=one.owner_key)
        DebitFile.objects.filter(base=one.base_id, pk=one.pk).update(size=size, sha256=digest)
        access.demand_still(actor)
        go_to(one, DebitFileState.DONE)


def debits_of(file: DebitFile) -> Iterator[Debit]:
    """The debits of a file that are at the bank, as they are written. The caller has entered the scope."""
    rows = DebitItem.objects.of_file(file).pending().select_related("invoice").order_by("position")
    for one in rows.iterator(chunk_size=2000):
        assert one.signed_on is not None  # noqa: S101 - for the types: it has its mandate
        yield Debit(
            end_to_end_id=one.end_to_end_id, amount=one.amount, debtor_name=one.holder, debtor_iban=one.iban,
            mandate_id=one.mandate_reference, mandate_signed_on=one.signed_on, collect_on=file.collect_on,
            purpose=one.invoice.number, sequence=Sequence.RECURRENT if one.is_recurrent else Sequence.ONE_OFF,
            scheme=Scheme(one.scheme),
        )  # fmt: skip
