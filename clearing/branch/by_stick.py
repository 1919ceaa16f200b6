"""A branch without a line: its run is written on a stick, and the answer that comes back is taken in.

    prepare(actor=…)               collects what has changed; the worker does where that is much
    run, pieces = written(actor=…) the file for the central
    taken = take_in(file=…, actor=…)

The run is the same that would go over the line, with the same bytes and the same request. So it does no harm if a line
is back in between: whatever comes second is known already, at either side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy
from procrastinate.exceptions import AlreadyEnqueued

from clearing.branch.applying import apply_answer
from clearing.branch.cutting import cut, is_emptied, open_runs
from clearing.branch.preconditions import is_first_run, preconditions_of
from clearing.branch.recovering import drop_open_run
from clearing.branch.running import BROKEN, NotPaired, alone, keep_answer, keep_decided, note, said_by
from clearing.branch.site import apply_site
from clearing.branch.starting import scope_here, this_branch
from clearing.branch.talking import sentences_for
from clearing.choices import CycleState, PartKind, RunStep
from clearing.models import Cycle, CyclePart, OwnNode
from clearing.preconditions import demand_met
from clearing.protocol.keys import PrivateKey, PublicKey
from clearing.protocol.messages import Decide
from clearing.protocol.stick import Direction, Stick, StickHeader, read_header, read_stick, write_stick
from clearing.protocol.stick_letters import ToBranch, ToCentral
from clearing.protocol.stick_problems import WrongReceiver
from clearing.rows import parts
from customers.models import CustomerRevision
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.history_context import recorded_as
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences
from mcp.worker.queueing import enqueue
from mcp.worker.somebody import WORKER

DIRECTLY = 10_000
"""So many records are collected or applied while the browser waits; more by the worker."""
STICK = "the stick"
PREPARE_TASK, APPLY_TASK = "clearing.tasks.prepare_stick", "clearing.tasks.apply_from_stick"


class KeyUnknown(ValidationError):
    """The central has not told its key yet."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy(
                "This branch does not know the key of its central yet, and cannot seal anything for it. It comes with "
                "the next contact over a line."
            ),
            code="central_key_unknown",
        )


class WrittenBefore(ValidationError):
    """The run cannot be written once more."""

    def __init__(self, number: int) -> None:
        super().__init__(
            gettext_lazy(
                "Since run %(number)s was collected a customer was erased for good who is in it, so it is not written "
                "once more. Take the file that was written, or reconcile once over a line."
            ),
            code="stick_written_before",
            params={"number": number},
        )


class NothingCollected(ValidationError):
    """There is no run that could be written."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy("Nothing is collected for a stick, or its answer has come meanwhile. Look at the page again."),
            code="stick_not_collected",
        )


class NotAwaited(ValidationError):
    """The answer is of another run than the one that is under way."""

    def __init__(self, number: int) -> None:
        super().__init__(
            gettext_lazy(
                "This is the answer to run %(number)s, for which this branch does not wait. Nothing of it was taken."
            ),
            code="stick_not_awaited",
            params={"number": number},
        )


@dataclass(frozen=True)
class Taken:
    """The number of the run, whether its answer was new, and whether it is applied; else the worker is at it."""

    number: int
    is_new: bool
    is_applied: bool


def open_run(own: OwnNode) -> Cycle | None:
    """The run that is collected, and whose answer is not applied."""
    return open_runs(own).first()


def prepare(*, actor: Scope) -> Cycle | None:
    """Collect what has changed, in the run that is open or a new one; None where that is left to the worker.

    Raises MissingRight, NotPaired, KeyUnknown, RunsAlready, WrittenBefore; NotReady before a first run.
    """
    own = _paired(actor)
    waiting = CustomerRevision.objects.filter(base=own.base_id, sequence__gt=own.sent_up_to)
    if open_run(own) is None and waiting[: DIRECTLY + 1].count() > DIRECTLY:
        _leave_to_worker(PREPARE_TASK)
        return None
    return _collect(own)


def _paired(actor: Scope) -> OwnNode:
    actor.demand(Right.CLEAR)
    own = OwnNode.objects.filter(base=actor.base).select_related("location__organization", "location__base").first()
    if own is None or own.node_id is None:
        raise NotPaired
    if not own.central_key:
        raise KeyUnknown
    return own


def _leave_to_worker(task: str) -> None:
    with suppress(AlreadyEnqueued), transaction.atomic():
        enqueue(task, queueing_lock=task)


def _collect(own: OwnNode) -> Cycle:
    """The request is stored before anything leaves: by it the branch is known if the answer never comes."""
    system = scope_here(own, name=STICK)
    with alone(), row_scope.rows_of(system), recorded_as(**system.history()):
        row = OwnNode.objects.select_for_update(of=("self",)).select_related("base").get(pk=own.pk)
        known = open_run(row)
        if known is not None and is_emptied(known):
            if row.request == known.request:
                raise WrittenBefore(known.number)
            drop_open_run(row)
        if is_first_run(row):
            demand_met(preconditions_of(row))
        cycle = cut(row, actor=system)
        if cycle.state == CycleState.CUT:
            OwnNode.objects.filter(pk=row.pk).update(request=cycle.request)
        return cycle


def written(*, actor: Scope) -> tuple[Cycle, Iterator[bytes]]:
    """The run that is collected, and the file with it, sealed for the central. Raises as `prepare`."""
    own = _paired(actor)
    cycle = open_run(own)
    if cycle is None or own.identity is None:
        raise NothingCollected
    if is_emptied(cycle):
        raise WrittenBefore(cycle.number)
    manifest, place = parts.manifest(cycle.sent), own.location
    letter = ToCentral(said_by(own), Decide(cycle.number, cycle.request, cycle.previous, manifest), own.lease)
    header = StickHeader(
        account_number=place.organization.account_number,
        client_number=place.client_number,
        node=own.identity,
        cycle=cycle.number,
        direction=Direction.TO_CENTRAL,
    )
    return cycle, write_stick(
        parts.contents_of(cycle, PartKind.SENT),
        header=header,
        manifest=manifest,
        sender=PrivateKey.from_text(own.private_key),
        receiver=PublicKey.from_text(own.central_key),
        letter=letter.to_json(),
    )


def take_in(*, file: IO[bytes], actor: Scope) -> Taken:
    """Take in the answer of the central, and apply it; a large one the worker applies.

    One whose run is applied already changes nothing. Raises MissingRight, NotPaired, KeyUnknown, RefusedStick for a
    file that is none for this branch, damaged or forged, NotAwaited, BrokenChain, RunsAlready.
    """
    own = _paired(actor)
    header = read_header(file)
    if header.node != own.identity or header.direction is not Direction.TO_BRANCH:
        raise WrongReceiver
    key, central = PrivateKey.from_text(own.private_key), PublicKey.from_text(own.central_key)
    stick = read_stick(file, receiver=key, sender=central)
    letter = ToBranch.from_fields(stick.letter)
    if header.cycle <= own.applied:
        return Taken(header.cycle, is_new=False, is_applied=True)
    system = scope_here(own, name=STICK)
    with alone(), row_scope.rows_of(system), recorded_as(**system.history()):
        cycle = _awaited(own, letter)
        _keep(cycle, stick)
        apply_site(letter.site, actor=system)
        is_large = stick.manifest.rows > DIRECTLY
        if is_large:
            _leave_to_worker(APPLY_TASK)
        else:
            apply_answer(cycle, actor=system)
            note(own.pk, system, failure=Sentences(), is_done=True)
    return Taken(header.cycle, is_new=True, is_applied=not is_large)


def _awaited(own: OwnNode, letter: ToBranch) -> Cycle:
    """The run whose answer this is, with its decision. Raises NotAwaited, BrokenChain."""
    row, number = OwnNode.objects.select_for_update(of=("self",)).get(pk=own.pk), letter.decided.cycle
    cycle = open_run(row)
    if cycle is None or cycle.number != number:
        raise NotAwaited(number)
    if cycle.state == CycleState.CUT:
        cycle.is_by_stick = True
        keep_decided(row, cycle, letter.decided)
    elif cycle.receipt != letter.decided.receipt:
        raise NotAwaited(number)
    return cycle


def _keep(cycle: Cycle, stick: Stick) -> None:
    """The parts of the answer, one after the other; what has come over the line is not written again."""
    if stick.manifest != parts.manifest(cycle.answer):
        raise NotAwaited(cycle.number)
    stored = CyclePart.objects.filter(base=cycle.base_id, cycle=cycle, kind=PartKind.ANSWER)
    here = set(stored.values_list("number", flat=True))
    for facts, content in zip(stick.manifest.parts, stick.parts(), strict=True):
        if facts.number not in here:
            keep_answer(cycle, facts, content)


# --- by the worker ------------------------------------------------------------------------------------------------


def prepare_left() -> None:
    """Collect a large run. What keeps it from that is shown on the page of the branch."""
    _work(RunStep.COLLECTING, lambda own, _system: _collect(own))


def apply_left() -> None:
    """Apply a large answer that was taken in; nothing where that is done."""

    def apply(own: OwnNode, system: Scope) -> None:
        with row_scope.rows_of(system):
            cycle = open_run(own)
        if cycle is not None and cycle.state == CycleState.DECIDED:
            with alone():
                apply_answer(cycle, actor=system)

    _work(RunStep.APPLYING, apply)


def _work(step: RunStep, work: Callable[[OwnNode, Scope], object]) -> None:
    own = this_branch(actor=WORKER)
    if own is None or own.node_id is None:
        return
    system = scope_here(own, name=WORKER)
    with row_scope.rows_of(system):
        OwnNode.objects.filter(pk=own.pk).update(step=step, done=0, total=0)
    failure = BROKEN()
    try:
        work(own, system)
        failure = Sentences()
    except ValidationError as refusal:
        failure = sentences_for(refusal)
    finally:
        note(own.pk, system, failure=failure, is_done=step is RunStep.APPLYING and not failure)
