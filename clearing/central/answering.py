"""What a branch gets besides the answers to what it has sent: all that has changed at the central since."""

from __future__ import annotations

from collections.abc import Iterator

from clearing.models import HeldBack, Node
from clearing.protocol.canonical import Json
from clearing.protocol.records import CustomerRecord, DeletionRecord, ErasureRecord, Record
from clearing.rows.decisions import decisions_since
from clearing.rows.reading import RowState, states_since, versions_of
from locations.models import CustomerBase


def changes_for(node: Node, base: CustomerBase, *, up_to: int) -> Iterator[dict[str, Json]]:
    """The records of whoever has changed after the node's cursor, up to this number of changes.

    Left out is what the node has sent itself, unless it was restored since, and whoever is held back: his change at the
    branch is still to be decided.
    """
    waiting = set(HeldBack.objects.in_base(base).filter(node=node).values_list("uid", flat=True))
    for states in states_since(base, node.cursor, up_to=up_to):
        wanted = [
            state
            for state in states
            if state.is_erased or (state.uid not in waiting and (node.gets_its_own or state.origin != node.pk))
        ]
        versions = versions_of(base, [state.uid for state in wanted if not state.is_deleted])
        for state in wanted:
            version = versions.get(state.uid)
            yield _record(state, CustomerRecord(version, state.revision) if version else None).to_json()
    for decision in decisions_since(base, node.cursor, up_to=up_to):
        yield decision.to_json()


def _record(state: RowState, changed: CustomerRecord | None) -> Record:
    if state.is_erased:
        return ErasureRecord(state.uid)
    return changed or DeletionRecord(state.uid, _number(state), state.revision)


def _number(state: RowState) -> int:
    """The number of whoever is deleted; only one who is erased has none."""
    assert state.number is not None  # noqa: S101 - a constraint keeps it
    return state.number
