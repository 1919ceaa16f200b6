"""Versions that did not stand, on their way into the inbox; the same at both sides."""

from __future__ import annotations

from clearing.models import Conflict, Cycle
from clearing.naming import name_of
from clearing.protocol.records import ConflictRecord


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
