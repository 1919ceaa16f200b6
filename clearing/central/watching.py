"""Watches all branches of all businesses: opens and ends their alarms, and counts their open conflicts.

    watch(now=…, actor=…)     called by the worker each minute

A node whose location works with another base now has nothing to do any more, and no alarm.
Each step is one statement, however many branches there are. What somebody else has locked, as a run that is being
decided, is looked at a minute later. Two workers at once do no more than one: an alarm is open once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from clearing.limits import FAILING, LATE, LOW_DISK, MISSING, RUN_TAKES
from clearing.models import Alarm, Node
from clearing.program import is_older, program_version
from mcp.isolation import row_scope

KEPT = timedelta(days=400)
"""How long an alarm that has ended is kept."""

_FOUND = """found AS (
        SELECT node.organization_id, node.base_id, node.id AS node_id, alarm.kind
        FROM clearing_node AS node
            JOIN locations_location AS place ON place.id = node.location_id AND place.base_id = node.base_id
            CROSS JOIN LATERAL (VALUES
            ('quarantined', node.state = 'quarantined'),
            ('missing', node.state = 'paired' AND (node.contacted_at <= %(missing)s
                OR (node.contacted_at IS NULL AND node.paired_at <= %(late)s))),
            ('late', node.state = 'paired' AND node.contacted_at <= %(late)s AND node.contacted_at > %(missing)s),
            ('failing', node.state = 'paired' AND node.contacted_at > %(late)s
                AND node.contacted_at - coalesce(node.decided_at, node.paired_at) >= %(failing)s
                AND node.contacted_at <= %(called)s),
            ('held_back', node.held_back > 0),
            ('old_version', node.program = ANY(%(old)s)),
            ('disk', node.free_bytes < %(disk)s)
        ) AS alarm (kind, is_so)
        WHERE alarm.is_so AND node.state <> 'retired'
    )"""
_END = f"""WITH {_FOUND}
    UPDATE clearing_alarm AS alarm SET ended_at = greatest(%(now)s, alarm.since)
    WHERE alarm.ended_at IS NULL
      AND NOT EXISTS (SELECT FROM found WHERE found.node_id = alarm.node_id AND found.kind = alarm.kind)"""
_OPEN = f"""WITH {_FOUND},
    missing AS (
        SELECT found.* FROM found WHERE NOT EXISTS (
            SELECT FROM clearing_alarm AS alarm
            WHERE alarm.node_id = found.node_id AND alarm.kind = found.kind AND alarm.ended_at IS NULL
        )
    ),
    free AS (
        SELECT id FROM clearing_node WHERE id IN (SELECT node_id FROM missing) FOR KEY SHARE SKIP LOCKED
    )
    INSERT INTO clearing_alarm (organization_id, base_id, node_id, kind, since)
    SELECT missing.organization_id, missing.base_id, missing.node_id, missing.kind, %(now)s
    FROM missing JOIN free ON free.id = missing.node_id
    ON CONFLICT (node_id, kind) WHERE ended_at IS NULL DO NOTHING"""
_COUNT = """WITH counted AS (
        SELECT base_id, count(*) AS open FROM clearing_conflict WHERE state = 'open' GROUP BY base_id
    ),
    stale AS (
        SELECT node.id, coalesce(counted.open, 0) AS open
        FROM clearing_node AS node LEFT JOIN counted ON counted.base_id = node.base_id
        WHERE node.open_conflicts <> coalesce(counted.open, 0)
        FOR NO KEY UPDATE OF node SKIP LOCKED
    )
    UPDATE clearing_node AS node SET open_conflicts = stale.open FROM stale WHERE node.id = stale.id"""


def watch(*, now: datetime, actor: str) -> None:
    """Bring the alarms of all branches to what is so now."""
    with (
        row_scope.without_scope(reason="watch the branches", actor=actor),
        connection.cursor() as cursor,
    ):
        programs = Node.objects.in_use().order_by().values_list("program", flat=True).distinct()
        said: dict[str, Any] = {
            "now": now,
            "late": now - LATE,
            "missing": now - MISSING,
            "failing": FAILING,
            "disk": LOW_DISK,
            "old": [program for program in programs if is_older(program, program_version())],
        }
        # Conflicts are of a base, whose rows the central does not see; so their number is kept with the branch.
        cursor.execute(_COUNT)
        # What fails goes on failing while it calls again: only to begin, its run has to have had its time.
        cursor.execute(_END, {**said, "called": now})
        cursor.execute(_OPEN, {**said, "called": now - RUN_TAKES})
        Alarm.objects.filter(ended_at__lt=now - KEPT).delete()
