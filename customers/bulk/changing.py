"""Bulk changes, step by step: proposed, counted, confirmed, applied, undone.

The pages and the worker call these operations, and each asks for the right itself. A change that is only proposed is
visible to its author alone; one that was applied can be undone by everybody who has the right to do by hand what it
did.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.bulk import rows
from customers.bulk.kinds import kind_of
from customers.choices import BulkKind, BulkState
from customers.edit_side import demand_edited_here
from customers.imports.turns import take_turn
from customers.models import BulkChange, Customer, CustomerGroup, Tag
from customers.selection.selecting import Selected
from customers.write_order import take_order
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences, stored_sentence
from mcp.worker.progress import Progress
from mcp.worker.task_frame import Stopped

LIFETIME = timedelta(hours=24)
"""What was not confirmed within a day is thrown away."""
UNDER_WAY = frozenset({BulkState.COUNTING, BulkState.APPLYING, BulkState.UNDOING})
DONE = frozenset({BulkState.APPLIED, BulkState.UNDOING, BulkState.UNDONE})
REASON = stored_sentence("bulk_change", gettext_lazy("Bulk change"))
REASON_UNDONE = stored_sentence("bulk_change_undone", gettext_lazy("Bulk change undone"))
"""Why customers were changed, as the history keeps it."""
NOBODY_FOUND = stored_sentence("nobody_found", gettext_lazy("No customer is found."))
NONE = Sentences()
UNDOING_CANCELLED = stored_sentence("undoing_cancelled", gettext_lazy("The undoing was cancelled."))


class MoreThanCounted(ValidationError):
    """More customers would be changed than the preview said, because some were edited since."""

    def __init__(self, *, then: int, now: int) -> None:
        super().__init__(
            gettext_lazy(
                "When they were counted, %(then)s customers were to be changed; now it would be %(now)s, because "
                "somebody has changed customers meanwhile. Nothing was changed. Look at the new figures, and confirm "
                "them again."
            ),
            code="more_than_counted",
            params={"then": then, "now": now},
        )


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to be done with the chosen customers: a group, a tag or a reason, depending on the kind."""

    kind: BulkKind
    group: CustomerGroup | None = None
    tag: Tag | None = None
    reason: str = ""

    @property
    def word(self) -> str:
        of_kind = {BulkKind.GROUP: self.group, BulkKind.ADD_TAG: self.tag, BulkKind.REMOVE_TAG: self.tag}
        return str(of_kind.get(self.kind) or "") or self.reason


def changes_of(scope: Scope) -> QuerySet[BulkChange]:
    """What was applied in the scope's base, and what this user has proposed at this location; newest first.

    The ids of the customers are not read.
    """
    mine = Q(user=scope.user.pk if scope.user else 0, location=scope.location.pk)
    found = BulkChange.objects.filter(Q(state__in=DONE) | mine, base=scope.base)
    return found.without_ids().order_by("-created_at", "pk")


@transaction.atomic
def propose(*, wish: Wish, query: str, chosen: Selected, shown: int | None, actor: Scope) -> BulkChange:
    """Keep what somebody wants to do with whom, to be counted. Raises MissingRight or ValidationError."""
    _demand(wish.kind, actor)
    demand_edited_here(actor.base)
    _check(wish, actor)
    return BulkChange.objects.create(
        organization=actor.organization, base=actor.base, location=actor.location, user=actor.user,
        user_name=actor.actor_name, kind=wish.kind, target=wish.group.pk if wish.group else None, word=wish.word,
        query=query, narrowed_by=chosen.in_words, shown=shown, state_since=timezone.now(),
    )  # fmt: skip


@transaction.atomic
def count(*, change: BulkChange, chosen: Selected, actor: Scope) -> None:
    """Fix which customers the change is about, and store how many it would change.

    Raises MissingRight, or Stopped where it was cancelled.
    """
    _demand(change.kind, actor)
    found = rows.freeze(change, chosen.customers, is_searched=chosen.is_searched)
    if not found:
        _enter(change, BulkState.COUNTING, BulkState.FAILED, failure=NOBODY_FOUND(), total=0)
        return
    _enter(
        change, BulkState.COUNTING, BulkState.COUNTED, figures=rows.figures(change), total=found, failure=Sentences()
    )


@transaction.atomic
def recount(*, change: BulkChange, failure: Sentences) -> None:
    """Set the change back to its preview, with new figures and the reason."""
    _enter(change, change.state, BulkState.COUNTED, figures=rows.figures(change), failure=failure, done=0)


@transaction.atomic
def confirm(*, change: BulkChange, seen: str, actor: Scope) -> None:
    """Mark a counted change as being applied. `seen` is the number that the page said.

    Raises MissingRight, PermissionDenied for one that is not there for the actor, or ValidationError.
    """
    _demand(change.kind, actor)
    demand_edited_here(actor.base)
    locked = _locked(change, actor)
    if locked.state != BulkState.COUNTED:
        raise ValidationError(gettext_lazy("This bulk change is under way or done already."), code="bulk_under_way")
    if seen != str(locked.figures["change"]):
        raise ValidationError(
            gettext_lazy("The figures have changed meanwhile. Look at them again."), code="figures_changed"
        )
    _enter(change, BulkState.COUNTED, BulkState.APPLYING, done=0, failure=NONE)


def apply(*, change: BulkChange, context: UUID, actor: Scope, progress: Progress | None = None) -> None:
    """Change the customers, in the transaction of the caller, whose history has the id `context`.

    Raises MissingRight, MoreThanCounted where more would be changed than was previewed, another ValidationError, or
    Stopped.
    """
    _demand(change.kind, actor)
    progress = progress or Progress()
    with row_scope.rows_of(actor):
        take_turn(change.base_id, progress=progress)
        take_order(actor.base)
        _stop_unless(change, BulkState.APPLYING)
        _check_target(change)
        changed = 0
        for looked_at, written in rows.apply_pieces(change, change.total):
            changed += written
            progress.tell(looked_at, change.total)
        then = change.figures["change"]
        if changed > then:
            raise MoreThanCounted(then=then, now=changed)
        rows.keep_changed(change, context)
        result = {"changed": changed}
        _enter(
            change,
            BulkState.APPLYING,
            BulkState.APPLIED,
            context=context,
            result=result,
            total=changed,
            failure=Sentences(),
        )


@transaction.atomic
def start_undo(*, change: BulkChange, actor: Scope) -> None:
    """Mark an applied change as being undone. Raises MissingRight, or ValidationError where it was undone already."""
    _demand(change.kind, actor)
    demand_edited_here(actor.base)
    if _locked(change, actor).state != BulkState.APPLIED:
        raise ValidationError(gettext_lazy("This bulk change has been undone already."), code="already_undone")
    _enter(change, BulkState.APPLIED, BulkState.UNDOING, done=0, failure=NONE)


def undo(*, change: BulkChange, context: UUID, actor: Scope, progress: Progress | None = None) -> None:
    """Restore what was written, except where it was written again since. In the transaction of the caller."""
    _demand(change.kind, actor)
    progress = progress or Progress()
    with row_scope.rows_of(actor):
        take_turn(change.base_id, progress=progress)
        take_order(actor.base)
        _stop_unless(change, BulkState.UNDOING)
        restored = 0
        for looked_at, written in rows.undo_pieces(change, change.total):
            restored += written
            progress.tell(looked_at, change.total)
        undoing = {"restored": restored, "left": change.total - restored}
        _enter(change, BulkState.UNDOING, BulkState.UNDONE, undoing=undoing, undo_context=context)


@transaction.atomic
def cancel(*, change: BulkChange, actor: Scope) -> None:
    """Stop a change that is counted or under way; a step that is under way is rolled back. Raises MissingRight."""
    _demand(change.kind, actor)
    locked = _locked(change, actor)
    if locked.state == BulkState.UNDOING:
        _enter(change, BulkState.UNDOING, BulkState.APPLIED, failure=UNDOING_CANCELLED())
    elif locked.state in {BulkState.COUNTING, BulkState.COUNTED, BulkState.APPLYING}:
        _enter(change, BulkState(locked.state), BulkState.CANCELLED, customers=[])


def stop(*, change: BulkChange, reason: Sentences) -> None:
    """End the step that is under way as failed. What an earlier step has applied stays applied."""
    to = BulkState.APPLIED if change.state == BulkState.UNDOING else BulkState.FAILED
    _enter(change, BulkState(change.state), to, failure=reason)


def delete_expired(*, now: datetime) -> int:
    """Delete the changes that nobody has confirmed within a day. In a transaction for which all bulk changes exist."""
    expired = BulkChange.objects.filter(state_since__lte=now - LIFETIME).exclude(state__in=DONE)
    return expired.delete()[0]


def left_alone(change: BulkChange, scope: Scope, *, page: int, size: int = 50) -> list[tuple[Customer, str]]:
    """One page of the customers that undoing has not restored, each with the reason in words."""
    found = rows.left_alone(change, first=(page - 1) * size, count=size)
    named = Customer.objects.in_base(scope.base).in_bulk([pk for pk, _stands, _who in found])
    return [(named[pk], _why(change, stands, who)) for pk, stands, who in found if pk in named]


def _why(change: BulkChange, stands: bool, who: str) -> str:
    if not stands:
        return _("Changed since by %(user)s.") % {"user": who or _("somebody unknown")}
    if change.kind == BulkKind.GROUP:
        return _("The customer group of before does not exist any more.")
    return _("The tag does not exist any more.")


def _demand(kind: str, actor: Scope) -> None:
    actor.demand(Right.VIEW_CUSTOMERS)
    actor.demand(kind_of(kind).right)


def _check(wish: Wish, actor: Scope) -> None:
    """Raise ValidationError unless the wish is complete and its group or tag is of the actor's base."""
    longest = Customer._meta.get_field("archived_reason").max_length or 0
    match wish.kind:
        case BulkKind.GROUP if wish.group is not None and wish.group.base_id != actor.base.pk:
            raise PermissionDenied
        case BulkKind.ADD_TAG | BulkKind.REMOVE_TAG:
            if wish.tag is None:
                raise ValidationError(gettext_lazy("Choose a tag."), code="no_tag")
            if wish.tag.base_id != actor.base.pk:
                raise PermissionDenied
        case BulkKind.ARCHIVE if not wish.reason or len(wish.reason) > longest:
            raise ValidationError(
                gettext_lazy("Say why: the reason is shown wherever the archived customer is."), code="no_reason"
            )


def _check_target(change: BulkChange) -> None:
    """Lock the group or tag to the end of the transaction. Raises ValidationError where it does not exist any more."""
    if change.kind == BulkKind.GROUP and change.target is not None:
        groups = CustomerGroup.objects.filter(base=change.base_id, pk=change.target)
        if not groups.select_for_update(no_key=True).exists():
            raise ValidationError(gettext_lazy("This customer group does not exist any more."), code="group_gone")
    if change.kind == BulkKind.ADD_TAG:
        tags = Tag.objects.filter(base=change.base_id, name=change.word)
        if not tags.select_for_update(no_key=True).exists():
            raise ValidationError(gettext_lazy("This tag does not exist any more."), code="tag_gone")


def _locked(change: BulkChange, actor: Scope) -> BulkChange:
    found = changes_of(actor).select_for_update(of=("self",)).filter(pk=change.pk).first()
    if found is None:
        raise PermissionDenied
    return found


def _stop_unless(change: BulkChange, state: BulkState) -> None:
    if not BulkChange.objects.filter(pk=change.pk, state=state).exists():
        raise Stopped


def _enter(change: BulkChange, state: str, to: BulkState, **values: object) -> None:
    """Change the state and store `values`. Raises Stopped where the change is in another state by now."""
    values |= {"state": to, "state_since": timezone.now()}
    if not BulkChange.objects.filter(pk=change.pk, state=state).update(**values):
        raise Stopped
    for name, value in values.items():
        if name != "customers":
            setattr(change, name, value)
