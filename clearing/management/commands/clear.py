"""`manage.py clear`: one reconciliation now, at a branch; what it did is printed. `--check` says what it needs."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from clearing.branch import running, starting
from clearing.branch.alarms import own_alarms
from clearing.branch.preconditions import preconditions_of
from clearing.branch.talking import CentralRefused, sentences_for
from clearing.models import OwnNode
from clearing.pages.protocol import lines_of
from clearing.preconditions import Standing
from locations.choices import Side
from mcp.isolation import database_roles, row_scope
from mcp.isolation.scope import Scope

NAME = "manage.py clear"


class Command(BaseCommand):
    help = "Reconcile this branch with its central now, and print what became of it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--restored",
            action="store_true",
            help="this branch was restored from a backup: tell the central, which fetches up what was lost",
        )

        parser.add_argument(
            "--check",
            action="store_true",
            help="only say what must be so before a first run, and what needs a look; nothing is sent",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        database_roles.demand_web_role()
        if settings.SIDE != Side.BRANCH:
            raise CommandError("This installation is a central. Reconciliations are started at the branches.")
        own = starting.this_branch(actor=NAME)
        if own is None:
            raise CommandError("This branch was never started. Open it in a browser and follow the first page.")
        scope = starting.scope_here(own, name=NAME)
        if options["check"]:
            self._check(own, scope)
            return
        try:
            cycle = running.run(own, actor=scope, is_restored=options["restored"])
        except (CentralRefused, ValidationError) as refusal:
            raise CommandError(str(sentences_for(refusal))) from refusal
        with row_scope.rows_of(scope):
            cycle.refresh_from_db()
            for line in lines_of(cycle):
                self.stdout.write(line)

    def _check(self, own: OwnNode, scope: Scope) -> None:
        """Print each precondition and each alarm. Raises CommandError where something is missing."""
        with row_scope.rows_of(scope):
            own = OwnNode.objects.select_related("node", "base", "location").get(pk=own.pk)
            known, alarms = preconditions_of(own), own_alarms(own, now=timezone.now())
        for one in known:
            self.stdout.write(f"{one.title}: {one.state}. {one.sentence}")
        for alarm in alarms:
            self.stdout.write(f"{alarm.title}: {alarm.sentence}")
        missing = [one.title for one in known if one.standing == Standing.MISSING]
        if missing:
            raise CommandError(f"Missing before a first run: {', '.join(missing)}.")
