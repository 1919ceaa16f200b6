"""What a branch gets besides the answers to what it has sent: all that has changed at the central since."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from clearing.models import Conflict, HeldBack, Node
from clearing.protocol.canonical import Json
from clearing.protocol.lengths import can_travel
from clearing.protocol.records import (
    CustomerRecord,
    DecisionRecord,
    DeletionRecord,
    ErasureRecord,
    HeldBackRecord,
    Record,
)
from clearing.protocol.versions import NOTHING
from clearing.rows.conflicts import as_told
from clearing.rows.decisions import decisions_since
from clearing.rows.reading import RowState, changes_since, versions_of
from locations.models import CustomerBase
from mcp.stored_sentences import stored_sentence

TOO_LONG_TO_TELL = stored_sentence(
    "clearing_too_long_to_tell",
    gettext_lazy(
        "At the central there is more of this customer than can be sent: a text of more than 100,000 characters, or "
        "more than 1,000 statements, tags or former numbers. Shorten it there."
    ),
)


def changes_for(
    node: Node, base: CustomerBase, *, up_to: int, besides: Collection[UUID] = ()
) -> Iterator[dict[str, Json]]:
    """The records of whoever has changed after the node's cursor, up to this number of changes; without `besides`.

    Left out is what the node has sent itself, unless it was restored since, and whoever is held back: his change at the
    branch is still to be decided.
    """
    waiting = {*besides, *HeldBack.objects.in_base(base).waiting().filter(node=node).values_list("uid", flat=True)}
    for states in changes_since(base, node.cursor, up_to=up_to):
        wanted = [
            state
            for state in states
            if state.is_erased or (state.uid not in waiting and (node.gets_its_own or state.origin != node.pk))
        ]
        versions = versions_of(base, [state.uid for state in wanted if not state.is_deleted])
        for state in wanted:
            version = versions.get(state.uid)
            changed = CustomerRecord(version, state.revision) if version else None
            yield (told(changed) if changed else _gone(state)).to_json()
    for conflict in map(as_told, _unknown_conflicts(node, base).order_by("happened_at", "id").iterator()):
        if can_travel(conflict):
            yield conflict.to_json()
    for decision in decisions_since(base, node.cursor, up_to=up_to):
        yield decision_told(decision).to_json()


def _unknown_conflicts(node: Node, base: CustomerBase) -> QuerySet[Conflict]:
    """Those of earlier runs that the node may not know; a conflict is put into the inbox once."""
    earlier = Conflict.objects.in_base(base).filter(cycle__cursor__isnull=False)
    if not node.decided:
        return earlier  # what the node before it was told may never have arrived there
    if node.gets_its_own:
        return earlier.filter(cycle__node=node, cycle__cursor__gt=node.cursor)
    return earlier.none()


def told(record: CustomerRecord) -> CustomerRecord | HeldBackRecord:
    """The customer; or that he is held back, since there is more of him than can travel."""
    if can_travel(record):
        return record
    return HeldBackRecord(record.version.uid, record.version.number, tuple(TOO_LONG_TO_TELL()))


def decision_told(record: DecisionRecord) -> DecisionRecord:
    """The decision; without what it has written where that is more than can travel."""
    return record if can_travel(record) else replace(record, result=NOTHING)


def _gone(state: RowState) -> Record:
    if state.is_erased:
        return ErasureRecord(state.uid)
    assert state.number is not None  # noqa: S101 - a constraint keeps it: only who is erased has none
    return DeletionRecord(state.uid, state.number, state.revision)
