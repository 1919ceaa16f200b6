"""`manage.py demo`: the demo's businesses, people and customers; or many customers in one base."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounting.demo import build_accounts
from accounting.demo_billing import build_billing
from clearing.demo.nodes import build_nodes
from customers.demo import build_customers
from customers.filling import fill
from locations.models import Organization
from mcp.demo import CAST, PASSWORD, build_cast
from mcp.demo_devices import build_devices
from mcp.isolation import database_roles, row_scope
from mcp.isolation.branch import is_branch
from mcp.isolation.command_scope import add_place, scope_of_command
from mcp.models import User
from transitions.demo import SECOND, build_transitions

NAME = "demo"
ACCOUNT_NUMBER, CLIENT_NUMBER = 10400, 1


class Command(BaseCommand):
    help = "Load the demo into an empty database, or add many customers to one base."

    def add_arguments(self, parser: CommandParser) -> None:
        add_place(parser, is_required=False)
        parser.add_argument("--if-empty", action="store_true", help="do nothing where there are businesses already")
        parser.add_argument("--logins", action="store_true", help="print the logins of the demo and nothing else")
        parser.add_argument("--customers", type=int, metavar="N", help="add N customers at --account and --client")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["customers"] is not None:
            self._fill(options["customers"], options["account"], options["client"])
            return
        if is_branch():
            raise CommandError("At a branch there is no demo of several businesses. --customers N fills its base.")
        database_roles.demand_web_role()
        with row_scope.without_scope(reason="the demo is of several businesses", actor=NAME):
            if options["logins"]:
                self._print_logins()
            else:
                self._load(is_quiet=options["if_empty"])

    def _load(self, *, is_quiet: bool) -> None:
        if not Organization.objects.exists():
            build_cast()
            build_devices(now=timezone.localtime())
            count = build_customers(now=timezone.localtime())
            build_nodes(now=timezone.localtime())
            build_accounts(today=timezone.localdate())
            build_billing(today=timezone.localdate())
            build_transitions(today=timezone.localdate())
            self.stdout.write(f"The demo is loaded: {Organization.objects.count()} businesses, {count} customers.")
        elif not is_quiet:
            self.stdout.write("There are businesses in the database already. Nothing was changed.")

    def _print_logins(self) -> None:
        people = (*CAST, SECOND)
        found = User.objects.filter(username__in=[person.username for person in people]).select_related("organization")
        accounts = {user.username: user.organization.account_number if user.organization else "" for user in found}
        if len(accounts) < len(CAST):
            return
        for person in [one for one in people if one.username in accounts]:
            where = "" if accounts[person.username] else ", unter /provider/login/"
            account = str(accounts[person.username])
            self.stdout.write(f"{account:>7}  {person.username:<6} {PASSWORD}  {person.about}{where}")

    def _fill(self, count: int, account: int | None, client: int | None) -> None:
        if count < 1:
            raise CommandError("Name a number of customers above 0.")
        scope = scope_of_command(account=account or ACCOUNT_NUMBER, client=client or CLIENT_NUMBER, name=NAME)
        try:
            for done, seconds in fill(count=count, actor=scope):
                self.stdout.write(f"{done} customers in {seconds:.1f} s ({done / max(seconds, 0.001):.0f} per second)")
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
