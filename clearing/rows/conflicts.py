"""Versions that did not stand, on their way into the inbox; the same at both sides."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q

from clearing.models import Conflict, Cycle, OwnNode
from clearing.naming import name_of
from clearing.protocol.records import ConflictRecord
from clearing.protocol.versions import Version


def store_conflict(record: ConflictRecord, *, cycle: Cycle) -> None:
    """Put a conflict into the inbox, once."""
    named = record.lost or record.stood
    Conflict.objects.bulk_create(
        [
            Conflict(
                id=record.conflict, base_id=cycle.base_id, uid=record.uid, customer_number=record.number,
                name=name_of(named) if named else "", cycle=cycle, kind=record.sort, happened_at=record.happened_at,
                common=record.common.to_json() if record.common else None,
                stood=record.stood.to_json() if record.stood else None,
                lost=record.lost.to_json() if record.lost else None,
                is_lost_of_central=record.is_lost_of_central, differing=list(record.differing),
                only_lost_changed=list(record.only_lost_changed),
                lost_uid=record.lost.uid if record.lost and record.lost.uid != record.uid else None,
            )
        ],
        ignore_conflicts=True,
    )  # fmt: skip


def as_told(conflict: Conflict) -> ConflictRecord:
    """A conflict of the inbox, as it was told when it was found."""
    stood, lost, common = (
        None if kept is None else Version.from_json(kept) for kept in (conflict.stood, conflict.lost, conflict.common)
    )
    return ConflictRecord(
        conflict=conflict.pk, uid=conflict.uid, number=conflict.customer_number, sort=conflict.kind,
        happened_at=conflict.happened_at, stood=stood, lost=lost, common=common,
        is_lost_of_central=conflict.is_lost_of_central, differing=tuple(conflict.differing),
        only_lost_changed=tuple(conflict.only_lost_changed),
    )  # fmt: skip


def conflicts_after(own: OwnNode, run: int) -> Iterator[ConflictRecord]:
    """Those that this branch was told in later runs than this one, in their order.

    After none at all also those of an earlier pairing.
    """
    later = Q(cycle__node=own.node_id, cycle__number__gt=run)
    found = Conflict.objects.in_base(own.base).filter(later if run else Q())
    return map(as_told, found.order_by("happened_at", "id").iterator())
