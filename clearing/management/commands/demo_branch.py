"""`manage.py demo_branch STEP`: one step of `make demo-branch`, at the central or at the branch."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from clearing.branch.talking import CentralRefused, sentences_for
from clearing.demo import beside
from clearing.demo.nodes import ACCOUNT
from locations.choices import Side
from mcp.demo import PASSWORD
from mcp.isolation import database_roles, row_scope
from mcp.models import User

AT_CENTRAL, AT_BRANCH = ("code", "edit-at-central"), ("standing", "pair", "edit-at-branch")


class Command(BaseCommand):
    help = "One step of make demo-branch: Lübeck's own installation beside the central of the demo."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("step", choices=(*AT_CENTRAL, *AT_BRANCH))
        parser.add_argument("--central", metavar="URL", help="address of the central, to pair")
        parser.add_argument("--shown", metavar="JSON", help="what the step `code` has printed, to pair")

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises CommandError where there is no demo, and for what keeps the branch from being paired."""
        database_roles.demand_web_role()
        step = options["step"]
        if (settings.SIDE == Side.BRANCH) != (step in AT_BRANCH):
            raise CommandError(f"{step} is a step of the other side.")
        try:
            if step in AT_CENTRAL:
                self._at_central(step)
            else:
                self._at_branch(step, options)
        except (CentralRefused, ValidationError) as refusal:
            raise CommandError(str(sentences_for(refusal))) from refusal

    def _at_central(self, step: str) -> None:
        with row_scope.without_scope(reason="the demo is of several businesses", actor=beside.ACTOR):
            _demand_demo()
            if step == "code":
                self.stdout.write(json.dumps(asdict(beside.code())))
            else:
                beside.edit_at_central()

    def _at_branch(self, step: str, options: dict[str, Any]) -> None:
        match step:
            case "standing":
                self.stdout.write(beside.standing())
            case "pair":
                beside.pair_branch(central=options["central"], shown=beside.Code(**json.loads(options["shown"])))
            case _:
                beside.edit_at_branch()


def _demand_demo() -> None:
    """Nothing is made up in a database that is not the demo's."""
    anna = User.objects.filter(username="anna", organization__account_number=ACCOUNT).first()
    if anna is None or not anna.check_password(PASSWORD):
        raise CommandError("This central has no demo: nobody called anna has its password. Nothing was changed.")
