"""`manage.py clear`: one reconciliation now, at a branch; what it did is printed."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from clearing.branch import running, starting
from clearing.branch.talking import CentralRefused, sentences_for
from clearing.pages.protocol import lines_of
from locations.choices import Side
from mcp.isolation import database_roles, row_scope

NAME = "manage.py clear"


class Command(BaseCommand):
    help = "Reconcile this branch with its central now, and print what became of it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--restored",
            action="store_true",
            help="this branch was restored from a backup: tell the central, which fetches up what was lost",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        database_roles.demand_web_role()
        if settings.SIDE != Side.BRANCH:
            raise CommandError("This installation is a central. Reconciliations are started at the branches.")
        own = starting.this_branch(actor=NAME)
        if own is None:
            raise CommandError("This branch was never started. Open it in a browser and follow the first page.")
        scope = starting.scope_here(own, name=NAME)
        try:
            cycle = running.run(own, actor=scope, is_restored=options["restored"])
        except (CentralRefused, ValidationError) as refusal:
            raise CommandError(str(sentences_for(refusal))) from refusal
        with row_scope.rows_of(scope):
            cycle.refresh_from_db()
            for line in lines_of(cycle):
                self.stdout.write(line)
