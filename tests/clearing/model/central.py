"""The central: how a run goes on, what becomes of each record, and what a branch is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID, uuid4

from clearing.protocol.decision import Deleted, Erased, Outcome, Verdict, decide
from clearing.protocol.messages import Course
from clearing.protocol.parts import Part, pack
from clearing.protocol.receipts import Counts, Receipt
from clearing.protocol.records import (
    ConflictRecord,
    CustomerRecord,
    DeletionRecord,
    ErasureRecord,
    Record,
    RevisionRecord,
)
from clearing.protocol.versions import Version
from tests.clearing.model.disks import (
    CentralDisk,
    Known,
    NodeRow,
    Place,
    Run,
    facts,
    first_receipt,
    records_of,
)


class Central(Place[CentralDisk]):
    """The central."""

    is_central = True

    def __init__(self, names: list[str]) -> None:
        super().__init__(CentralDisk(nodes={name: NodeRow(first_receipt(name)) for name in names}))

    def hello(
        self, name: str, applied: int, receipt: str, request: UUID | None, *, lacks_since: int | None = None
    ) -> Course:
        """How it goes on, and what the central does for that."""
        node = self.disk.nodes[name]
        course = self._course(node, applied, receipt, request)
        if course is Course.FETCH_ANSWER:
            node.acknowledged = max(node.acknowledged, applied)
            return course
        if course is Course.RESTORED:
            self._tell_again(node, applied)
        elif course is Course.CENTRAL_RESTORED:
            is_first, is_behind = node.known_before is None, applied > node.decided
            if is_first:
                node.known_before = node.decided if is_behind else 0
            if applied >= node.decided:
                node.decided, node.receipt = applied, receipt
            if is_first and not is_behind:
                self._tell_again(node, 0)
        if lacks_since is not None:
            self._tell_again(node, lacks_since)
        node.acknowledged = node.decided
        return course

    @staticmethod
    def _tell_again(node: NodeRow, since: int) -> None:
        told = node.runs.get(since)
        node.cursor, node.gets_its_own = told.cursor if told else 0, True

    def _course(self, node: NodeRow, applied: int, receipt: str, request: UUID | None) -> Course:
        if applied > node.decided or receipt != self._receipt_of(node, applied):
            return Course.CENTRAL_RESTORED
        if node.known_before is not None and applied == node.decided:
            return Course.CENTRAL_RESTORED
        if applied < node.acknowledged:
            return Course.RESTORED
        if applied == node.decided:
            return Course.GO_ON
        last = node.runs.get(node.decided)
        is_waiting = applied == node.decided - 1 and request is not None and last is not None
        return Course.FETCH_ANSWER if is_waiting and last and last.request == request else Course.RESTORED

    @staticmethod
    def _receipt_of(node: NodeRow, number: int) -> str:
        if number == node.decided:
            return node.receipt
        if number in node.runs:
            return node.runs[number].receipt
        return node.runs[number + 1].previous if number + 1 in node.runs else ""

    def decide(self, name: str, run: Run) -> Run | None:
        """The run as it is decided; None where it is not the next one, nor the last."""
        node = self.disk.nodes[name]
        if run.number == node.decided and run.number in node.runs and node.runs[run.number].request == run.request:
            return node.runs[run.number]
        if run.number != node.decided + 1 or run.previous != node.receipt:
            return None
        before, counted = self.disk.sequence, dict.fromkeys(Verdict, 0)
        answer = [record for sent in records_of(run.sent) for record in self._decide(sent, name, counted)]
        answer += self._changes_for(name, node, before)
        parts = list(pack(record.to_json() for record in answer))
        counts = Counts(
            sent=sum(counted.values()), applied=counted[Verdict.APPLIED], same=counted[Verdict.SAME],
            conflict=counted[Verdict.CONFLICT],
        )  # fmt: skip
        receipt = Receipt(run.number, run.previous, facts(run.sent), facts(parts), counts).hash
        node.runs[run.number] = replace(run, answer=parts, counts=counts, receipt=receipt, cursor=self.disk.sequence)
        node.decided, node.receipt, node.cursor = run.number, receipt, self.disk.sequence
        node.gets_its_own, node.known_before = False, None
        return node.runs[run.number]

    def _decide(self, record: Record, name: str, counted: dict[Verdict, int]) -> Iterator[Record]:
        if isinstance(record, ConflictRecord):
            assert self.disk.nodes[name].known_before is not None
            kept = self._without_erased(record)
            is_new = kept is not None and record.conflict not in self.disk.conflicts
            if kept is not None and is_new:
                self.disk.conflicts[record.conflict] = kept
            counted[Verdict.APPLIED if is_new else Verdict.SAME] += 1
            return
        assert isinstance(record, CustomerRecord | DeletionRecord | ErasureRecord)
        uid = record.version.uid if isinstance(record, CustomerRecord) else record.uid
        outcome = self._outcome(record, uid)
        counted[outcome.verdict] += 1
        self._write(outcome, uid, name)
        known = self.disk.known.get(uid)
        revision = known.revision if known else None
        match outcome.branch_gets:
            case Version() as version:
                yield CustomerRecord(version, revision)
            case Deleted():
                yield DeletionRecord(uid, known.number if known else 1, revision)
            case Erased():
                yield ErasureRecord(uid)
            case None if revision is not None and not isinstance(record, ErasureRecord):
                yield RevisionRecord(uid, revision)
        if outcome.conflict is not None:
            yield self._conflict(outcome, record, uid)

    def _without_erased(self, record: ConflictRecord) -> ConflictRecord | None:
        erased = {
            side.uid for side in record.sides if side.uid in self.disk.known and self.disk.known[side.uid].is_erased
        }
        if not erased:
            return record
        if record.lost is None or record.lost.uid in erased:
            return None
        return replace(record, stood=None, common=None)

    def _outcome(self, record: CustomerRecord | DeletionRecord | ErasureRecord, uid: UUID) -> Outcome:
        known, own = self.disk.known.get(uid), self.disk.people.get(uid)
        central = Erased(uid) if known is not None and known.is_erased else own
        revision = known.revision if known else None
        match record:
            case ErasureRecord():
                return decide(None, Erased(uid), central, base_rev=None, central_rev=revision)
            case DeletionRecord():
                return decide(None, None, central, base_rev=record.base_rev, central_rev=revision)
        if central is None:
            bearers = (one for one in self.disk.people.values() if one.number == record.version.number)
            central = next(bearers, None)
        return decide(record.agreed, record.version, central, base_rev=record.base_rev, central_rev=revision)

    def _write(self, outcome: Outcome, uid: UUID, name: str) -> None:
        match outcome.central_writes:
            case Erased():
                self.take_erasure(uid)
                self._next_revision(uid, 0, name)
            case Deleted():
                self._gone(uid, name)
            case Version() as version:
                if outcome.displaced is not None:
                    self._gone(outcome.displaced, name)
                known = self._next_revision(uid, version.number, name)
                known.is_deleted = False
                self.disk.people[uid] = version

    def _gone(self, uid: UUID, name: str) -> None:
        gone = self.disk.people.pop(uid)
        self._next_revision(uid, gone.number, name).is_deleted = True

    def _next_revision(self, uid: UUID, number: int, name: str) -> Known:
        self.disk.sequence += 1
        known = self.disk.known.setdefault(uid, Known(number))
        known.revision, known.sequence, known.origin = (known.revision or 0) + 1, self.disk.sequence, name
        return known

    def _changes_for(self, name: str, node: NodeRow, before: int) -> Iterator[Record]:
        since = [(uid, one) for uid, one in self.disk.known.items() if node.cursor < one.sequence <= before]
        for uid, known in sorted(since, key=lambda one: (not one[1].is_deleted, one[1].sequence)):
            if known.is_erased:
                yield ErasureRecord(uid)
            elif node.gets_its_own or known.origin != name:
                version = self.disk.people.get(uid)
                yield (
                    CustomerRecord(version, known.revision)
                    if version
                    else DeletionRecord(uid, known.number, known.revision)
                )

    def _conflict(self, outcome: Outcome, record: Record, uid: UUID) -> ConflictRecord:
        found = ConflictRecord(
            conflict=uuid4(), uid=uid, number=1, sort=str(outcome.conflict), happened_at=self.now(),
            stood=outcome.stood, lost=outcome.lost, common=outcome.common,
            is_lost_of_central=outcome.lost is not getattr(record, "version", None), differing=outcome.differing,
            only_lost_changed=outcome.only_lost_changed,
        )  # fmt: skip
        self.disk.conflicts[found.conflict] = found
        return found

    def answer(self, name: str, run: Run) -> list[Part]:
        """The parts of the answer, of a run that it knows."""
        known = self.disk.nodes[name].runs[run.number]
        assert known.receipt == run.receipt
        return known.answer

    def acknowledge(self, name: str, number: int, receipt: str) -> None:
        """The answer is applied."""
        node = self.disk.nodes[name]
        if number in node.runs and node.runs[number].receipt == receipt:
            node.acknowledged = max(node.acknowledged, number)
