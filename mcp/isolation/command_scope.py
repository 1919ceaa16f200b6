"""The scope of a command: named on the command line, since no address says it."""

from __future__ import annotations

import argparse

from django.core.management.base import CommandError

from locations.models import Location
from mcp.isolation import database_roles, row_scope
from mcp.isolation.scope import Scope


def add_place(parser: argparse.ArgumentParser, *, is_required: bool = True) -> None:
    """Add the arguments --account and --client, which name the location of a command."""
    parser.add_argument("--account", type=int, required=is_required, help="account number of the business, as 10400")
    parser.add_argument("--client", type=int, required=is_required, help="client number of the location, as 1")


def scope_of_command(*, account: int, client: int, name: str) -> Scope:
    """The scope of a command at a location.

    Raises CommandError where there is no such open location, ImproperlyConfigured under another database role than that
    of the web.
    """
    database_roles.demand_web_role()
    places = Location.objects.at_address(account_number=account, client_number=client).open()
    with row_scope.without_scope(reason="look up a location", actor=name):
        location = places.select_related("organization", "base").first()
    if location is None:
        raise CommandError(f"There is no open location {client} in the business {account}. Check the two numbers.")
    return Scope.of_system(location, name=name)
