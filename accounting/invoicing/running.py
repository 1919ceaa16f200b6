"""Starting and cancelling runs, and what the worker does of one, block by block.

Each step is one transaction, and begins with what the rows say: a worker that was killed leaves whole blocks behind,
and whoever goes on takes the next one.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounting.choices import RunState
from accounting.invoicing.issuers import demand_biller, demand_issuer
from accounting.models import InvoiceRun
from accounting.owners import owners_of
from mcp.isolation import access, row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences
from mcp.worker.queueing import NothingThere, enqueue
from mcp.worker.somebody import for_somebody
from mcp.worker.task_frame import Stopped

ISSUE = "accounting.tasks.issue_run"
AT_ONCE = 500
"""Invoices in one transaction: a series of numbers is locked for a part of a second."""
NOTHING = Sentences()


class RunRefused(ValidationError):
    """The run is in another state by now."""


@busy_told()
def start_run(*, run: UUID, is_mailed: bool = False, actor: Scope) -> InvoiceRun:
    """Have the worker issue what was previewed, and mail it where `is_mailed` says so; a run that has failed goes on.

    Raises MissingRight, NotAtCentral, InvoiceRun.DoesNotExist, RunRefused in another state or with nothing to issue,
    IssuerIncomplete, or Busy.
    """
    demand_biller(actor)
    with row_scope.within(actor):
        one = _locked(run, actor)
        if one.state not in (RunState.PREVIEWED, RunState.FAILED):
            raise _not_in_state(one)
        demand_issuer(actor)
        if not one.invoices:
            raise RunRefused(_("This run has found nobody to bill. Look at what it left out."), code="run_empty")
        InvoiceRun.objects.filter(base=one.base_id, pk=one.pk).update(is_mailed=is_mailed)
        one.is_mailed = is_mailed
        _go_to(one, RunState.RUNNING)
        enqueue(ISSUE, run=str(one.pk), lock=f"invoices {one.ledger_id}", **for_somebody(actor))
        return one


@busy_told()
def cancel_run(*, run: UUID, actor: Scope) -> InvoiceRun:
    """Let the orders go that are on no invoice of the run yet; invoices that it has issued stay.

    Raises MissingRight, NotAtCentral, InvoiceRun.DoesNotExist, RunRefused while it runs or when it is over, or Busy.
    """
    demand_biller(actor)
    with row_scope.within(actor):
        one = _locked(run, actor)
        if one.state not in (RunState.PREPARED, RunState.PREVIEWED, RunState.FAILED):
            raise _not_in_state(one)
        with connection.cursor() as cursor:
            cursor.execute("SELECT accounting_release_orders(%s, %s)", [one.base_id, one.pk])
        _go_to(one, RunState.CANCELLED)
        return one


def issue_next(run: UUID, *, on: date, actor: Scope, most: int = AT_ONCE) -> int | None:
    """Issue the next invoices of a running run, in one transaction; how many, or None where all are issued.

    Raises MissingRight, Stopped where it no longer runs, NothingThere.
    """
    demand_biller(actor)
    with row_scope.rows_of(actor):
        running(run, actor)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT accounting_issue_invoices(%s, %s, %s, %s, %s)",
                [actor.base.pk, run, actor.actor_name[:200], on, most],
            )
            [issued] = cursor.fetchone()
        access.demand_still(actor)
    return None if issued is None else int(issued)


def finish_run(run: UUID, actor: Scope) -> None:
    """The run is done. Raises Stopped where it no longer runs, NothingThere."""
    with row_scope.rows_of(actor):
        _go_to(running(run, actor), RunState.DONE)


def fail_run(run: InvoiceRun, reason: Sentences) -> None:
    """Keep why the run stopped; it goes on from there when somebody starts it again."""
    _go_to(run, RunState.FAILED, reason)


def running(run: UUID, actor: Scope) -> InvoiceRun:
    """The run, locked. Raises Stopped where it does not run, NothingThere where it does not exist."""
    try:
        one = _locked(run, actor)
    except InvoiceRun.DoesNotExist as error:
        raise NothingThere("run of invoices", run) from error
    if one.state != RunState.RUNNING:
        raise Stopped
    return one


def _locked(run: UUID, actor: Scope) -> InvoiceRun:
    """The run, if it is of the ledger that is billed here."""
    found = InvoiceRun.objects.in_base(actor.base).filter(owner_key__in=owners_of(actor).billed)
    return found.select_for_update().get(pk=run)


def _go_to(one: InvoiceRun, state: RunState, reason: Sentences = NOTHING) -> None:
    one.state, one.failure = state, reason
    started = {"started_at": Now()} if state == RunState.RUNNING and one.started_at is None else {}
    InvoiceRun.objects.filter(base=one.base_id, pk=one.pk).update(
        state=state, state_since=Now(), failure=reason, **started
    )


def _not_in_state(one: InvoiceRun) -> RunRefused:
    return RunRefused(
        _("This run is in the state “%(state)s” by now. Look at it again."),
        code="run_in_other_state",
        params={"state": one.get_state_display()},
    )
