"""An order of a branch that cannot be booked is left out: by a person at its location, at the central, who says why."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounting.choices import BranchOrderState
from accounting.models import BranchOrder
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.branch import is_branch
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope


class NotWaiting(ValidationError):
    """It was booked or left out meanwhile, or is not left out here."""

    def __init__(self) -> None:
        super().__init__(
            _("This order does not wait at the central any more. Look at the page again."), code="order_not_waiting"
        )


@busy_told()
def leave_out(*, order: UUID, note: str, actor: Scope) -> BranchOrder:
    """The order is never booked; the branch is told with its next run. It stays on the page, with who and why.

    Raises MissingRight, BranchOrder.DoesNotExist, NotWaiting, ValidationError without a note, or Busy.
    """
    actor.demand(Right.CORRECT_ACCOUNTS)
    if not note.strip():
        raise ValidationError({"note": ValidationError(_("Say why the order is left out."), code="note_missing")})
    with row_scope.within(actor):
        rows = BranchOrder.objects.in_base(actor.base).filter(location=actor.location)
        one = rows.select_for_update(of=("self",), no_key=True).get(pk=order)
        if one.state != BranchOrderState.WAITING or is_branch():
            raise NotWaiting
        rows.filter(pk=order).update(
            state=BranchOrderState.LEFT_OUT, note=note.strip(), decided_by=actor.actor_name[:200], decided_at=Now(),
            is_told=False,
        )  # fmt: skip
        one.refresh_from_db()
        return one
