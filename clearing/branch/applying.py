"""The branch applies the answer of the central, whole or not at all.

    apply_answer(cycle, actor=…)

Whoever was changed here after the run was cut is left as he is: from what that change began is kept, so the next run
finds out whether it is a conflict. An erasure is applied to him as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import batched
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy

from clearing.branch.cutting import agreed_vocabulary
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
from clearing.rows.reading import BLOCK, RowState, states_of, versions_of
from clearing.rows.statements import add_statements
from clearing.rows.writing import HAS_CARD, remove, with_cards, write
from customers.erasure import erase_customer
from customers.imports import take_turn
from customers.models import Customer, CustomerRevision
from locations.models import CustomerBase
from mcp.isolation import row_scope
from mcp.isolation.history_context import recorded_as
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences
from mcp.worker.progress import Patient

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
            revisions.lock_order(actor.base)
            _Answer(cycle, own, actor).apply()


class _Answer:
    def __init__(self, cycle: Cycle, own: OwnNode, actor: Scope) -> None:
        self._cycle, self._own, self._actor = cycle, own, actor
        self._base: CustomerBase = actor.base
        self._cut = cycle.cut or 0

    def apply(self) -> None:
        wanted: Vocabulary | None = None
        lines = unpack_all(parts.contents_of(self._cycle, PartKind.ANSWER), parts.manifest(self._cycle.answer))
        for block in batched(map(read_record, lines), BLOCK):
            records = list(block)
            if records and isinstance(records[0], VocabularyRecord):
                wanted = self._merge(records.pop(0).now)  # type: ignore[union-attr]
            self._apply(records)
        if wanted is not None:
            vocabulary.remove(self._base, wanted)
        cycle, own, now = self._cycle, self._own, timezone.now()
        cycle.state, cycle.done_at = CycleState.DONE, now
        cycle.save(update_fields=["state", "done_at"])
        own.applied, own.receipt, own.sent_up_to = cycle.number, cycle.receipt, self._cut
        own.succeeded_at, own.failure = now, Sentences()
        own.save()
        revisions.set_cut(self._base, None)

    def _merge(self, central: Vocabulary) -> Vocabulary:
        """Bring groups and tags to what the central has, but for what was changed here after the cut."""
        wanted = merged(self._sent_vocabulary(), branch=vocabulary.vocabulary_of(self._base), central=central)
        vocabulary.add(self._base, wanted)
        self._own.agreed_vocabulary = central.to_json()
        return wanted

    def _sent_vocabulary(self) -> Vocabulary:
        lines = unpack_all(parts.contents_of(self._cycle, PartKind.SENT), parts.manifest(self._cycle.sent))
        first = next(lines, None)
        record = read_record(first) if first is not None else None
        return record.now if isinstance(record, VocabularyRecord) else agreed_vocabulary(self._own)

    def _apply(self, records: Sequence[Record]) -> None:
        uids = list({uid for record in records if (uid := _uid(record)) is not None})
        states, versions = states_of(self._base, uids), versions_of(self._base, uids)
        self._erase([record.uid for record in records if isinstance(record, ErasureRecord)])
        staying = self._delete([record for record in records if isinstance(record, DeletionRecord)], states)
        held = [record for record in records if isinstance(record, HeldBackRecord)]
        HeldBack.objects.in_base(self._base).filter(uid__in=uids).exclude(
            uid__in=[record.uid for record in held]
        ).delete()
        self._agree(records)
        self._take([record for record in records if isinstance(record, CustomerRecord)], states, versions)
        for left in staying:
            self._hold(left.uid, left.number, HAS_CARD(number=left.number), versions.get(left.uid))
        for record in records:
            if isinstance(record, HeldBackRecord):
                named = versions.get(record.uid)
                self._hold(record.uid, record.number, Sentences(record.reasons), named)  # type: ignore[arg-type]
            elif isinstance(record, ConflictRecord):
                store_conflict(record, cycle=self._cycle)
            elif isinstance(record, DecisionRecord):
                accept_decision(self._base, record)
            elif isinstance(record, VocabularyRecord):
                raise RefusedRecord("kind")

    def _erase(self, uids: Iterable[UUID]) -> None:
        for uid in uids:
            customer = Customer.objects.in_base(self._base).filter(uid=uid).values_list("pk", flat=True).first()
            if customer is not None:
                erase_customer(customer=customer, reason=str(ERASED_AT_CENTRAL), actor=self._actor)

    def _delete(self, records: Sequence[DeletionRecord], states: dict[UUID, RowState]) -> list[DeletionRecord]:
        """Let go whom the central has let go; returns who stays for now, because he has a card."""
        wanted = [record for record in records if not self._is_newer(states.get(record.uid))]
        stays = with_cards(self._base, [record.uid for record in wanted]) if wanted else set()
        gone = [record for record in wanted if record.uid not in stays]
        remove(self._base, [record.uid for record in gone])
        revisions.agree(
            self._base,
            {record.uid: (record.number, record.base_rev) for record in gone},
            deleted={record.uid for record in gone}, cut=self._cut, run=self._cycle.number,
        )  # fmt: skip
        return [record for record in wanted if record.uid in stays]

    def _agree(self, records: Sequence[Record]) -> None:
        agreed = {record.uid: (None, record.rev) for record in records if isinstance(record, RevisionRecord)}
        known = set(states_of(self._base, list(agreed)))
        self._agree_on({uid: found for uid, found in agreed.items() if uid in known})

    def _take(
        self, records: Sequence[CustomerRecord], states: dict[UUID, RowState], versions: dict[UUID, Version]
    ) -> None:
        """Write what the central has, but for whom was changed here since; of them what was said is added alone."""
        same: list[CustomerRecord] = []
        wanted: list[CustomerRecord] = []
        skipped: list[UUID] = []
        for record in records:
            state = states.get(record.version.uid)
            if not self._is_newer(state):
                wanted.append(record)
            elif state is not None and state.sent is not None and not _differs(record.version, state):
                same.append(record)
            else:
                skipped.append(record.version.uid)
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
        """Whether it was changed here after the run was cut."""
        return state is not None and state.sequence > self._cut

    def _hold(self, uid: UUID, number: int, reasons: Sentences, named: Version | None) -> None:
        HeldBack.objects.update_or_create(
            base=self._base, uid=uid,
            defaults={
                "customer_number": number, "node_id": self._cycle.node_id, "cycle_number": self._cycle.number,
                "reasons": reasons, "name": name_of(named) if named else "",
            },
        )  # fmt: skip


def _differs(version: Version, state: RowState) -> bool:
    """Whether the central has something else than what was sent."""
    return state.sent is None or bool(differing_fields(version.values, state.sent))


def _uid(record: Record) -> UUID | None:
    match record:
        case CustomerRecord():
            return record.version.uid
        case DeletionRecord() | ErasureRecord() | RevisionRecord() | HeldBackRecord():
            return record.uid
        case ConflictRecord() | DecisionRecord() | VocabularyRecord():
            return None
