"""Runs of reminders of a later day, on which what is billed today is overdue."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from accounting.dunning.levels import ensure_levels
from accounting.models import DunningRun, Ledger
from accounting.owners import owners_of
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope


def later_run(head: Scope, *, days: int = 60) -> DunningRun:
    """As it is previewed so many days after today."""
    with row_scope.rows_of(head):
        ensure_levels(head)
        ledger = Ledger.objects.get(base=head.base, owner_key=owners_of(head).billing)
        run = DunningRun.objects.create(
            organization=head.organization, base=head.base, ledger=ledger, owner_key=ledger.owner_key,
            user_name=head.actor_name,
            day=timezone.localdate() + timedelta(days=days),
        )  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute("SELECT accounting_propose_notices(%s, %s)", [head.base.pk, run.pk])
        run.refresh_from_db()
        return run
