"""`manage.py create_support USERNAME`: creates one of the provider's people, who open businesses in the browser."""

from __future__ import annotations

import getpass
import sys
from typing import Any

import pghistory
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from mcp.central.operations import create_provider_user
from mcp.choices import ProviderRole
from mcp.isolation import database_roles, row_scope
from mcp.isolation.branch import is_branch
from mcp.models import User


class Command(BaseCommand):
    """Creates one of the provider's people."""

    help = "Create a person of the provider: support, or a developer who signs off base switches."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", nargs="?")
        parser.add_argument("--if-nobody", action="store_true", help="say how, where nobody of the provider is there")
        parser.add_argument("--role", choices=ProviderRole.values, default=ProviderRole.SUPPORT)

    def handle(self, *args: Any, **options: Any) -> None:
        """Asks for the password; without a terminal it reads one line. Raises CommandError, also at a branch."""
        if is_branch():
            raise CommandError(
                "At a branch there are no people of the provider. They work at the central; a branch is set up in its "
                "browser, by whoever sits at the machine."
            )
        if options["if_nobody"]:
            self._say_how()
            return
        if not options["username"]:
            raise CommandError("Name the person: manage.py create_support USERNAME")
        password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
        database_roles.demand_web_role()
        opened = row_scope.without_scope(reason="a person of no business is created", actor="create_support")
        try:
            with opened, pghistory.context(user=None, user_name="create_support"):
                create_provider_user(
                    username=options["username"], role=ProviderRole(options["role"]), password=password
                )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{options['username']} can log in now, at /provider/login/.")

    def _say_how(self) -> None:
        database_roles.demand_web_role()
        with row_scope.without_scope(reason="look whether anybody can log in", actor="create_support"):
            is_anybody = User.objects.of_provider().active().exists()
        if not is_anybody:
            self.stdout.write(
                "Nobody can log in yet. Create the first person of the provider, who opens businesses in the browser:\n"
                "    .venv/bin/python manage.py create_support NAME"
            )
