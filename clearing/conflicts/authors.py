"""Who has made the version of this side that is in a conflict, and when.

What travels says nothing of it, so of the other side's version nothing is said. The history of this side tells who has
changed the customer last before the run; where that was another run, or the customer was another one then, nobody
knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from clearing.conflicts.versions import version_of
from clearing.models import Conflict
from clearing.protocol.field_kinds import FIELDS, FieldKind
from clearing.protocol.versions import Version
from customers.history import Recorded, recorded_before
from customers.models import Customer
from locations.permissions import Right
from mcp.isolation.branch import is_branch
from mcp.isolation.scope import Scope

TEXTS = tuple(name for name, kind in FIELDS.items() if kind == FieldKind.TEXT)
"""Fields that a version and the history hold alike."""


@dataclass(frozen=True)
class Author:
    """By whom and when one of the two versions was made. `is_lost` says which one."""

    who: str
    at: datetime
    is_lost: bool


def author_of(conflict: Conflict, customer: Customer | None, *, actor: Scope) -> Author | None:
    """Who has made the version of this side; None where nobody knows, or the actor may not see histories."""
    with actor.asked.only_looking():
        if customer is None or not actor.allows(Right.SEE_HISTORY):
            return None
    is_lost = conflict.is_lost_of_central != is_branch()
    version, moment = version_of(conflict.lost if is_lost else conflict.stood), _moment(conflict)
    if version is None or moment is None or version.uid != customer.uid:
        return None
    found = next((one for one in recorded_before(customer, moment) if not _is_of_run(one, conflict)), None)
    if found is None or not found.who or "run" in found.facts or not _is_of(found, version):
        return None
    return Author(found.who, found.at, is_lost)


def _moment(conflict: Conflict) -> datetime | None:
    """Before when this side has had its version, by its own clock: the central decides, the branch collects."""
    if not is_branch():
        return conflict.happened_at
    return conflict.cycle.began_at if conflict.cycle else None


def _is_of_run(change: Recorded, conflict: Conflict) -> bool:
    """Whether the run that has found the conflict has written it."""
    run = conflict.cycle
    return run is not None and (change.facts.get("node"), change.facts.get("run")) == (str(run.node_id), run.number)


def _is_of(change: Recorded, version: Version) -> bool:
    """Whether the customer was then as the version says."""
    return all(getattr(change.row, name, None) == version.values[name] for name in TEXTS if name in version.values)
