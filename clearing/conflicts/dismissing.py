"""What people do with a change that is held back and is not sent again, because the pairing of its node has ended.

    dismiss        it waits no more; what was sent stays to be read
    take_up        it waits again

What a node in use has sent is mended where it comes from, and goes by itself.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from clearing.choices import NodeState
from clearing.conflicts.deciding import demand_resolving
from clearing.models import HeldBack, Node
from clearing.rows import revisions
from mcp.isolation import row_scope
from mcp.isolation.branch import is_branch
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Moment, Sentences


class SentAgain(ValidationError):
    """Its node is in use."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy(
                "This is sent again with the next run, so it cannot be dismissed. Mend it, or change the customer at "
                "the branch."
            ),
            code="sent_again",
        )


class DismissedAlready(ValidationError):
    """Somebody else was faster."""

    def __init__(self, held: HeldBack) -> None:
        super().__init__(
            gettext_lazy("Meanwhile %(who)s has dismissed this on %(when)s."),
            code="dismissed_already",
            params={"who": held.dismissed_by, "when": Moment.of(held.dismissed_at or timezone.now())},
        )


class NotDismissed(ValidationError):
    """It waits already."""

    def __init__(self) -> None:
        super().__init__(gettext_lazy("This is not dismissed: it waits already."), code="not_dismissed")


class AnotherWaits(ValidationError):
    """Of each customer one waits."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy("A later change of this customer is held back meanwhile. Mend or dismiss that one first."),
            code="another_waits",
        )


def can_be_dismissed(held: HeldBack) -> bool:
    """Whether it is not sent again. A branch sends what it has whenever it is paired."""
    return held.node.state == NodeState.RETIRED and not is_branch()


@busy_told()
def dismiss(*, held: int, note: str = "", actor: Scope) -> HeldBack:
    """It waits no more. Raises MissingRight, HeldBack.DoesNotExist, SentAgain, DismissedAlready, or ValidationError."""
    demand_resolving(actor)
    with row_scope.rows_of(actor), transaction.atomic():
        row = _locked(held, actor)
        if row.dismissed_at is not None:
            raise DismissedAlready(row)
        if not can_be_dismissed(row):
            raise SentAgain
        row.dismissed_at, row.dismissed_by = timezone.now(), actor.actor_name[:200]
        field: Any = HeldBack._meta.get_field("dismissed_note")
        row.dismissed_note = field.clean(note, row)
        _store(row)
    return row


@busy_told()
def take_up(*, held: int, actor: Scope) -> HeldBack:
    """It waits again. Raises MissingRight, HeldBack.DoesNotExist, NotDismissed, or AnotherWaits."""
    demand_resolving(actor)
    with row_scope.rows_of(actor), transaction.atomic():
        row = _locked(held, actor)
        if row.dismissed_at is None:
            raise NotDismissed
        if HeldBack.objects.in_base(actor.base).waiting().filter(uid=row.uid).exists():
            raise AnotherWaits
        row.dismissed_at, row.dismissed_by, row.dismissed_note, row.dismissed_told = None, "", "", Sentences()
        _store(row)
    return row


def _locked(held: int, actor: Scope) -> HeldBack:
    """The row; runs and a switch of the base, which ask what waits, come before or after."""
    revisions.lock_order(actor.base)
    rows = HeldBack.objects.in_base(actor.base).select_related("node").select_for_update(of=("self",))
    return rows.get(pk=held)


def _store(row: HeldBack) -> None:
    HeldBack.objects.filter(pk=row.pk, base=row.base_id).update(
        dismissed_at=row.dismissed_at, dismissed_by=row.dismissed_by, dismissed_note=row.dismissed_note,
        dismissed_told=row.dismissed_told,
    )  # fmt: skip
    # The central, which does not see the rows of the base, is told how many wait.
    waiting = HeldBack.objects.filter(base=row.base_id, node=row.node_id).waiting().count()
    Node.objects.filter(pk=row.node_id).update(held_back=waiting)
