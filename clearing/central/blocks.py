"""What a branch has sent is decided in blocks: read for all of a block, decided one by one, written for all of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from clearing.central.answering import decision_told, told
from clearing.central.holding import WAS_ERASED, Held, Sent, keep_held
from clearing.central.incoming import Unreadable
from clearing.models import Conflict, Cycle, Node
from clearing.protocol.canonical import Json
from clearing.protocol.decision import ConflictKind, Deleted, Erased, Outcome, State, Verdict
from clearing.protocol.decision import decide as decide_one
from clearing.protocol.lengths import can_travel
from clearing.protocol.receipts import Counts
from clearing.protocol.records import (
    MOST_REASONS,
    ConflictRecord,
    CustomerRecord,
    DecisionRecord,
    DeletionRecord,
    ErasureRecord,
    HeldBackRecord,
    Record,
    RevisionRecord,
)
from clearing.protocol.versions import RefusedRecord, Version
from clearing.rows import revisions
from clearing.rows.conflicts import store_conflict
from clearing.rows.decisions import accept_decision, as_record
from clearing.rows.erasing import erase_known
from clearing.rows.reading import RowState, bearers_of, states_of, versions_of
from clearing.rows.writing import HAS_CARD, remove, with_cards, write
from clearing.travelling import KEPT, Taken, keeping
from customers.tombstones import Erased as ErasedPeople
from customers.tombstones import Known
from locations.models import LOWEST_CUSTOMER_NUMBER
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences, stored_sentence

CONTACTS = ("phone_private", "phone_business", "mobile", "fax")
NUMBER_STAYS = stored_sentence(
    "clearing_number_stays", gettext_lazy("The customer has the number %(number)s at the central; it never changes.")
)
NOT_ERASED = stored_sentence(
    "clearing_not_erased",
    gettext_lazy(
        "The customer was erased at the branch. At the central money of his is open: settle it, and he is erased there "
        "with the next run."
    ),
)
ERASED_AT_BRANCH = gettext_lazy("Erased at the branch (reconciliation)")


@dataclass(frozen=True)
class _Case:
    """One record, what the central knows of it, and what becomes of it."""

    record: Sent
    state: RowState | None
    own: Version | None
    outcome: Outcome

    @property
    def uid(self) -> UUID:
        return _uid(self.record)

    @property
    def number(self) -> int:
        if isinstance(self.record, CustomerRecord):
            return self.record.version.number
        return self.record.number if isinstance(self.record, DeletionRecord) else 0


class Blocks:
    """Decides the records of one run, block after block, and counts what has become of them."""

    def __init__(self, cycle: Cycle, node: Node, actor: Scope) -> None:
        self._cycle, self._node, self._actor, self._base = cycle, node, actor, actor.base
        self._turn: int | None = None
        self._counted = dict.fromkeys(("applied", "same", "conflict", "held_back"), 0)
        self.told_who_was_missing: set[UUID] = set()
        """Whom the branch has said not to have, and was told; not twice in one answer."""
        self.has_named_erased = False
        """Whether the branch has told of somebody who was erased, so that what it has sent is not kept."""

    @property
    def counts(self) -> Counts:
        """What has become of the records so far."""
        return Counts(sent=sum(self._counted.values()), **self._counted)

    def count(self, taken: Taken) -> None:
        """Count what has become of other things than customers."""
        for name in ("applied", "same", "held_back"):
            self._counted[name] += getattr(taken, name)
        self.has_named_erased |= taken.names_erased

    def reached(self) -> int:
        """The last number of changes of the base, with those of this run."""
        return revisions.lock_order(self._base)[0]

    def decide(self, block: Sequence[Record | Unreadable]) -> Iterator[dict[str, Json]]:
        """Decide these records; the records of the answer.

        Whoever is erased or deleted goes before it is asked who bears the numbers of the others.
        """
        for _is_customer, some in groupby(block, key=lambda record: isinstance(record, CustomerRecord)):
            yield from self._decide(list(some))

    def _decide(self, block: Sequence[Record | Unreadable]) -> Iterator[dict[str, Json]]:
        held: Held = {}
        cases = self._cases(block, held)
        for case in cases:
            if isinstance(case.outcome.central_writes, Erased):
                self._erase(case, held)
        written = self._write([case for case in cases if case.uid not in held], held)
        keep_held(held, {case.uid: case.record for case in cases}, cycle=self._cycle, node=self._node)
        for case in cases:
            if case.uid not in held:
                yield from self._told(case, written)
        for uid, (number, reasons, _record) in held.items():
            self._counted["held_back"] += 1
            yield HeldBackRecord(uid, number, tuple(reasons[:MOST_REASONS])).to_json()
        yield from self._about_conflicts(block)

    def _erase(self, case: _Case, held: Held) -> None:
        """Erase who was erased at the branch; as long as something keeps him, such as open money, that is held back."""
        reason = str(ERASED_AT_BRANCH)
        try:
            with transaction.atomic():
                erase_known(case.uid, reason=reason, actor=self._actor, is_remembered=self._is_offered)
        except ValidationError:
            held[case.uid] = (case.own.number if case.own else LOWEST_CUSTOMER_NUMBER, NOT_ERASED(), case.record)

    def _cases(self, block: Sequence[Record | Unreadable], held: Held) -> list[_Case]:
        records: list[Sent] = []
        for record in block:
            if isinstance(record, Unreadable):
                held[record.uid] = (record.number, record.reasons, None)
            elif isinstance(record, CustomerRecord | DeletionRecord | ErasureRecord):
                records.append(record)
            elif not self._is_about_conflict(record):
                raise RefusedRecord("kind")
        uids = [_uid(record) for record in records]
        if len({*uids, *held}) != len(uids) + len(held):
            raise RefusedRecord("uid")
        states, versions = states_of(self._base, uids), versions_of(self._base, uids)
        numbers = [
            record.version.number
            for record in records
            if isinstance(record, CustomerRecord) and record.version.uid not in versions
        ]
        bearers = bearers_of(self._base, numbers) if numbers else {}
        cases = []
        for record in records:
            state, own = states.get(_uid(record)), versions.get(_uid(record))
            if (reasons := self._refused(record, state, own)) is not None:
                is_erased = reasons == WAS_ERASED()
                self.has_named_erased |= is_erased
                number = _Case(record, state, own, Outcome()).number
                held[_uid(record)] = (number, reasons, None if is_erased else record)
                continue
            cases.append(_Case(record, state, own, _outcome(record, state, own, bearers)))
        return cases

    def _is_about_conflict(self, record: Record) -> bool:
        """A decision; or a conflict, where this central was restored and is offered what it has forgotten."""
        return isinstance(record, DecisionRecord) or (isinstance(record, ConflictRecord) and self._is_offered)

    @property
    def _is_offered(self) -> bool:
        return self._node.known_before is not None

    def _refused(self, record: Sent, state: RowState | None, own: Version | None) -> Sentences | None:
        """Why a record is held back before anything is decided."""
        if not isinstance(record, CustomerRecord):
            return None
        if own is not None and own.number != record.version.number:
            return NUMBER_STAYS(number=own.number)
        is_new = own is None and state is None
        if is_new and self._erased_people.digests and self._erased_people.is_one(_known(record.version)):
            return WAS_ERASED()
        return None

    @cached_property
    def _erased_people(self) -> ErasedPeople:
        return ErasedPeople.in_base(self._base)

    def _write(self, cases: Sequence[_Case], held: Held) -> dict[UUID, int]:
        """Write what the central has to write; the new revisions, by uid."""
        gone: dict[UUID, int] = {}
        fresh: dict[UUID, int] = {}
        versions: list[Version] = []
        known: dict[UUID, Version] = {}
        cases = self._without_kept(cases, held)
        for case in cases:
            write_down = case.outcome.central_writes
            if isinstance(write_down, Deleted):
                gone[case.uid] = case.own.number if case.own else case.number
            elif isinstance(write_down, Version) and case.outcome.displaced is not None:
                self._displace(case, write_down, held, gone, fresh)
            elif isinstance(write_down, Version):
                versions.append(write_down)
                if case.own is not None:
                    known[case.uid] = case.own
        remove(self._base, gone.keys())
        refused = write(self._base, versions, known=known)
        by_uid = {case.uid: case for case in cases} if refused else {}
        for uid, reasons in refused.items():
            held[uid] = (by_uid[uid].number, reasons, by_uid[uid].record)
        fresh |= {version.uid: version.number for version in versions if version.uid not in refused}
        if not fresh and not gone:
            return {}
        return revisions.raise_revisions(self._base, fresh, gone, turn=self._next_turn(), origin=self._node.pk)

    def _without_kept(self, cases: Sequence[_Case], held: Held) -> list[_Case]:
        """Those by whom nobody leaves who has a card or an account; the others are held back."""
        leaving = {case.uid: leaver for case in cases if (leaver := _leaver(case)) is not None}
        if not leaving:
            return list(cases)
        kept = [(with_cards(self._base, leaving.values()), HAS_CARD), (keeping(self._base, leaving.values()), KEPT)]
        for case in cases:
            for stays, reason in kept:
                if leaving.get(case.uid) in stays:
                    held[case.uid] = (case.number, reason(number=case.number), case.record)
        return [case for case in cases if case.uid not in held]

    def _displace(
        self, case: _Case, version: Version, held: Held, gone: dict[UUID, int], fresh: dict[UUID, int]
    ) -> None:
        """The bearer of the number leaves, and the branch's customer gets it; both, or neither where a rule refuses."""
        displaced = case.outcome.displaced
        assert displaced is not None  # noqa: S101 - for the types
        with transaction.atomic():
            remove(self._base, [displaced])
            refused = write(self._base, [version], known={})
            if refused:
                transaction.set_rollback(True)
                held[case.uid] = (case.number, refused[case.uid], case.record)
                return
        gone[displaced] = version.number
        fresh[case.uid] = version.number

    def _next_turn(self) -> int:
        """The number of changes that this run takes, once it writes anything."""
        if self._turn is None:
            self._turn = revisions.lock_order(self._base)[0] + 1
            revisions.set_sequence(self._base, self._turn)
        return self._turn

    def _decision(self, record: DecisionRecord) -> Iterator[dict[str, Json]]:
        """What stands about a conflict: what the branch has decided, unless another decision was here first."""
        conflict, is_taken = accept_decision(self._base, record, is_offered=self._is_offered)
        self._counted["applied" if is_taken else "same"] += 1
        if conflict is not None:
            yield decision_told(as_record(conflict)).to_json()

    def _about_conflicts(self, block: Sequence[Record | Unreadable]) -> Iterator[dict[str, Json]]:
        for record in block:
            if isinstance(record, ConflictRecord):
                self._take_conflict(record)
            elif isinstance(record, DecisionRecord):
                yield from self._decision(record)

    def _take_conflict(self, record: ConflictRecord) -> None:
        """Put a conflict into the inbox that was there before; of nobody who was erased."""
        if record.sort not in ConflictKind:
            raise RefusedRecord("sort")
        kept = self._without_erased(record)
        self.has_named_erased |= kept is not record
        is_new = kept is not None and not Conflict.objects.filter(base=self._base, pk=record.conflict).exists()
        if kept is not None and is_new:
            store_conflict(kept, cycle=self._cycle)
        self._counted["applied" if is_new else "same"] += 1

    def _without_erased(self, record: ConflictRecord) -> ConflictRecord | None:
        """Beside somebody else's version, what was of a person who was erased goes; otherwise the conflict does."""
        states = states_of(self._base, [side.uid for side in record.sides])

        def is_erased(side: Version) -> bool:
            state = states.get(side.uid)
            return (state is not None and state.is_erased) or self._erased_people.is_one(_known(side))

        if not any(map(is_erased, record.sides)):
            return record
        if record.lost is None or record.lost.uid == record.uid or is_erased(record.lost):
            return None
        return replace(record, stood=None, common=None, differing=(), only_lost_changed=())

    def _told(self, case: _Case, written: Mapping[UUID, int]) -> Iterator[dict[str, Json]]:
        """What the branch is told of a customer."""
        outcome = case.outcome
        self._counted[_COUNTED[outcome.verdict]] += 1
        revision = written.get(case.uid, case.state.revision if case.state else None)
        match outcome.branch_gets:
            case Version() as version:
                if isinstance(case.record, DeletionRecord):
                    self.told_who_was_missing.add(case.uid)
                yield told(CustomerRecord(version, revision)).to_json()
            case Deleted():
                yield DeletionRecord(case.uid, case.number, revision).to_json()
            case Erased():
                self.has_named_erased = True
                yield ErasureRecord(case.uid).to_json()
            case None if revision is not None and not isinstance(case.record, ErasureRecord):
                yield RevisionRecord(case.uid, revision).to_json()
        if outcome.conflict is not None:
            conflict = self._conflict(case, outcome.conflict)
            if can_travel(conflict):  # else it is in the inbox of the central alone
                yield conflict.to_json()

    def _conflict(self, case: _Case, kind: ConflictKind) -> ConflictRecord:
        outcome = case.outcome
        record = ConflictRecord(
            conflict=uuid4(), uid=case.uid, number=case.number, sort=kind, happened_at=timezone.now(),
            stood=outcome.stood, lost=outcome.lost, common=outcome.common,
            is_lost_of_central=_is_of_central(case), differing=outcome.differing,
            only_lost_changed=outcome.only_lost_changed,
        )  # fmt: skip
        store_conflict(record, cycle=self._cycle)
        return record


_COUNTED = {Verdict.SAME: "same", Verdict.APPLIED: "applied", Verdict.CONFLICT: "conflict"}


def _uid(record: Sent) -> UUID:
    return record.version.uid if isinstance(record, CustomerRecord) else record.uid


def _leaver(case: _Case) -> UUID | None:
    """Who leaves the central by what becomes of this record."""
    if isinstance(case.outcome.central_writes, Deleted):
        return case.uid
    return case.outcome.displaced


def _is_of_central(case: _Case) -> bool:
    """Whether what did not stand was the central's; a deletion that does not stand is of the side that has nobody."""
    if case.outcome.lost is not None:
        return case.outcome.lost is not getattr(case.record, "version", None)
    return case.own is None


def _outcome(record: Sent, state: RowState | None, own: Version | None, bearers: Mapping[int, Version]) -> Outcome:
    uid = _uid(record)
    central: State = Erased(uid) if state is not None and state.is_erased else own
    revision = state.revision if state else None
    match record:
        case ErasureRecord():
            return decide_one(None, Erased(uid), central, base_rev=None, central_rev=revision)
        case DeletionRecord():
            return decide_one(None, None, central, base_rev=record.base_rev, central_rev=revision)
    if central is None:
        central = bearers.get(record.version.number)
    return decide_one(record.agreed, record.version, central, base_rev=record.base_rev, central_rev=revision)


def _known(version: Version) -> Known:
    values = version.values
    former = values.get("former_numbers") or ()
    return Known.of(
        uid=version.uid,
        numbers=[version.number, *(one[0] for one in former)],  # type: ignore[union-attr, index]
        emails=[str(values.get("email") or "")],
        phones=[str(values.get(name) or "") for name in CONTACTS],
    )
