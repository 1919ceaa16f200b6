"""What each place keeps on its disk, and what people do there."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from clearing.protocol.parts import Manifest, Part, unpack_all
from clearing.protocol.receipts import Counts, start_of_chain
from clearing.protocol.records import (
    ConflictRecord,
    Record,
    read_record,
)
from clearing.protocol.versions import Version
from tests.clearing.people import NOON


class Cut(Exception):
    """The line broke off."""


@dataclass
class Known:
    """What CustomerRevision knows of somebody."""

    number: int
    sequence: int = 0
    revision: int | None = None
    origin: str | None = None
    before: Version | None = None
    sent: Version | None = None
    says_more: bool = False
    is_deleted: bool = False
    is_erased: bool = False
    agreed_in: int = 0


@dataclass
class Run:
    """A run on one disk: its parts, and once it is decided the answer."""

    number: int
    request: UUID
    previous: str
    sent: list[Part]
    cut: int = 0
    answer: list[Part] = field(default_factory=list)
    counts: Counts = field(default_factory=lambda: Counts(sent=0))
    receipt: str = ""
    cursor: int = 0


@dataclass
class Disk:
    """What a place keeps of customers."""

    people: dict[UUID, Version] = field(default_factory=dict)
    known: dict[UUID, Known] = field(default_factory=dict)
    conflicts: dict[UUID, ConflictRecord] = field(default_factory=dict)
    sequence: int = 0


@dataclass
class BranchDisk(Disk):
    """And what a branch knows of its runs."""

    applied: int = 0
    receipt: str = ""
    sent_up_to: int = 0
    cut: int | None = None
    waiting: dict[UUID, int] = field(default_factory=dict)
    """Who is held back here, because his number is somebody else's; with that number."""
    open: Run | None = None
    numbers: set[int] = field(default_factory=set)
    """Of the runs that were decided, as far as it knows."""
    lacks_since: int | None = None
    known_before: int | None = None
    told_in: dict[UUID, int] = field(default_factory=dict)
    """In which run it was told a conflict."""


@dataclass
class NodeRow:
    """What the central knows of a node."""

    receipt: str
    decided: int = 0
    acknowledged: int = 0
    cursor: int = 0
    gets_its_own: bool = False
    known_before: int | None = None
    runs: dict[int, Run] = field(default_factory=dict)


@dataclass
class CentralDisk(Disk):
    """And what the central knows of its nodes."""

    nodes: dict[str, NodeRow] = field(default_factory=dict)


class Place[Kept: Disk]:
    """Whoever writes customers: a disk, and a clock that may be wrong by years."""

    is_central = False

    def __init__(self, disk: Kept) -> None:
        self.disk, self.clock = disk, NOON

    def now(self) -> datetime:
        """What its clock says; it moves by a second each time."""
        self.clock += timedelta(seconds=1)
        return self.clock

    def backup(self) -> Kept:
        """The disk as it is now."""
        return copy.deepcopy(self.disk)

    def restore(self, backup: Kept) -> None:
        """The disk as it was."""
        self.disk = copy.deepcopy(backup)

    # --- what people do; the rest is as the triggers have it ---------------------------------------------------

    def write(self, version: Version) -> None:
        """Somebody registers or changes a customer."""
        self._number(version.uid, version.number, before=self.disk.people.get(version.uid))
        self.disk.people[version.uid] = version

    def say(self, version: Version) -> None:
        """A statement more: no revision, and no earlier version."""
        known, cut = self.disk.known[version.uid], getattr(self.disk, "cut", None)
        if cut is not None and known.sequence <= cut:
            known.sent = known.sent or self.disk.people[version.uid]
        self.disk.sequence += 1
        known.sequence, known.says_more, known.origin = self.disk.sequence, True, None
        self.disk.people[version.uid] = version

    def delete(self, uid: UUID) -> None:
        """He goes, as after an import that was undone."""
        gone = self.disk.people.pop(uid)
        self._number(uid, gone.number, before=gone, is_deleted=True)

    def erase(self, uid: UUID) -> None:
        """He is erased for good, and so is whatever a conflict kept of him."""
        gone = self.disk.people.pop(uid, None)
        if gone is not None:
            self._number(uid, gone.number, before=None, is_deleted=True, is_erased=True)
        self.forget(uid)

    def take_erasure(self, uid: UUID) -> None:
        """The other side has erased him: there is nothing to be told of it."""
        self.disk.people.pop(uid, None)
        known = self.disk.known.setdefault(uid, Known(0))
        known.before = known.sent = None
        known.is_deleted = known.is_erased = True
        self.forget(uid)

    def forget(self, uid: UUID) -> None:
        """No conflict keeps anything of him; of a number given twice the other's version stays."""
        for key, one in [*self.disk.conflicts.items()]:
            if one.uid == uid and one.lost is not None and one.lost.uid != uid:
                self.disk.conflicts[key] = replace(one, stood=None, common=None)
            elif uid in {one.uid, one.lost and one.lost.uid}:
                del self.disk.conflicts[key]

    def _number(
        self, uid: UUID, number: int, *, before: Version | None, is_deleted: bool = False, is_erased: bool = False
    ) -> None:
        disk, cut = self.disk, getattr(self.disk, "cut", None)
        disk.sequence += 1
        known = disk.known.setdefault(uid, Known(number, sequence=disk.sequence))
        was_sent = cut is not None and known.sequence <= cut and known.sequence < disk.sequence
        if self.is_central:
            known.revision = (known.revision or 0) + 1
        elif is_erased:
            known.before = known.sent = None
        else:
            known.before = (known.before or before) if known.revision is not None else None
            known.sent = (known.sent or before) if was_sent else known.sent
        known.sequence, known.origin = disk.sequence, None
        known.is_deleted, known.is_erased = is_deleted, is_erased


def records_of(parts: list[Part]) -> Iterator[Record]:
    """The records of these parts, as they arrive."""
    return map(read_record, unpack_all([part.content for part in parts], facts(parts)))


def facts(parts: list[Part]) -> Manifest:
    """What is announced of these parts."""
    return Manifest(tuple(part.facts for part in parts))


def first_receipt(name: str) -> str:
    """What stands before the first run of a node."""
    return start_of_chain(node=UUID(int=sum(name.encode())), epoch="model")
