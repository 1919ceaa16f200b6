"""A branch without a line: what it has written on a stick is taken in here, and the answer is written for it.

    taken = take_in(file=…, actor=…)       as if the parts had come over the line; the same file again changes nothing
    for piece in answer(run=…, actor=…)    the file that somebody takes back to the branch

Nothing of a file that is refused is written. Where the two do not stand where they have last agreed, as after one was
restored from a backup, the file is refused as well: only over the line they can find out how it goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy

from clearing.central import receiving, standing
from clearing.central.entering import is_switched, is_the_one, live_on, locked, scope_of_node
from clearing.central.preconditions import has_room
from clearing.central.problems import NoRoom, PairAnew, PartGone, Quarantined, Switched
from clearing.central.site import site_of
from clearing.choices import CycleState, NodeState, PartKind
from clearing.models import Cycle, CyclePart, Node
from clearing.protocol.keys import Challenge, PrivateKey, PublicKey, central_keys, issue_lease
from clearing.protocol.messages import COURSE_SENTENCES, Course, Decided
from clearing.protocol.parts import check
from clearing.protocol.stick import Direction, Stick, StickHeader, read_header, read_stick, write_stick
from clearing.protocol.stick_letters import ToBranch, ToCentral
from clearing.protocol.stick_problems import WrongReceiver
from clearing.querysets import CycleQuerySet
from clearing.rows import parts
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.history_context import recorded_as
from mcp.isolation.scope import Scope

LARGEST = 2 * 1024**3
"""Bytes of a file that is taken in; the first load of ten million customers has less."""


class NeedsLine(ValidationError):
    """The two sides have to talk first."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy(
                "Branch and central do not stand where they have last agreed: one of them was restored from a backup, "
                "or another file was taken in before. Nothing of this file was taken. Let the branch reconcile once "
                "over a line; it goes on by itself from there, and nothing is lost."
            ),
            code="stick_needs_line",
        )


class OutOfOrder(ValidationError):
    """An earlier run is missing."""

    def __init__(self, number: int, expected: int) -> None:
        super().__init__(
            gettext_lazy(
                "This file is of run %(number)s, and the central expects run %(expected)s. Take in the file of that "
                "run first."
            ),
            code="stick_out_of_order",
            params={"number": number, "expected": expected},
        )


class CopyOnStick(ValidationError):
    """Its lease is not that of the installation that has called last."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy(
                "This file comes from a copy of the branch, or from the branch as it was before its last contact. "
                "Nothing of it was taken. Have a new file written at the branch; if that is refused too, tell support."
            ),
            code="stick_of_copy",
        )


@dataclass(frozen=True)
class Taken:
    """The run of a file, and whether it was new. One that is not decided yet is left to the worker."""

    run: Cycle
    is_new: bool

    @property
    def is_decided(self) -> bool:
        return self.run.state != CycleState.ARRIVING


def take_in(*, file: IO[bytes], actor: Scope) -> Taken:
    """Take in what a branch of this location has written, and decide it; a large one the worker decides.

    Raises MissingRight, RefusedStick for a file that is none for this place, damaged or forged, and a ValidationError
    that says what else is in the way.
    """
    actor.demand(Right.CLEAR)
    header = read_header(file)
    node = _node_of(header, actor)
    stick = read_stick(file, receiver=_key(node, header), sender=PublicKey.from_text(node.public_key))
    letter = ToCentral.from_fields(stick.letter)
    scope = scope_of_node(node)
    with row_scope.rows_of(scope), recorded_as(**scope.history(node=str(node.pk), request=str(letter.decide.request))):
        row = locked(node)
        _demand_in_use(row)
        if header.cycle <= row.decided:
            return Taken(_known(row, letter), is_new=False)
        _demand_next(row, letter)
        run = _arrived(row, stick, letter)
        receiving.decide_arrived(row, run, letter.decide)
        run.refresh_from_db()
    return Taken(run, is_new=True)


def _node_of(header: StickHeader, actor: Scope) -> Node:
    """The node of this location that the stick names. Raises WrongReceiver."""
    nodes = Node.objects.in_base(actor.base).filter(location=actor.location.pk, pk=header.node)
    node = nodes.select_related("location__organization", "location__base").first()
    if node is None or header.direction is not Direction.TO_CENTRAL:
        raise WrongReceiver
    return node


def _key(node: Node, header: StickHeader) -> PrivateKey:
    for key in central_keys(node.pk):
        if key.public.fingerprint == header.receiver:
            return key
    raise WrongReceiver


def _demand_in_use(node: Node) -> None:
    if node.state == NodeState.QUARANTINED:
        raise Quarantined
    if node.state == NodeState.RETIRED:
        raise PairAnew
    if is_switched(node):
        raise Switched


def _known(node: Node, letter: ToCentral) -> Cycle:
    """The run that is decided already. Raises NeedsLine where that was another one under the same number."""
    run = Cycle.objects.of_node(node).filter(number=letter.decide.cycle, request=letter.decide.request).first()
    if run is None or parts.manifest(run.sent) != letter.decide.sent:
        raise NeedsLine
    return run


def _demand_next(node: Node, letter: ToCentral) -> None:
    """Raise unless the branch stands where the central knows it, and is the installation that has called last."""
    hello, number = letter.hello, letter.decide.cycle
    if number > node.decided + 1 and hello.applied == node.decided:
        raise OutOfOrder(number, node.decided + 1)
    if not node.decided and not has_room(hello.waiting):
        raise NoRoom
    course = standing.course_of(node, hello)
    if course is Course.TOO_OLD:
        raise ValidationError(COURSE_SENTENCES[course], code="too_old")
    if course is not Course.GO_ON or number != node.decided + 1 or letter.decide.previous != node.receipt:
        raise NeedsLine
    challenge = Challenge("", node.pk, hello.epoch, letter.lease, hello.incarnation, hello.request)
    if hello.node != node.pk or not is_the_one(node, challenge):
        raise CopyOnStick
    node.contacted_at, node.program, node.protocol = timezone.now(), hello.program, hello.protocol
    node.waiting, node.free_bytes, node.held_back = hello.waiting, hello.free_bytes, hello.held_back
    # Its clock is not compared: the file has been under way for as long as it took.
    node.save(
        update_fields=[
            "contacted_at", "program", "protocol", "waiting", "free_bytes", "held_back", *live_on(node, challenge),
        ]
    )  # fmt: skip
    standing.tell_what_it_lacks(node, hello)
    standing.forget_other_run(node, hello)


def _arrived(node: Node, stick: Stick, letter: ToCentral) -> Cycle:
    """The run with all of its parts, one after the other; what had come over the line is not written again."""
    if stick.header.cycle != letter.decide.cycle or stick.manifest != letter.decide.sent:
        raise NeedsLine
    run = receiving.arriving(node, letter.decide.cycle, letter.decide.request)
    for facts, content in zip(stick.manifest.parts, stick.parts(), strict=True):
        check(content, facts)
        receiving.keep_part(node, run, facts, content)
    run.is_by_stick = True
    run.save(update_fields=["is_by_stick"])
    return run


# --- the answer ---------------------------------------------------------------------------------------------------


def answers(actor: Scope) -> list[Cycle]:
    """The runs of this location whose answer the branch may still lack, as far as the central knows."""
    nodes = Node.objects.in_base(actor.base).filter(location=actor.location.pk).in_use()
    runs = Cycle.objects.in_base(actor.base).filter(node__in=nodes, state=CycleState.DECIDED).select_related("node")
    return [run for run in runs.order_by("node__paired_at") if run.number == run.node.decided]


def answer(*, run: UUID, actor: Scope) -> tuple[Cycle, Iterator[bytes]]:
    """The run, and the file with its answer, sealed for the branch.

    Raises MissingRight, Cycle.DoesNotExist for a run of another location, and PartGone where a part is not kept.
    """
    actor.demand(Right.CLEAR)
    known: CycleQuerySet = Cycle.objects.in_base(actor.base)
    found = known.select_related("node__location__organization", "node__location__base").get(
        pk=run, node__location=actor.location.pk, state__in=[CycleState.DECIDED, CycleState.DONE]
    )
    node, manifest = found.node, parts.manifest(found.answer)
    _demand_in_use(node)
    kept = CyclePart.objects.filter(base=found.base_id, cycle=found.pk, kind=PartKind.ANSWER).count()
    if found.number != node.decided or kept != len(manifest.parts):
        raise PartGone
    lease = issue_lease(node=node.pk, cycle=found.number).secret
    decided = Decided(found.number, receiving.counts_of(found), manifest, found.receipt, lease)
    header = StickHeader(
        account_number=actor.organization.account_number,
        client_number=actor.location.client_number,
        node=node.pk,
        cycle=found.number,
        direction=Direction.TO_BRANCH,
    )
    return found, write_stick(
        parts.contents_of(found, PartKind.ANSWER),
        header=header,
        manifest=manifest,
        sender=central_keys(node.pk)[0],
        receiver=PublicKey.from_text(node.public_key),
        letter=ToBranch(decided, site_of(node.location, node=node.pk)).to_json(),
    )
