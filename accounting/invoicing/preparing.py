"""Preparing a run: which orders it bills, who pays, what comes onto one invoice, and what is left out and why.

What the preview has chosen belongs to the run until it is issued or cancelled: no other run chooses it, and the worker
issues exactly that, but for what was paid or cancelled meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Count, Sum
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounting.amounts import ZERO, exact
from accounting.choices import Bundling, RunState
from accounting.invoicing.issuers import demand_biller, demand_issuer
from accounting.models import InvoiceRun, RunOrder
from accounting.operations.opening import demand_accounts
from accounting.owners import ledger_of_owner
from locations.violations import told_as_refusals
from mcp.isolation import row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope


class NothingToBill(ValidationError):
    """No order is open that the run asks for."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "There is nothing to bill: no order of these locations and groups is open until that day, or another "
                "run has chosen it."
            ),
            code="nothing_to_bill",
        )


@busy_told()
def prepare_run(
    *,
    until: date,
    locations: Sequence[int] = (),
    groups: Sequence[int] = (),
    bundling: Bundling = Bundling.AGREED,
    minimum: Decimal = ZERO,
    actor: Scope,
) -> InvoiceRun:
    """A run of the orders that are open until this business day, of these locations and groups of customers or of all.

    It is previewed when this returns. Raises MissingRight, NotAtCentral, IssuerIncomplete, NothingToBill, Busy, or
    ValidationError for an amount that cannot be.
    """
    owner = demand_biller(actor)
    demand_accounts(actor)
    least = exact(minimum) if minimum else ZERO
    with row_scope.within(actor), told_as_refusals():
        issuer, ledger = demand_issuer(actor), ledger_of_owner(owner, actor)
        if ledger is None:
            raise NothingToBill
        run = InvoiceRun(
            organization=actor.organization, base=actor.base, ledger=ledger, owner_key=ledger.owner_key, issuer=issuer,
            until=until, locations=list(locations), groups=list(groups), bundling=bundling, minimum=least,
            user_id=actor.user.pk if actor.user else None, user_name=actor.actor_name,
        )  # fmt: skip
        InvoiceRun.objects.bulk_create([run])
        _choose(run)
        _sum_up(run)
        return run


def _choose(run: InvoiceRun) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT accounting_choose_orders(%s, %s)", [run.base_id, run.pk])


def _sum_up(run: InvoiceRun) -> None:
    """Keep what the preview promises. Raises NothingToBill where it has found nothing at all."""
    chosen = RunOrder.objects.of_run(run)
    if not chosen.exists():
        raise NothingToBill
    sums = chosen.waiting().aggregate(invoices=Count("bundle", distinct=True), total=Sum("amount"))
    run.state, run.invoices, run.total = RunState.PREVIEWED, sums["invoices"], sums["total"] or ZERO
    InvoiceRun.objects.filter(base=run.base_id, pk=run.pk).update(
        state=run.state, state_since=Now(), previewed_at=Now(), invoices=run.invoices, total=run.total
    )
