"""Deciding about what was booked although it broke a rule."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Func
from django.utils.translation import gettext_lazy as _

from accounting.choices import ExceptionState
from accounting.models import LedgerException
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope


@busy_told()
def decide_exception(*, exception: UUID, note: str, actor: Scope) -> LedgerException:
    """Record what was decided about an exception. What was booked stays; whoever wants it away reverses it.

    Raises MissingRight, LedgerException.DoesNotExist, ValidationError without a note or for one that is decided, or
    Busy.
    """
    actor.demand(Right.CORRECT_ACCOUNTS)
    field = LedgerException._meta.get_field("note")
    said = str(field.clean(note.strip(), None)) if note.strip() else ""
    if not said:
        raise ValidationError(
            {"note": ValidationError(_("Say what was decided."), code="ledgerexception_decided_with_note")}
        )
    with row_scope.within(actor):
        row = LedgerException.objects.in_base(actor.base).select_for_update(of=("self",)).get(pk=exception)
        if row.state == ExceptionState.DECIDED:
            raise ValidationError(
                _("%(who)s has decided this already: %(note)s"),
                code="ledgerexception_decided_once",
                params={"who": row.decided_by, "note": row.note},
            )
        row.state, row.note, row.decided_by = ExceptionState.DECIDED, said, actor.actor_name[:200]
        row.decided_at = Func(function="clock_timestamp")
        row.save(update_fields=["state", "note", "decided_by", "decided_at"])
        row.refresh_from_db(fields=["decided_at", "decided_user"])
        return row
