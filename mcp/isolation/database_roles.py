"""The database roles: the web role gets its privileges after each migration, and they are checked before each start.

    stammhaus           owns the tables and migrates; nothing serves as it
    stammhaus_web       web, worker and commands: reads and writes rows, owns nothing, changes no table
    stammhaus_unscoped  nobody logs in as it; row security lets it through (see mcp/isolation/row_scope.py)
    stammhaus_person    nobody logs in as it; it sees the rows of one person, to find out who he is
    stammhaus_clearing  nobody logs in as it; what it writes is a reconciliation and no edit

The names of the first two come from the addresses of the database (DATABASE_OWNER_URL, DATABASE_URL).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.db.models import Model

from locations.history import HistoryEvent
from locations.row_policies import CLEARING_ROLE, PERSON_ROLE, POLICIES, UNSCOPED_ROLE, row_security_of
from mcp.isolation import own_database

READ, APPEND, WRITE = "SELECT", "SELECT, INSERT", "SELECT, INSERT, UPDATE, DELETE"
OURS = frozenset({"locations", "mcp", "customers", "clearing", "accounting", "transitions", "api", "privacy"})
OTHER_TABLES = {
    "auth_permission": READ,
    "django_content_type": READ,
    "django_migrations": READ,
    # A context is written again where its facts grow; in which transaction it was written the database says.
    "pghistory_context": "SELECT, INSERT (id, created_at, updated_at, metadata), UPDATE (metadata, updated_at)",
    "customers_searchable": READ,
    "customers_import_rows": "SELECT, DELETE",
}
"""What the web role may do with the tables of libraries, and with views; all others are closed to it."""
QUEUE = "procrastinate_"
INNER_ROLES = (UNSCOPED_ROLE, PERSON_ROLE, CLEARING_ROLE)
"""The roles that the web role takes on for a transaction."""


def privileges() -> dict[str, str]:
    """For each table and view what the web role may do with it.

    It may do nothing with those that are not in the answer.
    """
    known = dict(OTHER_TABLES)
    for model in apps.get_models():
        if model._meta.app_label in OURS:
            known[model._meta.db_table] = _privileges_of(model)
    there = connection.introspection.table_names(include_views=True)  # fewer after a migration backwards
    wanted = {name: known.get(name, WRITE) for name in there if name in known or name.startswith(QUEUE)}
    return {name: _of_columns_there(name, kind) if "(" in kind else kind for name, kind in wanted.items()}


def _of_columns_there(table: str, privilege: str) -> str:
    """A privilege such as `SELECT, INSERT (one, other)`, without columns that a migration backwards has dropped."""
    with connection.cursor() as cursor:
        cursor.execute(_NAMED, {"table": table, "names": sorted(set().union(*_columns(privilege).values()))})
        there = {name for (name,) in cursor.fetchall()}
    limited = {kind: sorted(names & there) for kind, names in _columns(privilege).items()}
    whole = [kind for kind in _kinds(privilege) if kind not in limited]
    return ", ".join([*whole, *(f"{kind} ({', '.join(names)})" for kind, names in limited.items() if names)])


def _privileges_of(model: type[Model]) -> str:
    own: str | None = getattr(model, "web_privileges", None)
    return own or (APPEND if issubclass(model, HistoryEvent) else WRITE)


TRIGGERS_STAY_ON = "SELECT false"
"""Whether a trigger is to be left out, which its library asks before each. Its own function reads a setting that every
role can set, and for each row it ends a subtransaction, which goes through all checks that are still to be made."""


@transaction.atomic
def grant_privileges(**_signal: object) -> None:
    """Give the web role exactly `privileges`, and let no setting switch a trigger off.

    Runs as the owner, after each migration. Raises ImproperlyConfigured where a role is missing.
    """
    _demand_roles()
    roles = ", ".join(map(connection.ops.quote_name, (settings.WEB_ROLE, *INNER_ROLES)))
    database = connection.ops.quote_name(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {roles}")
        cursor.execute(f"REVOKE CREATE ON SCHEMA public FROM PUBLIC, {roles}")
        cursor.execute(f"REVOKE CREATE, TEMPORARY ON DATABASE {database} FROM PUBLIC, {roles}")
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {roles}")
        cursor.execute(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC, {roles}")
        cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {roles}")
        for table, privilege in privileges().items():
            cursor.execute(f"GRANT {privilege} ON {connection.ops.quote_name(table)} TO {roles}")
        cursor.execute(
            "CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name name) RETURNS boolean "
            f"LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ {TRIGGERS_STAY_ON} $$"
        )
    own_database.sign()


def _demand_roles() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        if cursor.fetchone() == (settings.WEB_ROLE,):
            raise ImproperlyConfigured(
                f'DATABASE_URL and DATABASE_OWNER_URL log in as the same role "{settings.WEB_ROLE}". What serves must '
                "not own the tables: README.md says how the roles are made, under “Run it for real”."
            )
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [[settings.WEB_ROLE, *INNER_ROLES]])
        found = {name for (name,) in cursor.fetchall()}
    if missing := {settings.WEB_ROLE, *INNER_ROLES} - found:
        raise ImproperlyConfigured(
            f"The database has no role {' and no role '.join(sorted(missing))}. README.md says how the five roles "
            "are made, under “Run it for real”."
        )


_FACTS = """
    SELECT rolname, rolsuper, rolbypassrls,
        EXISTS (SELECT FROM pg_class WHERE relowner = role.oid AND relkind IN ('r', 'p', 'v', 'm', 'S'))
            OR EXISTS (SELECT FROM pg_database WHERE datdba = role.oid AND datname = current_database()),
        has_schema_privilege(rolname, 'public', 'CREATE') OR rolcreaterole OR rolcreatedb
            OR has_database_privilege(rolname, current_database(), 'CREATE, TEMPORARY'),
        EXISTS (SELECT FROM pg_roles AS other WHERE other.oid <> role.oid AND other.rolname <> ALL(%(inner)s::text[])
                AND pg_has_role(role.oid, other.oid, 'MEMBER')),
        EXISTS (SELECT FROM unnest(%(inner)s::text[]) AS inside WHERE rolname <> ALL(%(inner)s::text[])
                AND NOT pg_has_role(role.oid, inside, 'MEMBER')),
        EXISTS (SELECT FROM unnest(%(inner)s::text[]) AS inside WHERE rolname <> inside
                AND pg_has_role(role.oid, inside, 'USAGE'))
    FROM pg_roles AS role WHERE rolname = session_user OR rolname = ANY(%(inner)s::text[])
    ORDER BY array_position(%(inner)s::text[], rolname::text) NULLS FIRST
"""
_OWN_SETTINGS = """
    SELECT rolname, setting
    FROM pg_db_role_setting JOIN pg_roles ON pg_roles.oid = setrole, unnest(setconfig) AS setting
    WHERE (rolname = session_user OR rolname = ANY(%(inner)s::text[]))
        AND (split_part(setting, '=', 1) = ANY(ARRAY['role', 'session_authorization', 'row_security', 'search_path',
                'session_replication_role', 'default_transaction_isolation'])
            OR split_part(setting, '=', 1) LIKE '%%.%%')
    ORDER BY 1, 2
"""
"""What a role can set for itself and keeps for all its logins: another role, a scope, another way to read."""
_OBSTACLES = (
    ("is a superuser, and row security does not bind it", "ALTER ROLE {role} NOSUPERUSER"),
    ("is exempt from row security", "ALTER ROLE {role} NOBYPASSRLS"),
    ("owns tables or the database", "Let the role of DATABASE_OWNER_URL own them, and let nothing serve as that one"),
    ("may create tables, databases or roles", "ALTER ROLE {role} NOCREATEROLE NOCREATEDB, then run migrate"),
    ("is a member of roles that it does not need", "REVOKE … FROM {role}, all but " + ", ".join(INNER_ROLES)),
    ("is no member of all of " + ", ".join(INNER_ROLES), f"GRANT {', '.join(INNER_ROLES)} TO {{role}}"),
    (
        "is let through by row security without asking",
        f"REVOKE {', '.join(INNER_ROLES)} FROM {{role}}, then ALTER ROLE {{role}} NOINHERIT, "
        f"then GRANT {', '.join(INNER_ROLES)} TO {{role}}",
    ),
)
_RULES = """
    SELECT relname, relrowsecurity AND relforcerowsecurity, array_agg(
        policyname || roles::text || cmd || permissive
        || (qual LIKE '%%stammhaus.%%' AND (with_check LIKE '%%stammhaus.%%' OR with_check = 'false'))::text
    ) FILTER (WHERE policyname IS NOT NULL)
    FROM pg_class LEFT JOIN pg_policies ON schemaname = 'public' AND tablename = relname
    WHERE relnamespace = 'public'::regnamespace AND relname = ANY(%s) GROUP BY 1, 2 ORDER BY 1
"""
_HELD = """
    SELECT relname, kind FROM pg_class, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) AS kind
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
      AND has_any_column_privilege(%(role)s, pg_class.oid, kind)
    UNION ALL
    SELECT relname, kind FROM pg_class, unnest(ARRAY['DELETE', 'TRUNCATE', 'TRIGGER']) AS kind
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
      AND has_table_privilege(%(role)s, pg_class.oid, kind)
    ORDER BY 1, 2
"""
_KINDS = re.compile(r"(SELECT|INSERT|UPDATE|DELETE)(?: \(([^)]*)\))?")
_NAMED = """
    SELECT attname FROM pg_attribute
    WHERE attrelid = %(table)s::regclass AND NOT attisdropped AND attname = ANY(%(names)s)
"""
_COLUMNS = """
    SELECT attname FROM pg_attribute WHERE attrelid = %(table)s::regclass AND attnum > 0 AND NOT attisdropped
      AND has_column_privilege(%(role)s, attrelid, attnum, %(kind)s)
"""
_OPEN_VIEWS = """
    SELECT viewname FROM pg_views
    JOIN pg_class ON oid = (quote_ident(schemaname) || '.' || quote_ident(viewname))::regclass
    WHERE schemaname = 'public' AND (definition NOT LIKE '%%stammhaus.base%%'
        OR viewname = 'customers_import_rows' AND coalesce('security_barrier=true' <> ALL(reloptions), true))
"""


def demand_web_role() -> None:
    """Raise ImproperlyConfigured, with the remedy, unless row security binds the database role that is logged in.

    Called before anything serves or works: by the web server, the worker and commands on data. Checks what the role is,
    what it may do with each table, that each table has its own policies and no others, that triggers stay on, and that
    the database is of this side of a reconciliation.
    """
    own_database.demand_side()
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, {"inner": list(INNER_ROLES)})
        roles = cursor.fetchall()
        cursor.execute(_OWN_SETTINGS, {"inner": list(INNER_ROLES)})
        settings_of_roles = cursor.fetchall()
    for role, setting in settings_of_roles:
        raise _unsafe(f'The database role "{role}" begins with {setting}', f"ALTER ROLE {role} RESET ALL")
    for role, *facts in roles:
        for is_true, (what, remedy) in zip(facts, _OBSTACLES, strict=True):
            if is_true:
                raise _unsafe(f'The database role "{role}" {what}', remedy.format(role=role))
    _demand_rules()
    _demand_triggers()
    for role, *_facts in roles:
        _demand_privileges(role)


def guarded_tables() -> dict[str, set[str]]:
    """The tables that must be under row security, each with the names of its policies.

    Those of our models that declare it, and the contexts of the history.
    """
    found = {"pghistory_context": {"scope", "unscoped"}}
    for model in apps.get_models():
        if rule := row_security_of(model):
            found[model._meta.db_table] = rule.policies
    return found


def _policies(names: Iterable[str]) -> set[str]:
    """The policies as `_RULES` gives them. The one of UNSCOPED_ROLE compares nothing with a setting."""
    return {f"{name}{{{POLICIES[name]}}}ALLPERMISSIVE{str(name != 'unscoped').lower()}" for name in names}


def _demand_rules() -> None:
    with connection.cursor() as cursor:
        expected = guarded_tables()
        cursor.execute(_RULES, [list(expected)])
        found = cursor.fetchall()
        cursor.execute(_OPEN_VIEWS)
        views = [name for (name,) in cursor.fetchall()]
    open_tables = [
        name for name, is_on, policies in found if not is_on or set(policies or ()) != _policies(expected[name])
    ]
    if open_tables or views:
        raise _unsafe(
            f"Row security is off, or has other rules than its own, for {', '.join([*open_tables, *views])}",
            "make the tables as the migrations have them: migrate them backwards and forwards, or restore the database",
        )


def _demand_triggers() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = '_pgtrigger_should_ignore'")
        found = cursor.fetchall()
    if [text.strip() for (text,) in found] != [TRIGGERS_STAY_ON]:
        raise _unsafe("A setting can switch off the triggers that keep the rules of the tables", "run migrate")


def _demand_privileges(role: str) -> None:
    known = privileges()
    allowed = {name: _kinds(privilege) for name, privilege in known.items()}
    by_column = {name: _columns(privilege) for name, privilege in known.items() if "(" in privilege}
    with connection.cursor() as cursor:
        cursor.execute(_HELD, {"role": role})
        too_much = [f"{kind} on {name}" for name, kind in cursor.fetchall() if kind not in allowed.get(name, set())]
        for table, kinds in by_column.items():
            for kind, columns in kinds.items():
                cursor.execute(_COLUMNS, {"role": role, "table": table, "kind": kind})
                too_much += [f"{kind} of {table}.{name}" for (name,) in cursor.fetchall() if name not in columns]
    if too_much:
        raise _unsafe(f'The database role "{role}" has too many privileges ({", ".join(too_much[:5])})', "run migrate")


def _kinds(privilege: str) -> set[str]:
    return {kind for kind, _names in _KINDS.findall(privilege)}


def _columns(privilege: str) -> dict[str, set[str]]:
    """By kind the columns that a privilege such as `SELECT, INSERT (one, other)` names."""
    return {kind: set(names.split(", ")) for kind, names in _KINDS.findall(privilege) if names}


def _unsafe(what: str, remedy: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{what}, so businesses would not be kept apart. Remedy: {remedy}.")
