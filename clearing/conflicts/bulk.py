"""All open conflicts of one run at once: how many there are for each decision, and deciding them.

What is taken over is what only the overridden version has changed: that needs no question. Leaving is one statement;
the others are decided one by one, and whoever is refused by a rule stays open.

Few are decided while the browser waits. More are left to the worker (`order`, `work`): a piece in each transaction, and
with it how far it is. One that dies or is stopped leaves nothing half done, and the next one goes on behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy

from clearing.choices import BulkChoice, BulkState, ConflictState
from clearing.conflicts.deciding import (
    AlreadyDecided,
    NothingTicked,
    demand_resolving,
    recreate,
    take_over,
    untouched,
)
from clearing.models import BulkDecision, Conflict, Cycle
from clearing.protocol.decision import ConflictKind
from clearing.querysets import ConflictQuerySet
from clearing.rows import revisions
from clearing.rows.decisions import next_number, side_here
from locations.choices import Side
from locations.violations import told_as_refusals
from mcp.isolation import access, row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope
from mcp.stored_sentences import stored_sentence
from mcp.worker.queueing import NothingThere, enqueue
from mcp.worker.somebody import for_somebody
from mcp.worker.task_frame import Failure, Stopped, TaskFrame

AT_ONCE = {BulkChoice.TAKE_OVER: 100, BulkChoice.RECREATE: 100, BulkChoice.LEAVE: 2_000}
"""So many are decided while the browser waits, in two seconds."""
PIECE = {BulkChoice.TAKE_OVER: 25, BulkChoice.RECREATE: 25, BulkChoice.LEAVE: 1_000}
"""So many are decided by the worker in one transaction: whoever else writes in the base waits for half a second."""
TASK = "clearing.tasks.decide_conflicts"

_OF_CHOICE: dict[BulkChoice, Q] = {
    BulkChoice.TAKE_OVER: ~Q(only_lost_changed=[])
    & Q(kind__in=[ConflictKind.BOTH_CHANGED, ConflictKind.ARCHIVED_AGAINST_CHANGED]),
    BulkChoice.RECREATE: Q(kind=ConflictKind.BORN_TWICE, lost__isnull=False),
    BulkChoice.LEAVE: Q(),
}
ORDER = ("happened_at", "id")


@dataclass(frozen=True)
class Done:
    """What became of it: how many were decided, and how many a rule has refused."""

    decided: int
    refused: int


def open_of_run(run: UUID, actor: Scope) -> ConflictQuerySet:
    """The open conflicts of a run."""
    found: ConflictQuerySet = Conflict.objects.in_base(actor.base).open().filter(cycle=run)
    return found


def counts(run: UUID, actor: Scope) -> dict[BulkChoice, int]:
    """How many conflicts each choice would decide. One query. Raises MissingRight."""
    demand_resolving(actor)
    asked = {choice.value: Count("pk", filter=condition) for choice, condition in _OF_CHOICE.items() if condition}
    found = open_of_run(run, actor).order_by().aggregate(**asked, leave=Count("pk"))
    return {choice: found[choice.value] for choice in BulkChoice}


@busy_told()
def decide_run(*, run: UUID, choice: BulkChoice, actor: Scope) -> Done | BulkDecision:
    """Decide all open conflicts of a run in one way; more than AT_ONCE the worker decides. Raises MissingRight.

    Raises ValidationError where the worker is at this run already.
    """
    wanted = counts(run, actor)[choice]
    if wanted > AT_ONCE[choice]:
        return order(run=run, choice=choice, total=wanted, actor=actor)
    with row_scope.rows_of(actor):
        return _decide(_wanted(run, choice, actor), choice, actor)


# --- by the worker ------------------------------------------------------------------------------------------------


@transaction.atomic
def order(*, run: UUID, choice: BulkChoice, total: int, actor: Scope) -> BulkDecision:
    """Have the worker decide them. Raises MissingRight, or ValidationError where it is at it already."""
    demand_resolving(actor)
    cycle = Cycle.objects.in_base(actor.base).get(pk=run)
    with told_as_refusals(), transaction.atomic():
        ordered = BulkDecision.objects.create(
            organization=actor.organization, base=actor.base, location=actor.location, user=actor.user,
            user_name=actor.actor_name[:200], cycle=cycle, choice=choice, total=total,
        )  # fmt: skip
    enqueue(TASK, decision=str(ordered.pk), **for_somebody(actor))
    return ordered


def latest(run: UUID, actor: Scope) -> BulkDecision | None:
    """What the worker does, or did last, with the conflicts of a run."""
    return BulkDecision.objects.in_base(actor.base).filter(cycle=run).order_by("-began_at").first()


@transaction.atomic
def cancel(*, run: UUID, actor: Scope) -> None:
    """Stop the worker after the piece that it is at. What it has decided stays so. Raises MissingRight."""
    demand_resolving(actor)
    found = BulkDecision.objects.in_base(actor.base).under_way().filter(cycle=run)
    found.update(state=BulkState.CANCELLED, state_since=timezone.now())


def work(pk: str, actor: Scope) -> None:
    """Decide what was ordered, piece by piece, from where an earlier worker has stopped.

    Raises NothingThere, MissingRight where the right was taken away meanwhile, and Stopped where it was cancelled or is
    done. What was decided until then stays so.
    """
    while _work_on(pk, actor):
        pass


def _work_on(pk: str, actor: Scope) -> bool:
    """Decide the next piece; whether there may be more."""
    with row_scope.rows_of(actor):
        demand_resolving(actor)
        ordered = _locked(pk)
        choice = BulkChoice(ordered.choice)
        behind = Q() if ordered.reached is None else _behind(ordered)
        piece = list(_wanted(ordered.cycle_id, choice, actor).filter(behind)[: PIECE[choice]])
        done = _decide(piece, choice, actor)
        ordered.decided, ordered.refused = ordered.decided + done.decided, ordered.refused + done.refused
        if piece:
            ordered.reached_at, ordered.reached = piece[-1].happened_at, piece[-1].pk
        is_over = len(piece) < PIECE[choice]
        if is_over:
            ordered.state, ordered.state_since = BulkState.DONE, timezone.now()
        ordered.save(update_fields=["decided", "refused", "reached_at", "reached", "state", "state_since"])
        access.demand_still(actor)
    return not is_over


def _behind(ordered: BulkDecision) -> Q:
    return Q(happened_at__gt=ordered.reached_at) | Q(happened_at=ordered.reached_at, id__gt=ordered.reached)


def _locked(pk: str) -> BulkDecision:
    found = BulkDecision.objects.select_for_update(of=("self",)).filter(pk=pk).first()
    if found is None:
        raise NothingThere("decision about a run", pk)
    if found.state != BulkState.DECIDING:
        raise Stopped
    return found


def _stop(pk: str, failure: Failure) -> None:
    BulkDecision.objects.filter(pk=pk, state=BulkState.DECIDING).update(
        state=BulkState.FAILED, state_since=timezone.now(), failure=failure.reason
    )


FRAME = TaskFrame(
    name="decision about a run",
    tell=_stop,
    broken=stored_sentence(
        "conflicts_broken",
        gettext_lazy("It broke off. What was decided until then stays so; begin again to decide the rest."),
    ),
    given_up=stored_sentence(
        "conflicts_given_up",
        gettext_lazy(
            "The worker has given it up. What was decided until then stays so; tell support before you go on."
        ),
    ),
)
FRAME.when_given_up("decision", TASK)


# --- the same for both --------------------------------------------------------------------------------------------


def _wanted(run: UUID, choice: BulkChoice, actor: Scope) -> ConflictQuerySet:
    return open_of_run(run, actor).filter(_OF_CHOICE[choice]).order_by(*ORDER).only(*ORDER, "base", "only_lost_changed")


def _decide(wanted: Iterable[Conflict], choice: BulkChoice, actor: Scope) -> Done:
    if choice is BulkChoice.LEAVE:
        return Done(_leave([one.pk for one in wanted], actor), 0)
    deciding: dict[BulkChoice, Callable[[Conflict], object]] = {
        BulkChoice.TAKE_OVER: lambda one: take_over(conflict=one.pk, fields=_ticked(one, actor), actor=actor),
        BulkChoice.RECREATE: lambda one: recreate(conflict=one.pk, actor=actor),
    }
    decided = refused = 0
    for found in wanted:
        try:
            with transaction.atomic():
                deciding[choice](found)
            decided += 1
        except AlreadyDecided:
            continue
        except ValidationError:
            refused += 1
    return Done(decided, refused)


def _ticked(found: Conflict, actor: Scope) -> list[str]:
    fields = sorted(set(found.only_lost_changed) - untouched(actor))
    if not fields:
        raise NothingTicked
    return fields


def _leave(keys: list[Any], actor: Scope) -> int:
    revisions.lock_order(actor.base)
    of_base = Conflict.objects.in_base(actor.base).open().filter(pk__in=keys)
    said = {"state": ConflictState.DISMISSED, "decided_by": actor.actor_name[:200], "decided_at": timezone.now()}
    if side_here() == Side.CENTRAL:
        from_here = {"sequence": next_number(actor.base), "is_agreed": True}
        return of_base.update(**said, result={}, revision=F("revision") + 1, **from_here)
    return of_base.update(**said, result={}, is_agreed=False)
