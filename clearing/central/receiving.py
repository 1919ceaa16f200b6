"""A run as it arrives: parts, the decision, the parts of the answer, the acknowledgement.

Each request can come again at any time, also twice at once and late: the row of the node is locked first, and what was
done is answered from what is stored. A repeat writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy
from procrastinate.exceptions import AlreadyEnqueued

from clearing.central.deciding import decide
from clearing.central.entering import Address, locked, locked_and_admitted, node_of_run, scope_of_node
from clearing.central.problems import Broken, Gap, OtherPart, OtherRun, PartGone, PartMissing, Problem
from clearing.central.standing import acknowledge
from clearing.choices import CycleState, NodeState, PartKind
from clearing.models import Cycle, CyclePart, Node
from clearing.protocol.keys import Lease, issue_lease
from clearing.protocol.messages import Ack, Decide, Decided, RefusedMessage
from clearing.protocol.parts import MOST_PARTS, Manifest, MissingPart, PartFacts, unpack
from clearing.protocol.receipts import Counts
from clearing.protocol.strict import Fields
from clearing.rows import parts
from customers import statistics
from customers.models import CustomerRevision
from mcp.isolation import row_scope
from mcp.isolation.history_context import recorded_as
from mcp.stored_sentences import Sentences, sentences_of, stored_sentence
from mcp.worker.queueing import NothingThere, enqueue

DECIDED_DIRECTLY = 10_000
"""So many records are decided and told while the node waits; more by the worker, and the node asks again."""
ASK_AGAIN_IN = 5
"""Seconds after which it does."""
DECIDE_TASK = "clearing.tasks.decide_run"
GIVEN_UP = stored_sentence(
    "run_given_up",
    gettext_lazy("The worker broke off again and again at this run; its log says why. Nothing of it was written."),
)


@dataclass(frozen=True)
class Deciding:
    """The worker decides; the node asks again in so many seconds."""

    seconds: int = ASK_AGAIN_IN


@dataclass(frozen=True)
class ArrivingPart:
    """A part with what is announced of it, and the request of the run that it belongs to."""

    facts: PartFacts
    request: UUID
    content: bytes


def receive_part(part: ArrivingPart, *, node: Node, cycle: int) -> None:
    """Keep a part. One that is there already is not written again.

    Raises Gap, OtherRun, OtherPart, DamagedPart, PartTooLarge.
    """
    if not 1 <= part.facts.number <= MOST_PARTS:
        raise MissingPart(part.facts.number)
    scope = scope_of_node(node)
    with row_scope.rows_of(scope), recorded_as(**scope.history(node=str(node.pk))):
        row = locked_and_admitted(node)
        if cycle <= row.decided:
            _demand_known(row, cycle, part)
            return
        _demand_next(row, cycle)
        run = arriving(row, cycle, part.request)
        if not _is_there(run, part.facts):
            # Unpacked once while it arrives: what is damaged, or no part of ours, is sent again before it is decided.
            for _record in unpack(part.content, part.facts):
                pass
            keep_part(row, run, part.facts, part.content)


def _demand_next(node: Node, cycle: int) -> None:
    if cycle != node.decided + 1:
        raise Gap(expected=node.decided + 1)


def _demand_known(node: Node, cycle: int, part: ArrivingPart) -> None:
    """A part of a run that is decided: it must be the one that was decided about."""
    sent = Cycle.objects.of_node(node).filter(number=cycle, request=part.request).values_list("sent", flat=True).first()
    if sent is None:
        raise OtherRun
    if part.facts != parts.manifest(sent).part(part.facts.number):
        raise OtherPart(number=part.facts.number)


def arriving(node: Node, number: int, request: UUID) -> Cycle:
    """The run that arrives under this number. Raises OtherRun."""
    run, _is_new = Cycle.objects.get_or_create(
        base=node.base, node=node, number=number,
        defaults={"state": CycleState.ARRIVING, "request": request, "began_at": timezone.now()},
    )  # fmt: skip
    if run.request != request:
        raise OtherRun
    return run


def keep_part(node: Node, run: Cycle, facts: PartFacts, content: bytes) -> None:
    """Store a verified part of a run that arrives; one that is there already is not written again. Raises OtherPart."""
    if not _is_there(run, facts):
        CyclePart.objects.create(
            base=node.base,
            cycle=run,
            kind=PartKind.SENT,
            number=facts.number,
            sha256=facts.sha256,
            rows=facts.rows,
            content=content,
        )


def _is_there(run: Cycle, facts: PartFacts) -> bool:
    """Whether the part has arrived before. Raises OtherPart where another one has under its number."""
    of_run = CyclePart.objects.filter(base=run.base_id, cycle=run, kind=PartKind.SENT, number=facts.number)
    known = of_run.values_list("sha256", flat=True).first()
    if known is not None and known != facts.sha256:
        raise OtherPart(number=facts.number)
    return known is not None


def decide_cycle(message: Decide, *, node: Node) -> Decided | Deciding:
    """Decide the run, or say what was decided. The lease changes with it.

    Raises Gap, OtherRun, PartMissing; and what the decision raises, which the page of the node then shows.
    """
    try:
        return _decide_cycle(message, node=node)
    except Problem:
        raise
    except ValidationError as refusal:
        note_failure(node, message.cycle, sentences_of(refusal))
        raise
    except Exception:
        note_failure(node, message.cycle, sentences_of(Broken()))
        raise


def note_failure(node: Node, number: int, reason: Sentences) -> None:
    """Why a run was not decided; it is decided once that is mended and the node calls again."""
    with row_scope.rows_of(scope_of_node(node)):
        Cycle.objects.of_node(node).filter(number=number, state=CycleState.ARRIVING).update(failure=reason)


def _decide_cycle(message: Decide, *, node: Node) -> Decided | Deciding:
    scope = scope_of_node(node)
    with row_scope.rows_of(scope), recorded_as(**scope.history(node=str(node.pk), request=str(message.request))):
        row = locked_and_admitted(node)
        if message.cycle == row.decided:
            return _decided(row, message)
        _demand_next(row, message.cycle)
        if message.previous != row.receipt:
            raise OtherRun
        return decide_arrived(row, arriving(row, message.cycle, message.request), message)


def decide_arrived(node: Node, run: Cycle, message: Decide) -> Decided | Deciding:
    """Decide a run whose parts have all arrived, or leave a large one to the worker. Raises PartMissing or OtherRun."""
    _demand_complete(node, run, message.sent)
    run.sent, run.previous = message.sent.to_json(), message.previous
    run.save(update_fields=["sent", "previous"])
    acknowledge(node, node.decided)  # else the node could not have its receipt
    if message.sent.rows + _to_tell(node) > DECIDED_DIRECTLY:
        return _left_to_worker(node, run)
    decide(run, actor=scope_of_node(node))
    return _decided(_read_again(node), message)


def _to_tell(node: Node) -> int:
    """How many have changed at the central since the node was told last; no more than matters are counted."""
    changed = CustomerRevision.objects.in_base(node.base).filter(sequence__gt=node.cursor)
    return changed.order_by()[: DECIDED_DIRECTLY + 1].count()


def decide_left(cycle: str, address: Address) -> None:
    """Decide a run that was left to the worker; nothing where that is done. Raises NothingThere.

    What keeps it from being decided is stored with it; the node asks again, and then it is tried again.
    """
    node = node_of_run(cycle, address)
    if node is None:
        raise NothingThere("run", cycle)
    try:
        _decide_left(cycle, node)
    except ValidationError as refusal:
        _note(cycle, node, sentences_of(refusal))
    except Exception:
        _note(cycle, node, sentences_of(Broken()))
        raise
    statistics.gather(statistics.WRITTEN)


def give_up(cycle: str, address: Address) -> None:
    """The worker has died at it too often. Called in a transaction of no scope."""
    if (node := node_of_run(cycle, address)) is not None:
        _note(cycle, node, GIVEN_UP())


def _note(cycle: str, node: Node, reason: Sentences) -> None:
    with row_scope.rows_of(scope_of_node(node)):
        Cycle.objects.of_node(node).filter(pk=cycle, state=CycleState.ARRIVING).update(failure=reason)


def _decide_left(cycle: str, node: Node) -> None:
    scope = scope_of_node(node)
    with row_scope.rows_of(scope), recorded_as(**scope.history(node=str(node.pk))):
        row = locked(node)
        run = Cycle.objects.of_node(row).filter(pk=cycle, state=CycleState.ARRIVING, number=row.decided + 1).first()
        if run is not None and row.state == NodeState.PAIRED:
            _demand_complete(row, run, parts.manifest(run.sent))
            decide(run, actor=scope)
            if run.is_by_stick:  # nobody asks again for the decision, with which the lease changes
                _change_lease(_read_again(row), issue_lease(node=row.pk, cycle=run.number), run.request)


def _read_again(node: Node) -> Node:
    """With what the decision has written."""
    node.refresh_from_db(fields=["decided", "receipt", "cursor", "acknowledged"])
    return node


def _left_to_worker(node: Node, run: Cycle) -> Deciding:
    """One job at a time; one that has failed is queued again when the node asks again."""
    account, client = node.organization.account_number, node.location.client_number
    try:
        with transaction.atomic():
            enqueue(
                DECIDE_TASK, queueing_lock=f"decide {run.pk}", lock=f"decide {run.pk}", cycle=str(run.pk),
                account_number=account, client_number=client,
            )  # fmt: skip
    except AlreadyEnqueued:
        pass
    return Deciding()


def _decided(node: Node, message: Decide) -> Decided:
    run = Cycle.objects.of_node(node).filter(number=message.cycle, request=message.request).first()
    if run is None or message.sent != parts.manifest(run.sent) or message.previous != run.previous:
        raise OtherRun
    lease = issue_lease(node=node.pk, cycle=run.number)
    if node.lease != lease.stored:
        _change_lease(node, lease, message.request)
    return Decided(
        cycle=run.number,
        counts=counts_of(run),
        answer=parts.manifest(run.answer),
        receipt=run.receipt,
        lease=lease.secret,
    )


def _change_lease(node: Node, lease: Lease, request: UUID) -> None:
    node.earlier_lease, node.lease, node.open_request = node.lease, lease.stored, request
    node.known_before = None
    node.save(update_fields=["earlier_lease", "lease", "open_request", "known_before"])


def _demand_complete(node: Node, run: Cycle, sent: Manifest) -> None:
    """Each part of the manifest has arrived as it says, and no other."""
    arrived = {
        number: (sha256, rows)
        for number, sha256, rows in CyclePart.objects.filter(
            base=node.base_id, cycle=run, kind=PartKind.SENT
        ).values_list("number", "sha256", "rows")
    }
    for part in sent.parts:
        if arrived.pop(part.number, None) != (part.sha256, part.rows):
            raise PartMissing(expected=part.number)
    if arrived:
        raise OtherRun


def answer_part(*, node: Node, cycle: int, number: int) -> bytes:
    """A part of the answer, as it is stored. Raises OtherRun, MissingPart, PartGone."""
    scope = scope_of_node(node)
    with row_scope.rows_of(scope):
        run = Cycle.objects.of_node(node).filter(number=cycle, state__in=[CycleState.DECIDED, CycleState.DONE]).first()
        if run is None:
            raise OtherRun
        parts.manifest(run.answer).part(number)
        content = CyclePart.objects.filter(
            base=node.base_id, cycle=run, kind=PartKind.ANSWER, number=number
        ).values_list("content", flat=True)
        if not content:
            raise PartGone
        return bytes(content[0])


def take_ack(message: Ack, *, node: Node) -> None:
    """The answer is applied at the branch. A late repeat changes nothing. Raises OtherRun."""
    scope = scope_of_node(node)
    with row_scope.rows_of(scope), recorded_as(**scope.history(node=str(node.pk))):
        row = locked_and_admitted(node)
        known = Cycle.objects.of_node(row).filter(number=message.cycle).exclude(state=CycleState.ARRIVING)
        if not known.filter(receipt=message.receipt).exists():
            raise OtherRun
        acknowledge(row, message.cycle)


def counts_of(run: Cycle) -> Counts:
    """What became of the records of a decided run."""
    return Counts.from_fields(Fields(run.counts, refused=RefusedMessage))
