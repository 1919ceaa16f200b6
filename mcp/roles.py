"""The database roles: what the web role may do, given after each migration and asked before each start.

    stammhaus           owns the tables and migrates; nobody serves a page as it
    stammhaus_web       web, worker and commands: reads and writes rows, owns nothing, changes no table
    stammhaus_unscoped  nobody logs in as it; row security lets it through (see mcp/row_security.py)

The names of the first two are what the addresses of the database say.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction

from locations.history import HistoryEvent
from locations.row_security import UNSCOPED_ROLE, row_security_of

READ, APPEND, WRITE = "SELECT", "SELECT, INSERT", "SELECT, INSERT, UPDATE, DELETE"
OURS = frozenset({"locations", "mcp", "customers"})
OTHER_TABLES = {
    "auth_permission": READ,
    "django_content_type": READ,
    "django_migrations": READ,
    "django_session": WRITE,
    "pghistory_context": "SELECT, INSERT, UPDATE",  # a context is written again where its facts grow
    "customers_searchable": READ,
}
"""What the web role may do with the tables of libraries, and with views; all others are closed to it."""
QUEUE = "procrastinate_"


def privileges() -> dict[str, str]:
    """For each table and view what the web role may do with it; what is not in it is closed."""
    known = dict(OTHER_TABLES)
    for model in apps.get_models():
        if model._meta.app_label in OURS:
            known[model._meta.db_table] = _privileges_of(model)
    there = connection.introspection.table_names(include_views=True)  # fewer after a migration backwards
    return {name: known.get(name, WRITE) for name in there if name in known or name.startswith(QUEUE)}


def _privileges_of(model: Any) -> str:
    return APPEND if issubclass(model, HistoryEvent) else WRITE


@transaction.atomic
def grant_privileges(**_signal: Any) -> None:
    """Give the web role exactly `privileges`. Runs as the owner, after each migration. Raises ImproperlyConfigured."""
    _demand_roles()
    roles = ", ".join(map(connection.ops.quote_name, (settings.WEB_ROLE, UNSCOPED_ROLE)))
    database = connection.ops.quote_name(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {roles}")
        cursor.execute(f"REVOKE CREATE ON SCHEMA public FROM PUBLIC, {roles}")
        cursor.execute(f"REVOKE CREATE, TEMPORARY ON DATABASE {database} FROM PUBLIC, {roles}")
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {roles}")
        cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {roles}")
        for table, privilege in privileges().items():
            cursor.execute(f"GRANT {privilege} ON {connection.ops.quote_name(table)} TO {roles}")


def _demand_roles() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [[settings.WEB_ROLE, UNSCOPED_ROLE]])
        found = {name for (name,) in cursor.fetchall()}
    if missing := {settings.WEB_ROLE, UNSCOPED_ROLE} - found:
        raise ImproperlyConfigured(
            f"The database has no role {' and no role '.join(sorted(missing))}. README.md says how the three roles "
            "are made, under “Run it for real”."
        )


_FACTS = """
    SELECT rolname, rolsuper, rolbypassrls,
        EXISTS (SELECT FROM pg_class WHERE relowner = role.oid AND relkind IN ('r', 'p', 'v', 'm', 'S'))
            OR EXISTS (SELECT FROM pg_database WHERE datdba = role.oid AND datname = current_database()),
        has_schema_privilege(rolname, 'public', 'CREATE') OR rolcreaterole OR rolcreatedb
            OR has_database_privilege(rolname, current_database(), 'CREATE, TEMPORARY'),
        EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
                AND has_table_privilege(rolname, oid, 'TRUNCATE')),
        NOT EXISTS (SELECT FROM pg_roles WHERE rolname = %(unscoped)s AND pg_has_role(role.oid, oid, 'MEMBER')),
        EXISTS (SELECT FROM pg_roles AS other WHERE other.oid <> role.oid AND pg_has_role(role.oid, other.oid, 'USAGE')
                AND (rolname = %(unscoped)s OR rolsuper OR rolbypassrls))
    FROM pg_roles AS role WHERE rolname = session_user
"""
_OPEN_TABLES = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relname = ANY(%s) AND NOT (relrowsecurity AND relforcerowsecurity)
    ORDER BY relname
"""
_OBSTACLES = (
    ("is a superuser, and row security does not bind it", "ALTER ROLE {role} NOSUPERUSER"),
    ("is exempt from row security", "ALTER ROLE {role} NOBYPASSRLS"),
    ("owns tables or the database", "Log in as another role than the one of DATABASE_OWNER_URL"),
    ("may create tables, databases or roles", "ALTER ROLE {role} NOCREATEROLE NOCREATEDB, then run migrate"),
    ("may empty tables (TRUNCATE)", "Run migrate: it takes back what is too much"),
    ("is no member of " + UNSCOPED_ROLE, f"GRANT {UNSCOPED_ROLE} TO {{role}}"),
    ("is let through by row security without asking", "ALTER ROLE {role} NOINHERIT, and take other memberships away"),
)


def demand_web_role() -> None:
    """Raise ImproperlyConfigured, with the remedy, unless row security binds whoever is logged in to the database.

    Asked by everything that serves or works before it does so: the web server, the worker, commands on data.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, {"unscoped": UNSCOPED_ROLE})
        role, *facts = cursor.fetchone()
        cursor.execute(_OPEN_TABLES, [[model._meta.db_table for model in apps.get_models() if row_security_of(model)]])
        unguarded = [name for (name,) in cursor.fetchall()]
    for is_true, (what, remedy) in zip(facts, _OBSTACLES, strict=True):
        if is_true:
            raise ImproperlyConfigured(
                f'The database role "{role}" of DATABASE_URL {what}, so businesses would not be kept apart. '
                f"Remedy: {remedy.format(role=role)}."
            )
    if unguarded:
        raise ImproperlyConfigured(
            f"Row security is off for {', '.join(unguarded)}, so businesses would not be kept apart. "
            "Remedy: run manage.py migrate."
        )
