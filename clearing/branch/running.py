"""One run at the branch, from hello to the acknowledgement. It can break off anywhere and be begun again.

    run(own, actor=…)

How far it is says the database alone: a run that is cut is sent again byte by byte, one that is decided is fetched, and
one that was not acknowledged is known by the next hello. One run at a time; a second one ends at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, connections
from django.utils import timezone
from django.utils.translation import gettext_lazy

from clearing.branch.applying import apply_answer
from clearing.branch.cutting import cut, open_runs
from clearing.branch.preconditions import is_first_run, own_free_bytes, preconditions_of
from clearing.branch.recovering import drop_emptied_run, go_on_from, go_on_restored, offer_again
from clearing.branch.site import apply_site
from clearing.branch.talking import CentralRefused, CentralSide, Credentials, StillDeciding, sentences_for
from clearing.branch.transport import Https, Transport
from clearing.choices import CycleState, PartKind, RunStep
from clearing.lives import UNKNOWN, current_life
from clearing.models import Cycle, CyclePart, HeldBack, OwnNode
from clearing.preconditions import demand_met
from clearing.program import program_version
from clearing.protocol.keys import PrivateKey
from clearing.protocol.messages import (
    COURSE_SENTENCES,
    Ack,
    Course,
    Decide,
    Decided,
    Hello,
    HelloAnswer,
)
from clearing.protocol.parts import Part, PartFacts
from clearing.protocol.receipts import BrokenChain, Receipt
from clearing.rows import parts
from customers.models import CustomerRevision, RevisionCounter
from mcp.isolation import row_scope
from mcp.isolation.history_context import recorded_as
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences, stored_sentence

BEGINS_ANEW = frozenset({"gap", "other_run", "part_missing", "part_gone", "other_part"})
"""Refusals after which the node says hello once more and learns how it goes on."""
MOST_HELLOS = 4
PATIENCE = 30 * 60.0
"""Seconds that a run waits for the central's decision; the next one goes on with it."""
_LOCK = 7_310_201
BROKEN = stored_sentence(
    "run_broken",
    gettext_lazy(
        "The run broke off, and the log of this branch says why. Nothing is lost; it is tried again by itself."
    ),
)


class NotPaired(ValidationError):
    """There is no central yet."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy("This branch is not paired with a central. Have a code shown there and type it here."),
            code="not_paired",
        )


class RunsAlready(ValidationError):
    """Another process is at it."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy("A reconciliation is under way at this moment. Look at the page in a little while."),
            code="runs_already",
        )


class Stopped(ValidationError):
    """The central does not go on; the sentence says why."""

    def __init__(self, course: Course) -> None:
        super().__init__(COURSE_SENTENCES[course], code=course.name.lower())


class TakesLong(ValidationError):
    """The central has not decided yet."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy("The central is still reconciling. The next run fetches the answer."), code="takes_long"
        )


class Emptied(Exception):
    """Somebody was erased who is in what was being sent: the run is collected anew."""


def run(
    own: OwnNode,
    *,
    actor: Scope,
    transport: Transport | None = None,
    sleep: Callable[[float], None] = time.sleep,
    is_restored: bool = False,
) -> Cycle:
    """Reconcile now; returns the run that is done. `is_restored`: somebody says that this branch was restored.

    Raises NotPaired, RunsAlready, NotReady before a first run, and what kept it from its end: CentralRefused,
    Unreachable and other ValidationErrors. Those are stored in `OwnNode.failure` as well.
    """
    with alone():
        try:
            done = _Run(own.pk, actor, transport, sleep).go(is_restored=is_restored)
        except (CentralRefused, ValidationError) as refusal:
            note(own.pk, actor, failure=sentences_for(refusal))
            raise
        except Exception:
            note(own.pk, actor, failure=BROKEN())
            raise
        note(own.pk, actor, failure=Sentences(), is_done=True)
        return done


@contextmanager
def alone() -> Iterator[None]:
    """One at a time works on runs. A lock of a connection of its own: it goes with the process, whatever becomes of it.

    Raises RunsAlready.
    """
    own = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        with own.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
            if cursor.fetchone() != (True,):
                raise RunsAlready
            try:
                yield
            finally:
                # A server lets go of the locks of a closed connection a little later, when the next run has begun.
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
    finally:
        own.close()


def note(pk: int, actor: Scope, *, failure: Sentences, is_done: bool = False) -> None:
    """What a run has come to, for the page of the branch."""
    with row_scope.rows_of(actor):
        ended = {"succeeded_at": timezone.now()} if is_done else {}
        OwnNode.objects.filter(pk=pk).update(failure=failure, step="", done=0, total=0, **ended)


@dataclass
class _Run:
    pk: int
    actor: Scope
    transport: Transport | None
    sleep: Callable[[float], None]
    own: OwnNode = field(init=False)
    central: CentralSide = field(init=False)
    purposes: list[str] | None = None

    def go(self, *, is_restored: bool) -> Cycle:
        self._begin(is_restored)
        last: Exception = Emptied()
        for _attempt in range(MOST_HELLOS):
            try:
                return self._once()
            except Emptied as emptied:
                last = emptied
            except CentralRefused as refusal:
                if refusal.code not in BEGINS_ANEW:
                    raise
                last = refusal
        raise last

    # --- each step in a transaction of its own ----------------------------------------------------------------

    @contextmanager
    def _rows(self) -> Iterator[OwnNode]:
        """The own row, locked, in a transaction."""
        with row_scope.rows_of(self.actor), recorded_as(**self.actor.history()):
            rows = OwnNode.objects.select_for_update(of=("self",)).select_related("location__organization", "base")
            self.own = rows.get(pk=self.pk)
            yield self.own

    def _tell(self, step: RunStep, done: int = 0, total: int = 0) -> None:
        with self._rows() as own:
            own.step, own.done, own.total = step, done, total
            own.save(update_fields=["step", "done", "total"])

    def _begin(self, is_restored: bool) -> None:
        with self._rows() as own:
            if own.node_id is None or own.identity is None:
                raise NotPaired
            life, own.tried_at, own.step = current_life(), timezone.now(), RunStep.CALLING
            if is_restored or (own.life not in {"", UNKNOWN} and life not in {own.life, UNKNOWN}):
                own.incarnation = uuid4()
            own.life = life
            own.save(update_fields=["life", "tried_at", "step", "incarnation"])
            credentials = Credentials(
                own.identity, own.incarnation, PrivateKey.from_text(own.private_key), own.lease, own.request
            )
            address = own.location.address
        self.central = CentralSide(self.transport or Https(self.own.central_url), address, credentials)

    def _once(self) -> Cycle:
        self._tell(RunStep.CALLING)
        answer = self._hello()
        if answer.course in {Course.GO_ON, Course.CENTRAL_RESTORED} and self._is_forgotten():
            answer = self._hello()
        if answer.course in {Course.TOO_OLD, Course.QUARANTINED}:
            raise Stopped(answer.course)
        if self._take_site(answer) and answer.course in AT_CYCLE:
            answer = self._hello()  # so that the central knows at once from when on nothing is edited here
        if answer.course is Course.RESTORED:
            go_on_restored(self.own, decided=answer.cycle, receipt=answer.receipt, actor=self.actor)
        if answer.course is Course.CENTRAL_RESTORED:
            offer_again(
                self.own, known=answer.known or 0, decided=answer.cycle, receipt=answer.receipt, epoch=answer.epoch,
                actor=self.actor,
            )  # fmt: skip
        self._demand_ready()
        cycle = self._cut(answer)
        if cycle.state == CycleState.CUT:
            if answer.course is not Course.FETCH_ANSWER:
                self._send(cycle)
            self._decide(cycle)
        self._fetch(cycle)
        self._tell(RunStep.APPLYING)
        with row_scope.rows_of(self.actor):
            cycle.refresh_from_db()
        apply_answer(cycle, actor=self.actor)
        self.central.acknowledge(Ack(cycle.number, cycle.receipt))
        return cycle

    def _is_forgotten(self) -> bool:
        """Whether the central has forgotten a run that it had decided: it was restored before its answer was here.

        The numbers go on behind that run, so the next hello says more than the central knows.
        """
        with row_scope.rows_of(self.actor):
            run = open_runs(self.own).filter(state=CycleState.DECIDED).first()
        if run is None:
            return False
        go_on_from(self.own, decided=run.number, receipt=run.receipt, actor=self.actor)
        return True

    def _hello(self) -> HelloAnswer:
        with self._rows() as own:
            message = said_by(own)
        answer = self.central.hello(message)
        with self._rows() as own:
            own.central_program, own.clock_ahead = answer.program, timezone.now() - answer.clock
            own.save(update_fields=["central_program", "clock_ahead"])
        return answer

    def _take_site(self, answer: HelloAnswer) -> bool:
        """Who may work here, and where: before anything else, so that a right that was taken away ends at once.

        Returns whether customers are edited on another side now.
        """
        self.purposes = None
        before = self.own.base.edit_side
        with row_scope.rows_of(self.actor):
            is_first = is_first_run(self.own)
        if answer.site != self.own.site_hash or is_first:
            site = self.central.site()
            self.purposes = [purpose.code for purpose in site.purposes]
            apply_site(site, actor=self.actor)
        with self._rows() as own:
            own.rights_as_of = timezone.now()
            own.save(update_fields=["rights_as_of"])
            return own.base.edit_side != before

    def _demand_ready(self) -> None:
        """Before anything is cut for the first time. Raises NotReady."""
        with self._rows() as own:
            if is_first_run(own):
                demand_met(preconditions_of(own, purposes=self.purposes))

    def _cut(self, answer: HelloAnswer) -> Cycle:
        """The open run, or a new one with what has changed since; its request is stored before anything is sent."""
        self._tell(RunStep.COLLECTING)
        if answer.course is not Course.FETCH_ANSWER:
            drop_emptied_run(self.own, actor=self.actor)
        cycle = cut(self.own, actor=self.actor)
        with self._rows() as own:
            cycle.refresh_from_db()
            if cycle.number != (answer.cycle if answer.course in AT_CYCLE else answer.cycle + 1):
                raise BrokenChain(cycle.number)
            own.request, own.epoch = cycle.request, answer.epoch
            own.save(update_fields=["request", "epoch"])
        return cycle

    def _send(self, cycle: Cycle) -> None:
        sent = parts.manifest(cycle.sent)
        for facts in sent.parts:
            self._tell(RunStep.SENDING, facts.number - 1, len(sent.parts))
            with row_scope.rows_of(self.actor):
                stored = CyclePart.objects.filter(base=cycle.base_id, cycle=cycle, kind=PartKind.SENT)
                content = stored.values_list("content", flat=True).filter(number=facts.number).first()
            if content is None:
                raise Emptied
            self.central.send_part(Part(facts, bytes(content)), cycle=cycle.number, request=cycle.request)

    def _decide(self, cycle: Cycle) -> None:
        self._tell(RunStep.DECIDING)
        message = Decide(cycle.number, cycle.request, cycle.previous, parts.manifest(cycle.sent))
        waited = 0.0
        while isinstance(decided := self.central.decide(message), StillDeciding):
            if waited > PATIENCE:
                raise TakesLong
            self.sleep(decided.seconds)
            waited += decided.seconds
        self._keep(cycle, decided)
        self.central.renew(decided.lease)

    def _keep(self, cycle: Cycle, decided: Decided) -> None:
        with self._rows() as own:
            keep_decided(own, cycle, decided)

    def _fetch(self, cycle: Cycle) -> None:
        """The parts of the answer that are not here yet."""
        answer = parts.manifest(cycle.answer)
        with row_scope.rows_of(self.actor):
            stored = CyclePart.objects.filter(base=cycle.base_id, cycle=cycle, kind=PartKind.ANSWER)
            here = set(stored.values_list("number", flat=True))
        for facts in answer.parts:
            if facts.number in here:
                continue
            self._tell(RunStep.FETCHING, facts.number - 1, len(answer.parts))
            content = self.central.answer_part(facts, cycle=cycle.number)
            with row_scope.rows_of(self.actor):
                keep_answer(cycle, facts, content)


AT_CYCLE = frozenset({Course.GO_ON, Course.FETCH_ANSWER})
OPEN = (CycleState.CUT, CycleState.DECIDED)


def keep_decided(own: OwnNode, cycle: Cycle, decided: Decided) -> None:
    """Store the decision and the new lease, at once: with the lease the request is answered. Raises BrokenChain.

    `own` is locked.
    """
    receipt = Receipt(cycle.number, cycle.previous, parts.manifest(cycle.sent), decided.answer, decided.counts)
    if decided.cycle != cycle.number or decided.receipt != receipt.hash:
        raise BrokenChain(cycle.number)
    cycle.state, cycle.decided_at = CycleState.DECIDED, timezone.now()
    cycle.receipt, cycle.answer = decided.receipt, decided.answer.to_json()
    cycle.counts = decided.counts.to_json()
    cycle.save(update_fields=["state", "decided_at", "receipt", "answer", "counts", "is_by_stick"])
    own.lease, own.request = decided.lease, None
    own.save(update_fields=["lease", "request"])


def keep_answer(cycle: Cycle, facts: PartFacts, content: bytes) -> None:
    """Store a part of the answer, which is verified."""
    CyclePart.objects.create(
        base_id=cycle.base_id,
        cycle=cycle,
        kind=PartKind.ANSWER,
        number=facts.number,
        sha256=facts.sha256,
        rows=facts.rows,
        content=content,
    )


def said_by(own: OwnNode) -> Hello:
    """Where this branch stands."""
    base = own.base_id
    counter = RevisionCounter.objects.filter(base=base).values_list("sequence", flat=True).first() or 0
    open_run = Cycle.objects.filter(base=base, node=own.node_id, state__in=OPEN).first()
    return Hello(
        node=own.identity or UUID(int=0),
        incarnation=own.incarnation,
        epoch=own.epoch,
        applied=own.applied,
        receipt=own.receipt,
        counter=counter,
        program=program_version(),
        clock=timezone.now(),
        request=open_run.request if open_run else None,
        waiting=CustomerRevision.objects.filter(base=base, sequence__gt=own.sent_up_to).count(),
        held_back=HeldBack.objects.filter(base=base).waiting().count(),
        free_bytes=own_free_bytes(),
        edit_side=own.base.edit_side,
        lacks_since=own.lacks_since,
    )
