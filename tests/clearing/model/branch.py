"""A branch: it collects what has changed, applies the answer, and goes on after a restore."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID, uuid4

from clearing.protocol.consent_union import union
from clearing.protocol.parts import pack
from clearing.protocol.records import (
    ConflictRecord,
    CustomerRecord,
    DeletionRecord,
    ErasureRecord,
    Record,
    RevisionRecord,
)
from clearing.protocol.versions import NOTHING, changed_fields, differing_fields
from tests.clearing.model.disks import (
    BranchDisk,
    Known,
    Place,
    Run,
    first_receipt,
    records_of,
)


class Branch(Place[BranchDisk]):
    """A node."""

    def __init__(self, name: str) -> None:
        super().__init__(BranchDisk(receipt=first_receipt(name)))
        self.name = name

    def collect(self) -> Run:
        """The open run, or a new one with what has changed."""
        disk = self.disk
        if disk.open is None:
            assert disk.applied + 1 not in disk.numbers, "a number stands for two runs"
            parts = list(pack(record.to_json() for record in self._changes()))
            disk.open = Run(disk.applied + 1, uuid4(), disk.receipt, parts, cut=disk.sequence)
            disk.cut = disk.sequence
        return disk.open

    def _changes(self) -> Iterator[Record]:
        disk = self.disk
        if disk.known_before is not None:
            yield from (one for one in disk.conflicts.values() if disk.told_in[one.conflict] > disk.known_before)
        for uid, number in disk.waiting.items():
            if uid not in disk.known:
                yield DeletionRecord(uid, number)
        changed = [(uid, known) for uid, known in disk.known.items() if known.sequence > disk.sent_up_to]
        for uid, known in sorted(changed, key=lambda one: (not one[1].is_deleted, one[1].sequence)):
            version = disk.people.get(uid)
            if known.is_erased:
                yield ErasureRecord(uid)
            elif version is not None:
                was = changed_fields(version.values, known.before.values) if known.before else NOTHING
                yield CustomerRecord(version, known.revision, was, known.says_more)
            elif known.revision is not None:
                yield DeletionRecord(uid, known.number, known.revision)

    def apply(self) -> None:
        """The answer, whole."""
        disk, run = self.disk, self.disk.open
        assert run is not None
        for record in records_of(run.answer):
            self._apply(record, run)
        disk.applied, disk.receipt, disk.sent_up_to = run.number, run.receipt, run.cut
        disk.open = disk.cut = disk.lacks_since = disk.known_before = None

    def _apply(self, record: Record, run: Run) -> None:
        disk = self.disk
        if isinstance(record, CustomerRecord):
            disk.waiting.pop(record.version.uid, None)
        elif isinstance(record, RevisionRecord | DeletionRecord | ErasureRecord):
            disk.waiting.pop(record.uid, None)
        match record:
            case ErasureRecord(uid):
                self.take_erasure(uid)
            case RevisionRecord(uid, revision) if uid in disk.known:
                self._agree(uid, disk.known[uid].number, revision, run, is_deleted=disk.known[uid].is_deleted)
            case DeletionRecord(uid, number, revision) if not self._is_newer(uid, run):
                disk.people.pop(uid, None)
                self._agree(uid, number, revision, run, is_deleted=True)
            case CustomerRecord():
                self._take(record, run)
            case ConflictRecord():
                disk.conflicts.setdefault(record.conflict, record)
                disk.told_in.setdefault(record.conflict, run.number)

    def _take(self, record: CustomerRecord, run: Run) -> None:
        version, disk = record.version, self.disk
        known, own = disk.known.get(version.uid), disk.people.get(version.uid)
        if known is not None and known.is_erased:
            disk.sequence += 1
            known.sequence = disk.sequence
            return
        if not self._is_newer(version.uid, run):
            if any(one.number == version.number and one.uid != version.uid for one in disk.people.values()):
                disk.waiting[version.uid] = version.number
                return
            consents = union(own.consents, version.consents) if own else version.consents
            disk.people[version.uid] = replace(version, consents=consents)
        elif known is not None and known.sent and not differing_fields(version.values, known.sent.values):
            if own is not None:
                disk.people[version.uid] = replace(own, consents=union(own.consents, version.consents))
        else:
            assert known is not None
            known.sent = None
            return
        self._agree(version.uid, version.number, record.base_rev, run)

    def _agree(self, uid: UUID, number: int, revision: int | None, run: Run, *, is_deleted: bool = False) -> None:
        is_newer = self._is_newer(uid, run)
        known = self.disk.known.setdefault(uid, Known(number))
        known.revision, known.agreed_in = revision, run.number
        known.is_deleted = known.is_deleted if is_newer else is_deleted
        known.before = (known.sent or known.before) if is_newer else None
        known.says_more, known.sent = known.says_more and is_newer, None

    def _is_newer(self, uid: UUID, run: Run) -> bool:
        return uid in self.disk.known and self.disk.known[uid].sequence > run.cut

    def go_on_from(self, decided: int, receipt: str) -> None:
        """Behind the last run of the central."""
        disk = self.disk
        disk.open = disk.cut = None
        disk.applied, disk.receipt = decided, receipt
        for known in disk.known.values():
            known.sent = None

    def go_on_restored(self, decided: int, receipt: str) -> None:
        """Behind the last run of the central, and without what it has told since the one applied here."""
        lacks = self.disk.lacks_since
        self.disk.lacks_since = self.disk.applied if lacks is None else min(lacks, self.disk.applied)
        self.go_on_from(decided, receipt)

    def offer_again(self, known_before: int, decided: int, receipt: str) -> None:
        """All on which both have agreed since a run that the restored central knows, and the conflicts."""
        before = self.disk.known_before
        self.disk.known_before = known_before if before is None else min(before, known_before)
        self.disk.sequence += 1
        for known in self.disk.known.values():
            if known.agreed_in > known_before or known.is_erased:
                known.sequence, known.before, known.sent, known.says_more = self.disk.sequence, None, None, True
                known.revision = known.revision if known.is_deleted else None
        self.go_on_from(decided, receipt)
