"""`manage.py migrate`, which refuses tables of a version before the first release and says how to begin anew."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connections
from django.db.migrations.loader import MigrationLoader

from mcp.isolation import own_database

OURS = frozenset({"locations", "mcp", "files", "customers", "accounting", "transitions"})
OLD = (
    "The tables of this database are of a version from before the first release, and cannot be brought up to date; "
    "nothing was changed. To begin anew, name an empty database in DATABASE_URL and DATABASE_OWNER_URL, or delete the "
    "folder var/ where the embedded one is used. To take customers along, start the old version once more, export them "
    "as a file, and import that file in the new one."
)


class Command(migrate.Command):
    """Django's command, with a check before it."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises CommandError where the database is of the other side or of a newer program, or has OLD tables."""
        try:
            own_database.demand_migratable()
        except ImproperlyConfigured as refusal:
            raise CommandError(str(refusal)) from refusal
        loader = MigrationLoader(connections[options["database"]], ignore_no_migrations=True)
        known = set(loader.disk_migrations or ())
        if any(app in OURS and (app, name) not in known for app, name in loader.applied_migrations or ()):
            raise CommandError(OLD)
        super().handle(*args, **options)
