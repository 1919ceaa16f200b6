"""Runs of reminders: previewed, sent as previewed, or cancelled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from accounting.choices import AccountKind
from accounting.dunning.levels import DunningAtCentral, ensure_levels
from accounting.models import Account, DunningNotice, DunningRun
from accounting.operations.opening import demand_base, ensure_accounts
from accounting.owners import demanded_owner, ledger_of_owner
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope


class DunningRefused(ValidationError):
    """The run is in another state by now, or nobody is to be reminded."""


_SENTENCES = {
    "dunningrun_there": _("There is no such run here."),
    "dunningrun_in_state": _("This run was sent or cancelled already. Look at it again."),
    "dunningnotice_in_order": _("A level before was not sent yet. Prepare a new run."),
}


def demand_reminder(actor: Scope) -> int:
    """The owner of the ledger whose customers are reminded here (see accounting.owners).

    Raises MissingRight without the right to collect payments, DunningAtCentral at a branch for which the central does.
    """
    actor.demand(Right.COLLECT_PAYMENTS)
    return demanded_owner(actor, DunningAtCentral)


@busy_told()
def prepare_run(*, actor: Scope) -> DunningRun:
    """Propose the next reminder of each invoice that is overdue as long as its level says.

    Who is left out is kept with the reason. Raises MissingRight, DunningAtCentral, NotOnThisBase, DunningRefused where
    nobody is to be reminded, or Busy.
    """
    owner = demand_reminder(actor)
    demand_base(actor)
    with row_scope.within(actor):
        ensure_levels(actor)
        ledger = ledger_of_owner(owner, actor)
        if ledger is None:
            raise _nobody()
        run = DunningRun(
            organization=actor.organization, base=actor.base, ledger=ledger, owner_key=ledger.owner_key,
            day=timezone.localdate(), user_id=actor.user.pk if actor.user else None, user_name=actor.actor_name[:200],
        )  # fmt: skip
        with _told():
            run.save(force_insert=True)
            _call("accounting_propose_notices(%s, %s)", [actor.base.pk, run.pk])
            if not DunningNotice.objects.of_run(run).exists():
                raise _nobody()
        run.refresh_from_db()
        return run


@busy_told()
def send_run(*, run: UUID, actor: Scope) -> DunningRun:
    """Send what was previewed: from now on it counts as sent, and can be printed.

    What was paid, disputed or debited since the preview is left out, with its reason. Fees are booked where their level
    says so. Raises MissingRight, DunningAtCentral, DunningRun.DoesNotExist, DunningRefused, or Busy.
    """
    owner = demand_reminder(actor)
    with row_scope.within(actor):
        one = DunningRun.objects.in_base(actor.base).select_related("ledger").get(pk=run, owner_key=owner)
        ensure_accounts(one.ledger, (AccountKind.CORRECTIONS, None, None))
        corrections = Account.objects.get(base=one.base_id, ledger=one.ledger_id, kind=AccountKind.CORRECTIONS)
        with _told():
            _call(
                "accounting_send_notices(%s, %s, %s, %s, %s)",
                [actor.base.pk, one.pk, corrections.pk, _text("Fee for a reminder"), actor.actor_name[:200]],
            )
        one.refresh_from_db()
        return one


@busy_told()
def cancel_run(*, run: UUID, actor: Scope) -> DunningRun:
    """Send nothing of a run.

    Raises MissingRight, DunningAtCentral, DunningRun.DoesNotExist, DunningRefused, or Busy.
    """
    owner = demand_reminder(actor)
    with row_scope.within(actor):
        one = DunningRun.objects.in_base(actor.base).get(pk=run, owner_key=owner)
        with _told():
            _call("accounting_cancel_notices(%s, %s)", [actor.base.pk, one.pk])
        one.refresh_from_db()
        return one


@contextmanager
def _told() -> Iterator[None]:
    """Raise DunningRefused where the database refuses what the block does."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        name = str(getattr(getattr(error.__cause__, "diag", None), "constraint_name", None))
        if name not in _SENTENCES:
            raise
        raise DunningRefused(_SENTENCES[name], code=name) from error


def _call(function: str, params: Sequence[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}", params)


def _nobody() -> DunningRefused:
    return DunningRefused(_("Nobody is to be reminded: no invoice is overdue for so long."), code="nobody_overdue")
