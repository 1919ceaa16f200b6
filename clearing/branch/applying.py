"""The branch applies the answer of the central, whole or not at all.

    apply_answer(cycle, actor=…)

Whoever was changed here after the run was cut is left as he is: from what that change began is kept, so the next run
finds out whether it is a conflict. An erasure is applied to him as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from itertools import batched
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy

from clearing.branch.cutting import agreed_vocabulary, is_emptied
from clearing.branch.unsent import unsent_of
from clearing.choices import CycleState, PartKind
from clearing.models import Cycle, HeldBack, OwnNode
from clearing.naming import name_of
from clearing.protocol.parts import unpack_all
from clearing.protocol.records import (
    ConflictRecord,
    CustomerRecord,
    DecisionRecord,
    DeletionRecord,
    ErasureRecord,
    HeldBackRecord,
    MatterRecord,
    Record,
    RevisionRecord,
    VocabularyRecord,
    read_record,
)
from clearing.protocol.versions import RefusedRecord, Version, differing_fields
from clearing.protocol.vocabulary import Vocabulary, merged
from clearing.rows import parts, revisions, vocabulary
from clearing.rows.conflicts import store_conflict
from clearing.rows.decisions import accept_decision
from clearing.rows.erasing import erase_known
from clearing.rows.reading import BLOCK, RowState, sent_of, states_of, versions_of
from clearing.rows.statements import add_statements
from clearing.rows.writing import HAS_CARD, remove, with_cards, write
from clearing.travelling import KEPT, keeping
from clearing.travelling import apply as apply_matters
from customers import statistics
from customers.imports import take_turn
from customers.models import CustomerRevision
from customers.write_order import tell_reconciling
from locations.models import CustomerBase
from mcp.isolation import row_scope
from mcp.isolation.history_context import recorded_as
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences, stored_sentence
from mcp.worker.progress import Patient

REASON_NOT_KNOWN = stored_sentence(
    "clearing_reason_not_known",
    gettext_lazy("The central gives a reason that this version does not know. Upgrade the branch to read it."),
)
ERASED_AT_CENTRAL = gettext_lazy("Erased at the central (reconciliation)")


def apply_answer(cycle: Cycle, *, actor: Scope) -> None:
    """Apply the answer, which has arrived whole; a run that is done stays as it is. Raises what the parts raise.

    It takes turns with imports and bulk changes of the base, and waits for them.
    """
    with row_scope.rows_of_clearing(actor), recorded_as(**actor.history(node=str(cycle.node_id), run=cycle.number)):
        own = OwnNode.objects.select_for_update().get(base=actor.base)
        cycle.refresh_from_db()
        if cycle.state == CycleState.DECIDED:
            take_turn(actor.base.pk, progress=Patient())
            tell_reconciling(actor.base)
            revisions.lock_order(actor.base)
            _Answer(cycle, own, actor).apply()
    statistics.gather(statistics.WRITTEN, rows=parts.manifest(cycle.answer).rows)


class _Answer:
    def __init__(self, cycle: Cycle, own: OwnNode, actor: Scope) -> None:
        self._cycle, self._own, self._actor = cycle, own, actor
        self._base: CustomerBase = actor.base
        self._cut = cycle.cut or 0
        self._unsent = unsent_of(self._base)

    def apply(self) -> None:
        wanted: Vocabulary | None = None
        lines = unpack_all(parts.contents_of(self._cycle, PartKind.ANSWER), parts.manifest(self._cycle.answer))
        for block in batched(map(read_record, lines), BLOCK):
            records = list(block)
            if records and isinstance(records[0], VocabularyRecord):
                wanted = self._merge(records.pop(0).now)  # type: ignore[union-attr]
            self._apply([record for record in records if not isinstance(record, MatterRecord)])
            matters = [record for record in records if isinstance(record, MatterRecord)]
            apply_matters(matters, self._cycle, self._actor)
        if wanted is not None:
            vocabulary.remove(self._base, wanted)
        cycle, own, now = self._cycle, self._own, timezone.now()
        cycle.state, cycle.done_at = CycleState.DONE, now
        cycle.save(update_fields=["state", "done_at"])
        own.applied, own.receipt, own.sent_up_to = cycle.number, cycle.receipt, self._cut
        own.lacks_since, own.known_before, own.succeeded_at, own.failure = None, None, now, Sentences()
        own.save(
            update_fields=[
                "applied", "receipt", "sent_up_to", "lacks_since", "known_before", "succeeded_at", "failure",
                "agreed_vocabulary",
            ]
        )  # fmt: skip
        parts.forget_erased(cycle)
        revisions.set_cut(self._base, None)

    def _merge(self, central: Vocabulary) -> Vocabulary:
        """Bring groups and tags to what the central has, but for what was changed here after the cut."""
        wanted = merged(self._sent_vocabulary(), branch=vocabulary.vocabulary_of(self._base), central=central)
        vocabulary.add(self._base, wanted)
        self._own.agreed_vocabulary = central.to_json()
        return wanted

    def _sent_vocabulary(self) -> Vocabulary:
        if is_emptied(self._cycle):
            return agreed_vocabulary(self._own)
        lines = unpack_all(parts.contents_of(self._cycle, PartKind.SENT), parts.manifest(self._cycle.sent))
        first = next(lines, None)
        record = read_record(first) if first is not None else None
        return record.now if isinstance(record, VocabularyRecord) else agreed_vocabulary(self._own)

    def _apply(self, records: Sequence[Record]) -> None:
        uids = list({uid for record in records if (uid := _uid(record)) is not None})
        read = {_uid(record) for record in records if not isinstance(record, RevisionRecord)}
        states, versions = states_of(self._base, uids), versions_of(self._base, [uid for uid in uids if uid in read])
        self._erase([record.uid for record in records if isinstance(record, ErasureRecord)])
        staying = self._delete([record for record in records if isinstance(record, DeletionRecord)], states)
        held = [record for record in records if isinstance(record, HeldBackRecord)]
        settled = self._waiting.intersection(uids).difference((record.uid for record in held), self._unsent)
        if settled:
            HeldBack.objects.in_base(self._base).waiting().filter(uid__in=settled).delete()
        self._agree(records, known=states.keys())
        self._take([record for record in records if isinstance(record, CustomerRecord)], states, versions)
        for left in staying:
            reason = HAS_CARD if with_cards(self._base, [left.uid]) else KEPT
            self._hold(left.uid, left.number, reason(number=left.number), versions.get(left.uid))
        for record in records:
            if isinstance(record, HeldBackRecord):
                self._hold(record.uid, record.number, _told(record), versions.get(record.uid))
            elif isinstance(record, ConflictRecord):
                store_conflict(record, cycle=self._cycle)
            elif isinstance(record, DecisionRecord):
                accept_decision(self._base, record)
            elif isinstance(record, VocabularyRecord):
                raise RefusedRecord("kind")

    def _erase(self, uids: Iterable[UUID]) -> None:
        for uid in uids:
            erase_known(uid, reason=str(ERASED_AT_CENTRAL), actor=self._actor)

    @cached_property
    def _waiting(self) -> set[UUID]:
        """Who was held back before this answer."""
        return set(HeldBack.objects.in_base(self._base).waiting().values_list("uid", flat=True))

    def _delete(self, records: Sequence[DeletionRecord], states: dict[UUID, RowState]) -> list[DeletionRecord]:
        """Let go whom the central has let go; returns who stays for now, because he has a card."""
        wanted = [record for record in records if not self._is_newer(states.get(record.uid))]
        uids = [record.uid for record in wanted]
        stays = with_cards(self._base, uids) | keeping(self._base, uids) if wanted else set()
        gone = [record for record in wanted if record.uid not in stays]
        remove(self._base, [record.uid for record in gone])
        revisions.agree(
            self._base,
            {record.uid: (record.number, record.base_rev) for record in gone},
            deleted={record.uid for record in gone}, cut=self._cut, run=self._cycle.number,
        )  # fmt: skip
        return [record for record in wanted if record.uid in stays]

    def _agree(self, records: Sequence[Record], *, known: Collection[UUID]) -> None:
        agreed = [record for record in records if isinstance(record, RevisionRecord) and record.uid in known]
        self._agree_on({record.uid: (None, record.rev) for record in agreed})

    def _take(
        self, records: Sequence[CustomerRecord], states: dict[UUID, RowState], versions: dict[UUID, Version]
    ) -> None:
        """Write what the central has, but for whom was changed here since; of them what was said is added alone.

        Whoever was erased here does not come back: a central that was restored may not know it, and is told again.
        """
        back = [record.version.uid for record in records if _is_erased(states.get(record.version.uid))]
        records = [record for record in records if record.version.uid not in back]
        same: list[CustomerRecord] = []
        wanted: list[CustomerRecord] = []
        skipped: list[UUID] = []
        newer = [record.version.uid for record in records if self._is_newer(states.get(record.version.uid))]
        sent = sent_of(self._base, newer) if newer else {}
        for record in records:
            uid = record.version.uid
            if not self._is_newer(states.get(uid)):
                wanted.append(record)
            elif uid in sent and not differing_fields(record.version.values, sent[uid]):
                same.append(record)
            else:
                skipped.append(uid)
        if back:
            revisions.tell_again(self._base, back)
        refused = write(self._base, [record.version for record in wanted], known=versions)
        add_statements(self._base, {record.version.uid: record.version.consents for record in same})
        taken = [record for record in (*wanted, *same) if record.version.uid not in refused]
        self._agree_on({record.version.uid: (record.version.number, record.base_rev) for record in taken})
        CustomerRevision.objects.in_base(self._base).filter(uid__in=skipped).update(sent=None)
        for record in wanted:
            if (reasons := refused.get(record.version.uid)) is not None:
                self._hold(record.version.uid, record.version.number, reasons, record.version)

    def _agree_on(self, agreed: dict[UUID, tuple[int | None, int | None]]) -> None:
        revisions.agree(self._base, agreed, cut=self._cut, run=self._cycle.number)

    def _is_newer(self, state: RowState | None) -> bool:
        """Whether it was changed here after the run was cut, or was not sent with it."""
        return state is not None and (state.sequence > self._cut or state.uid in self._unsent)

    def _hold(self, uid: UUID, number: int, reasons: Sentences, named: Version | None) -> None:
        label = name_of(named) if named else ""
        there = HeldBack.objects.in_base(self._base).waiting().filter(uid=uid).first()
        if there is not None and (there.reasons, there.name) == (reasons, label):
            return  # a repeat writes nothing
        HeldBack.objects.update_or_create(
            base=self._base, uid=uid, dismissed_at=None,
            defaults={
                "customer_number": number, "node_id": self._cycle.node_id, "cycle_number": self._cycle.number,
                "reasons": reasons, "name": label,
            },
        )  # fmt: skip


def _is_erased(state: RowState | None) -> bool:
    return state is not None and state.is_erased


def _told(record: HeldBackRecord) -> Sentences:
    """The reasons of the central. It may be newer, and say what has no sentence here."""
    reasons = Sentences(record.reasons)  # type: ignore[arg-type]
    try:
        str(reasons)
    except (KeyError, TypeError, ValueError):
        return REASON_NOT_KNOWN()
    return reasons


def _uid(record: Record) -> UUID | None:
    match record:
        case CustomerRecord():
            return record.version.uid
        case DeletionRecord() | ErasureRecord() | RevisionRecord() | HeldBackRecord():
            return record.uid
        case ConflictRecord() | DecisionRecord() | MatterRecord() | VocabularyRecord():
            return None
