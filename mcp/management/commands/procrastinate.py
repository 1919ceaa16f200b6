"""`manage.py procrastinate worker`, which does not start where row security would not bind it."""

from __future__ import annotations

from typing import Any

from procrastinate.contrib.django.management.commands import procrastinate

from mcp.isolation import database_roles


class Command(procrastinate.Command):
    """procrastinate's command, with a check of the database role before it."""

    def handle(self, *args: Any, **options: Any) -> None:
        database_roles.demand_web_role()
        super().handle(*args, **options)
