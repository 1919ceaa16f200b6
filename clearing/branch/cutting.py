"""The branch collects what has changed, in parts that are sent as they are however often it takes.

    cut(own, actor=…)     the next run; the one that is not applied yet, if there is one

One transaction. It holds the order of changes of the base: what is written later has a higher number, and travels with
the run after.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from clearing.branch.unsent import Unsent
from clearing.choices import CycleState, PartKind
from clearing.models import Cycle, CyclePart, HeldBack, OwnNode
from clearing.protocol.canonical import Json
from clearing.protocol.lengths import can_travel
from clearing.protocol.records import CustomerRecord, DeletionRecord, ErasureRecord, Record, VocabularyRecord
from clearing.protocol.strict import Fields
from clearing.protocol.versions import NOTHING, RefusedRecord, Version, changed_fields
from clearing.protocol.vocabulary import NOTHING as NO_VOCABULARY
from clearing.protocol.vocabulary import Vocabulary
from clearing.querysets import CycleQuerySet
from clearing.rows import parts, revisions
from clearing.rows.conflicts import conflicts_after
from clearing.rows.decisions import decisions_to_tell
from clearing.rows.reading import Change, changes_since, states_of, versions_of
from clearing.rows.vocabulary import vocabulary_of
from clearing.travelling import collected
from customers.write_order import tell_reconciling
from locations.models import CustomerBase
from mcp.isolation import row_scope
from mcp.isolation.history_context import recorded_as
from mcp.isolation.scope import Scope


def cut(own: OwnNode, *, actor: Scope) -> Cycle:
    """Collect what has changed since the last run; the run that is on its way, if there is one. The node is paired."""
    with row_scope.rows_of_clearing(actor), recorded_as(**actor.history()):
        own = OwnNode.objects.select_for_update().get(pk=own.pk)
        assert own.node_id is not None  # noqa: S101 - an unpaired branch has nowhere to send
        on_its_way = open_runs(own).first()
        if on_its_way is not None:
            return on_its_way
        base = actor.base
        tell_reconciling(base)
        sequence, _cut = revisions.lock_order(base)
        cycle = Cycle.objects.create(
            base=base, node_id=own.node_id, number=own.applied + 1, state=CycleState.CUT, cut=sequence,
            previous=own.receipt,
        )  # fmt: skip
        cycle.sent = list(parts.store(cycle, PartKind.SENT, _records(own, actor, sequence)).to_json())
        cycle.save(update_fields=["sent"])
        revisions.set_cut(base, sequence)
        return cycle


def open_runs(own: OwnNode) -> CycleQuerySet:
    """The run that is on its way, if there is one: cut, or decided and not applied."""
    return Cycle.objects.filter(base=own.base_id, node=own.node_id).exclude(state=CycleState.DONE)


def is_emptied(cycle: Cycle) -> bool:
    """Whether bytes that were to be sent are gone, because somebody was erased who is in them."""
    kept = CyclePart.objects.filter(base=cycle.base_id, cycle=cycle.pk, kind=PartKind.SENT).count()
    return kept != len(cycle.sent)


def agreed_vocabulary(own: OwnNode) -> Vocabulary:
    """The groups and tags that both sides have had last."""
    if own.agreed_vocabulary is None:
        return NO_VOCABULARY
    return Vocabulary.from_fields(Fields(own.agreed_vocabulary, refused=RefusedRecord))


def _records(own: OwnNode, actor: Scope, sequence: int) -> Iterator[dict[str, Json]]:
    base = actor.base
    agreed, now = agreed_vocabulary(own), vocabulary_of(base)
    if now != agreed:
        yield VocabularyRecord(now, agreed).to_json()
    yield from _about_conflicts(own, base)
    waiting = dict(HeldBack.objects.in_base(base).waiting().values_list("uid", "customer_number"))
    known = states_of(base, waiting.keys())
    for uid, number in waiting.items():
        if uid not in known:
            # Whom the branch could not take: that it has nobody, and never had, is answered with what the central has.
            yield DeletionRecord(uid, number).to_json()
    with Unsent(own, own.applied + 1) as unsent:
        for states in changes_since(base, own.sent_up_to, up_to=sequence, besides=list(waiting)):
            versions = versions_of(base, [state.uid for state in states if not state.is_deleted])
            for state in states:
                record = _record(state, versions.get(state.uid))
                if record is not None and not unsent.holds(record):
                    yield record.to_json()
    for matter in collected(actor):
        yield matter.to_json()


def _about_conflicts(own: OwnNode, base: CustomerBase) -> Iterator[dict[str, Json]]:
    """What was decided, behind the conflicts that a restored central has forgotten."""
    if own.known_before is not None:
        yield from (conflict.to_json() for conflict in conflicts_after(own, own.known_before) if can_travel(conflict))
    for decision in decisions_to_tell(base):
        yield (decision if can_travel(decision) else replace(decision, result=NOTHING)).to_json()


def _record(state: Change, version: Version | None) -> Record | None:
    if state.is_erased:
        return ErasureRecord(state.uid)
    if version is None:
        # Whoever was born and deleted between two runs was never there for the central.
        known = state.revision is not None and state.number is not None
        return DeletionRecord(state.uid, state.number, state.revision) if known and state.number else None
    was = changed_fields(version.values, state.before) if state.before is not None else NOTHING
    return CustomerRecord(version, state.revision, was, state.says_more)
