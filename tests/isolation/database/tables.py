"""Every table of the database, by what row security makes of it; read from the database, not from the models."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

WITHOUT_ROWS_OF_ANYBODY = {
    "auth_group": "unused; closed to the web role",
    "auth_group_permissions": "unused; closed to the web role",
    "auth_permission": "the catalogue of rights, the same for all",
    "customers_importrow": "COPY enters no table under row security: the web role may insert, nothing else, and "
    "not say for which base; it is read through a view that compares the base (see test_rows_of_imports)",
    "django_admin_log": "unused; closed to the web role",
    "django_content_type": "the names of the tables",
    "django_migrations": "which migrations have run",
    "mcp_session": "found by an unguessable key alone; holds the number of a user and messages to him",
    "mcp_sentform": "hashes that nobody can guess of forms that were sent, and the address that the answer has led to",
    "guardian_groupobjectpermission": "unused; closed to the web role",
    "guardian_userobjectpermission": "unused; closed to the web role",
    "procrastinate_events": "the queue: times and states of jobs",
    "procrastinate_jobs": "the queue: names of tasks, with numbers and random ids, no text of anybody",
    "procrastinate_periodic_defers": "the queue: when a periodic task ran",
    "procrastinate_workers": "the queue: which workers live",
}
"""Tables without row security, each with the reason. Any other table without it fails the tests."""


@dataclass(frozen=True)
class GuardedTable:
    """A table under row security, and by which of its columns a row belongs to somebody."""

    name: str
    column: str

    @property
    def is_of_base(self) -> bool:
        return self.column == "base_id"


def guarded_tables() -> list[GuardedTable]:
    """The tables under forced row security, with the column that its policy compares first."""
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT relname, coalesce(substring(qual from '^\\(*(\\w+)'), '') FROM pg_class
            JOIN pg_policies ON tablename = relname AND policyname = 'scope'
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
              AND relrowsecurity AND relforcerowsecurity ORDER BY relname
        """)
        return [GuardedTable(*row) for row in cursor.fetchall()]


def all_tables() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r','p')"
        )
        return {name for (name,) in cursor.fetchall()}
