"""The central decides a run: what a branch has sent is taken, refused or in conflict, and the answer is packed.

    decide(cycle, actor=…)

One transaction. It holds the order of changes of the base, and takes turns with imports and bulk changes. What becomes
of a customer says `clearing.protocol.decision.decide`, one after the other; rows are read and written in blocks. The
answer is packed while it is decided, so that no more than a block and a part are held.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import chain

from django.db import connection
from django.utils import timezone

from clearing.central.answering import changes_for
from clearing.central.blocks import Blocks
from clearing.central.incoming import blocks_of, incoming
from clearing.choices import CycleState, PartKind
from clearing.models import Conflict, Cycle, CyclePart, HeldBack, Node
from clearing.protocol.canonical import Json
from clearing.protocol.parts import Manifest
from clearing.protocol.receipts import Receipt
from clearing.protocol.records import MatterRecord, VocabularyRecord
from clearing.protocol.vocabulary import Vocabulary, merged
from clearing.rows import parts, revisions, vocabulary
from clearing.travelling import Arrival, take, told
from customers.imports import take_turn
from customers.write_order import tell_reconciling
from locations.models import CustomerBase
from mcp.isolation import row_scope
from mcp.isolation.history_context import recorded_as
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences
from mcp.worker.progress import Progress

FEW = 1_000
"""Rows from which on plans that were made for single rows are forgotten first."""


def decide(cycle: Cycle, *, actor: Scope, progress: Progress | None = None) -> None:
    """Decide a run whose parts have all arrived; one that is decided stays as it is.

    `actor` is the system at the location of the node. Raises AnotherImport while an import is written in the base,
    RefusedRecord for records that no node of ours sends, and what the parts raise.
    """
    with row_scope.rows_of_clearing(actor), recorded_as(**actor.history(node=str(cycle.node_id), run=cycle.number)):
        node = Node.objects.select_for_update().get(pk=cycle.node_id)
        cycle.refresh_from_db()
        if cycle.state == CycleState.ARRIVING:
            take_turn(actor.base.pk, progress=progress or Progress())
            _Run(cycle, node, actor).decide()


class _Run:
    def __init__(self, cycle: Cycle, node: Node, actor: Scope) -> None:
        self._cycle, self._node, self._actor = cycle, node, actor
        self._base: CustomerBase = actor.base
        self._blocks = Blocks(cycle, node, actor)
        is_again = node.gets_its_own or node.known_before is not None
        self._arrival = Arrival(cycle, node, actor, again=is_again)
        self._answers: list[MatterRecord] = []

    def decide(self) -> None:
        if self._sent.rows > FEW:
            with connection.cursor() as cursor:
                cursor.execute("DISCARD PLANS")
        tell_reconciling(self._base)
        before, _cut = revisions.lock_order(self._base)
        self._finish(parts.store(self._cycle, PartKind.ANSWER, self._answer(before)))

    @cached_property
    def _sent(self) -> Manifest:
        return parts.manifest(self._cycle.sent)

    def _answer(self, before: int) -> Iterator[dict[str, Json]]:
        records = incoming(self._cycle, self._sent)
        first = next(records, None)
        said = first if isinstance(first, VocabularyRecord) else None
        wanted = self._merge_vocabulary(said)
        if said is not None or wanted.to_json() != self._node.told_vocabulary:
            self._node.told_vocabulary = wanted.to_json()
            yield VocabularyRecord(wanted).to_json()
        rest = chain([] if first is None or said is not None else [first], records)
        for block in blocks_of(rest):
            matters = [record for record in block if isinstance(record, MatterRecord)]
            yield from self._blocks.decide([record for record in block if not isinstance(record, MatterRecord)])
            for name, taken in take(matters, self._arrival):
                self._blocks.count(taken)
                self._answers += [MatterRecord(name, answer) for answer in taken.answers]
        vocabulary.remove(self._base, wanted)
        yield from changes_for(self._node, self._base, up_to=before, besides=self._blocks.told_who_was_missing)
        for matter in chain(self._answers, told(self._arrival)):
            yield matter.to_json()

    def _merge_vocabulary(self, said: VocabularyRecord | None) -> Vocabulary:
        there = vocabulary.vocabulary_of(self._base)
        if said is None:
            return there
        wanted = merged(said.agreed, branch=said.now, central=there)
        vocabulary.add(self._base, wanted)
        return wanted

    def _finish(self, answer: Manifest) -> None:
        cycle, node, now = self._cycle, self._node, timezone.now()
        counts = self._blocks.counts
        receipt = Receipt(cycle.number, node.receipt, self._sent, answer, counts)
        cycle.state, cycle.decided_at, cycle.previous, cycle.receipt = (
            CycleState.DECIDED,
            now,
            node.receipt,
            receipt.hash,
        )
        cycle.answer, cycle.counts, cycle.cursor = list(answer.to_json()), counts.to_json(), self._blocks.reached()
        cycle.failure = Sentences()  # what kept it from being decided before is mended
        cycle.save(
            update_fields=["state", "decided_at", "previous", "receipt", "answer", "counts", "cursor", "failure"]
        )
        node.decided, node.receipt, node.cursor, node.decided_at = cycle.number, receipt.hash, cycle.cursor, now
        node.gets_its_own, node.waiting = False, 0  # what it had not sent when it called, it has sent
        if self._blocks.has_named_erased:
            CyclePart.objects.filter(base=self._base, cycle=cycle, kind=PartKind.SENT).delete()
        node.held_back = HeldBack.objects.in_base(self._base).waiting().filter(node=node).count()
        node.save(
            update_fields=[
                "decided", "receipt", "cursor", "decided_at", "gets_its_own", "waiting", "held_back", "told_vocabulary",
            ]
        )  # fmt: skip
        # All nodes of the base show the same inbox.
        Node.objects.in_base(self._base).update(open_conflicts=Conflict.objects.in_base(self._base).open().count())
