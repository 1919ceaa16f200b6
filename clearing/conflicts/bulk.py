"""All open conflicts of one run at once: how many there are for each decision, and deciding them.

What is taken over is what only the overridden version has changed: that needs no question. Leaving is one statement;
the others are decided one by one, so many at a time, and whoever is refused by a rule stays open.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, F, Q
from django.utils import timezone

from clearing.choices import ConflictState
from clearing.conflicts.deciding import (
    AlreadyDecided,
    NothingTicked,
    demand_resolving,
    recreate,
    take_over,
    untouched,
)
from clearing.models import Conflict
from clearing.protocol.decision import ConflictKind
from clearing.querysets import ConflictQuerySet
from clearing.rows import revisions
from clearing.rows.decisions import next_number, side_here
from locations.choices import Side
from mcp.isolation import row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope

AT_ONCE = 100
"""So many are decided one by one while the browser waits, in two seconds."""


class Choice(StrEnum):
    """What can be done with all open conflicts of a run."""

    TAKE_OVER = "take_over"
    RECREATE = "recreate"
    LEAVE = "leave"


_OF_CHOICE: dict[Choice, Q] = {
    Choice.TAKE_OVER: ~Q(only_lost_changed=[])
    & Q(kind__in=[ConflictKind.BOTH_CHANGED, ConflictKind.ARCHIVED_AGAINST_CHANGED]),
    Choice.RECREATE: Q(kind=ConflictKind.BORN_TWICE, lost__isnull=False),
    Choice.LEAVE: Q(),
}


@dataclass(frozen=True)
class Done:
    """What became of it: how many were decided, were refused by a rule, and are still to be decided the same way."""

    decided: int
    refused: int
    left: int


def open_of_run(run: UUID, actor: Scope) -> ConflictQuerySet:
    """The open conflicts of a run."""
    found: ConflictQuerySet = Conflict.objects.in_base(actor.base).open().filter(cycle=run)
    return found


def counts(run: UUID, actor: Scope) -> dict[Choice, int]:
    """How many conflicts each choice would decide. One query. Raises MissingRight."""
    demand_resolving(actor)
    asked = {choice.value: Count("pk", filter=condition) for choice, condition in _OF_CHOICE.items() if condition}
    found = open_of_run(run, actor).order_by().aggregate(**asked, leave=Count("pk"))
    return {choice: found[choice.value] for choice in Choice}


@busy_told()
def decide_run(*, run: UUID, choice: Choice, actor: Scope) -> Done:
    """Decide the open conflicts of a run in one way: all that are left, else the first AT_ONCE.

    Raises MissingRight.
    """
    demand_resolving(actor)
    if choice == Choice.LEAVE:
        return Done(_leave(run, actor), 0, 0)
    deciding: dict[Choice, Callable[[Conflict, Scope], object]] = {
        Choice.TAKE_OVER: lambda one, who: take_over(conflict=one.pk, fields=_ticked(one, who), actor=who),
        Choice.RECREATE: lambda one, who: recreate(conflict=one.pk, actor=who),
    }
    with row_scope.rows_of(actor):
        wanted = open_of_run(run, actor).filter(_OF_CHOICE[choice]).order_by("happened_at", "id")
        refused: list[UUID] = []
        decided = 0
        for found in wanted.only("pk", "only_lost_changed")[:AT_ONCE]:
            try:
                with transaction.atomic():
                    deciding[choice](found, actor)
                decided += 1
            except AlreadyDecided:
                continue
            except ValidationError:
                refused.append(found.pk)
        return Done(decided, len(refused), wanted.exclude(pk__in=refused).count())


def _ticked(found: Conflict, actor: Scope) -> list[str]:
    fields = sorted(set(found.only_lost_changed) - untouched(actor))
    if not fields:
        raise NothingTicked
    return fields


def _leave(run: UUID, actor: Scope) -> int:
    with row_scope.rows_of(actor):
        revisions.lock_order(actor.base)
        said = {"state": ConflictState.DISMISSED, "decided_by": actor.actor_name[:200], "decided_at": timezone.now()}
        if side_here() == Side.CENTRAL:
            from_here = {"sequence": next_number(actor.base), "is_agreed": True}
            return open_of_run(run, actor).update(**said, result={}, revision=F("revision") + 1, **from_here)
        return open_of_run(run, actor).update(**said, result={}, is_agreed=False)
