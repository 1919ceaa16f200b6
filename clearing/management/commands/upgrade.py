"""`manage.py upgrade`: brings the database up to date and says from which version to which. `make upgrade` calls it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from clearing.models import OwnNode
from customers.models import CustomerRevision
from mcp.isolation import own_database, row_scope


class Command(BaseCommand):
    """Migrates as the owner, and counts before and after what has not been sent to the central."""

    help = "Bring the database up to date with this program, and say what was before and what is now."

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises CommandError as migrate does, and where a change that is not sent would be missing afterwards."""
        before, unsent = own_database.version() or "an unknown version", _unsent()
        call_command("migrate", interactive=False, verbosity=0)
        left = _unsent()
        if unsent is not None and left != unsent:
            raise CommandError(
                f"{unsent} changes were not sent yet, and now {left} are left. Do not go on; ask support."
            )
        self.stdout.write(f"The database was of {before} and is now of {settings.VERSION}.")
        if left is not None:
            self.stdout.write(f"Changes that wait for the central: {left}, as before.")


def _unsent() -> int | None:
    """How many customers have changes that the central does not know; None where this is no branch that is set up."""
    if OwnNode._meta.db_table not in connection.introspection.table_names():
        return None
    with row_scope.without_scope(reason="count what is not sent", actor="upgrade"):
        own = OwnNode.objects.values("base", "sent_up_to").first()
        if own is None:
            return None
        return CustomerRevision.objects.filter(base=own["base"], sequence__gt=own["sent_up_to"]).count()
