"""How it goes on after a node has said where it stands: who has more than the other, and whether the past is the same.

What the node has applied is compared with what was decided and acknowledged here. Fewer than were acknowledged: the
node was restored, and gets once more what it was answered since. More than were decided, or the same number with
another receipt: the central was restored, and the node offers once more what it has had since. The numbers go on behind
the higher one of the two. So nothing is lost, whatever was forgotten in between.
"""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext_lazy

from clearing.central.entering import locked_and_admitted, scope_of_node
from clearing.central.preconditions import has_room
from clearing.central.problems import NoRoom
from clearing.central.site import site_of
from clearing.choices import CycleState, PartKind
from clearing.lives import current_life
from clearing.models import Cycle, CyclePart, Node
from clearing.program import program_version
from clearing.protocol.messages import OLDEST_PROTOCOL, Course, Hello, HelloAnswer
from clearing.protocol.site import Site
from clearing.rows import parts
from mcp.isolation import row_scope
from mcp.isolation.history_context import recorded_as
from mcp.stored_sentences import Sentences, stored_sentence

BEGUN_ANEW = stored_sentence(
    "begun_anew",
    gettext_lazy(
        "The branch never had the answer of this run, since one side was restored. It was told again what it lacked."
    ),
)
_CONTACT = ("contacted_at", "program", "protocol", "clock_ahead", "waiting", "free_bytes", "held_back", "knows_side")


def hello(message: Hello, *, node: Node) -> HelloAnswer:
    """Where both stand, and how it goes on. Raises NoRoom before a first run for which the disk is too small."""
    scope = scope_of_node(node)
    with row_scope.rows_of(scope), recorded_as(**scope.history(node=str(node.pk))):
        row = locked_and_admitted(node)
        _note_contact(row, message)
        answer = _go_on(row, message) if row.decided or has_room(message.waiting) else None
    if answer is None:
        raise NoRoom  # the contact is kept
    return answer


def _go_on(node: Node, message: Hello) -> HelloAnswer:
    course = course_of(node, message)
    _follow(course, node, message)
    return _answer(course, node)


def tell_site(*, node: Node) -> Site:
    """What the branch is told of its business: places, purposes, people and their rights."""
    with row_scope.rows_of(scope_of_node(node)):
        return site_of(node.location, node=node.pk)


def _note_contact(node: Node, message: Hello) -> None:
    now = timezone.now()
    node.contacted_at, node.clock_ahead = now, message.clock - now
    node.program, node.protocol = message.program, message.protocol
    node.waiting, node.free_bytes, node.held_back = message.waiting, message.free_bytes, message.held_back
    node.knows_side = message.edit_side
    node.save(update_fields=_CONTACT)


def course_of(node: Node, message: Hello) -> Course:
    """How it goes on with a node that stands there."""
    if message.protocol < OLDEST_PROTOCOL:
        return Course.TOO_OLD
    if message.applied > node.decided or message.receipt != _receipt_of(node, message.applied):
        return Course.CENTRAL_RESTORED
    if node.known_before is not None and message.applied == node.decided:
        return Course.CENTRAL_RESTORED  # once more: it has not offered the rest yet
    if message.applied < node.acknowledged:
        return Course.RESTORED
    if message.applied == node.decided:
        return Course.GO_ON
    return Course.FETCH_ANSWER if _is_waiting(node, message) else Course.RESTORED


def _receipt_of(node: Node, number: int) -> str:
    """The receipt of a run, as it was answered; empty where the central knows none."""
    if number == node.decided:
        return node.receipt
    known = Cycle.objects.of_node(node).filter(number=number).values_list("receipt", flat=True).first()
    if known is not None:
        return known
    following = Cycle.objects.of_node(node).filter(number=number + 1).values_list("previous", flat=True).first()
    return following or ""


def _is_waiting(node: Node, message: Hello) -> bool:
    """Whether the node still has the very run whose answer it lacks: the changes that it had sent, and no others.

    It waits in vain where a part of the answer is gone because it held somebody who was erased.
    """
    if message.applied != node.decided - 1 or message.request is None:
        return False
    last = Cycle.objects.of_node(node).filter(number=node.decided, request=message.request).first()
    if last is None:
        return False
    kept = CyclePart.objects.filter(base=node.base_id, cycle=last, kind=PartKind.ANSWER).count()
    return kept == len(last.answer)


def _follow(course: Course, node: Node, message: Hello) -> None:
    """What the central does by itself where it goes on in this way."""
    match course:
        case Course.GO_ON:
            acknowledge(node, node.decided)
        case Course.FETCH_ANSWER:
            acknowledge(node, message.applied)
        case Course.RESTORED:
            acknowledge(node, node.decided, meanwhile=BEGUN_ANEW())
            _tell_again(node, since=message.applied)
        case Course.CENTRAL_RESTORED:
            _go_on_behind(node, message)
        case _:
            return
    if course is not Course.FETCH_ANSWER:
        tell_what_it_lacks(node, message)
    forget_other_run(node, message)


def acknowledge(node: Node, number: int, *, meanwhile: Sentences | None = None) -> None:
    """The node has applied all answers up to this one. Nothing is written where that was known."""
    if node.acknowledged < number:
        node.acknowledged = number
        node.save(update_fields=["acknowledged"])
    open_runs = Cycle.objects.of_node(node).filter(state=CycleState.DECIDED, number__lte=number)
    ended = list(open_runs)
    open_runs.update(state=CycleState.DONE, done_at=timezone.now(), **({"failure": meanwhile} if meanwhile else {}))
    for run in ended:
        parts.forget_erased(run)


def tell_what_it_lacks(node: Node, message: Hello) -> None:
    """The next answer tells it, where the node was restored. This central may have forgotten that since."""
    if message.lacks_since is not None:
        _tell_again(node, since=message.lacks_since)


def _tell_again(node: Node, *, since: int) -> None:
    """The next answer tells what has changed since this run, also what the node had sent itself."""
    told = Cycle.objects.of_node(node).filter(number=since).values_list("cursor", flat=True).first()
    node.cursor, node.gets_its_own, node.told_vocabulary = told or 0, True, None
    node.save(update_fields=["cursor", "gets_its_own", "told_vocabulary"])


def _go_on_behind(node: Node, message: Hello) -> None:
    """After a restore of the central. Where both know other things of the same run, nothing is taken for known.

    The node may say a later run than at its last contact: one that was decided before the restore, and not applied.
    """
    is_first, is_behind = node.known_before is None, message.applied > node.decided
    if is_first:
        node.known_before = node.decided if is_behind else 0
    if message.applied >= node.decided:
        node.decided, node.receipt = message.applied, message.receipt
    node.save(update_fields=["decided", "receipt", "known_before"])
    if is_first and not is_behind:
        _tell_again(node, since=0)
    acknowledge(node, node.decided, meanwhile=BEGUN_ANEW())


def forget_other_run(node: Node, message: Hello) -> None:
    """Parts of a run that the node does not go on with: it has begun another one under the same number."""
    arriving = Cycle.objects.of_node(node).filter(state=CycleState.ARRIVING)
    if message.request is not None:
        arriving = arriving.exclude(request=message.request)
    for cycle in arriving:
        CyclePart.objects.filter(base=node.base_id, cycle=cycle).delete()
        cycle.delete()


def _answer(course: Course, node: Node) -> HelloAnswer:
    return HelloAnswer(
        course=course,
        cycle=node.decided + 1 if course is Course.GO_ON else node.decided,
        receipt=node.receipt,
        site=site_of(node.location, node=node.pk).hash,
        epoch=current_life(),
        program=program_version(),
        clock=timezone.now(),
        known=node.known_before,
    )
