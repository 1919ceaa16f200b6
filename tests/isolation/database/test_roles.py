"""The web role: what it may not do, and that nothing starts as another."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from customers.models import CustomerGroup
from mcp.isolation import database_roles
from tests.isolation.database.superuser import as_superuser

ROOT = Path(__file__).resolve().parents[3]
FORBIDDEN = {
    "CREATE TABLE probe (id int)": "permission denied for schema public",
    "CREATE TEMPORARY TABLE probe (id int)": "permission denied to create temporary tables",
    "CREATE FUNCTION probe() RETURNS int LANGUAGE sql AS 'SELECT 1'": "permission denied for schema public",
    "CREATE SCHEMA probe": "permission denied for database",
    "CREATE ROLE probe": "permission denied to create role",
    "ALTER TABLE customers_customer ADD COLUMN probe int": "must be owner of table",
    "ALTER TABLE customers_customer NO FORCE ROW LEVEL SECURITY": "must be owner of table",
    "ALTER TABLE customers_customer DISABLE TRIGGER ALL": "must be owner of table",
    "DROP POLICY scope ON customers_customer": "must be owner of",
    "DROP TABLE customers_tag": "must be owner of table",
    "TRUNCATE customers_tag": "permission denied for table",
    "SET LOCAL session_replication_role = replica": "permission denied to set parameter",
    "SET LOCAL ROLE stammhaus": "permission denied to set role",
    "SELECT * FROM pg_authid": "permission denied for table",
    "SELECT * FROM django_admin_log": "permission denied for table",
    "SELECT * FROM guardian_userobjectpermission": "permission denied for table",
    "DELETE FROM customers_customerevent": "permission denied for table",
    "DELETE FROM pghistory_context": "permission denied for table",
    "DELETE FROM transitions_transition": "permission denied for table",
    "DELETE FROM transitions_package": "permission denied for table",
    "DELETE FROM customers_customerexport": "permission denied for table",
    "UPDATE auth_permission SET codename = 'x'": "permission denied for table",
    "COPY customers_tag TO '/tmp/probe'": "permission denied to COPY",
    "SET LOCAL row_security = off; SELECT count(*) FROM customers_tag": "query would be affected by row-level security",
}


@pytest.mark.parametrize("statement", FORBIDDEN)
@pytest.mark.parametrize("role", ["none", "stammhaus_unscoped", "stammhaus_person", "stammhaus_clearing"])
def test_neither_web_role_nor_the_one_without_scope_may(db, role, statement):
    if role != "none" and "row_security" in statement:
        return  # all rows exist for it: nothing would be affected
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('role', %s, true)", [role])
        with pytest.raises(DatabaseError) as caught, transaction.atomic():
            cursor.execute(statement)
        transaction.set_rollback(True)
    assert FORBIDDEN[statement] in str(caught.value)


def test_no_setting_switches_a_trigger_off(cast):
    """The library of the triggers reads one that every role can set."""
    CustomerGroup.objects.create(base=cast.location("Zentrale").base, name="Stammtisch")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pgtrigger.ignore', array_agg(tgname)::text, true) FROM pg_trigger")
        with pytest.raises(DatabaseError, match="These columns of customers_customergroup can never change"):
            cursor.execute("UPDATE customers_customergroup SET base_id = base_id + 1")
        transaction.set_rollback(True)


def test_web_role_of_the_tests_may_start(db):
    database_roles.demand_web_role()


@pytest.mark.usefixtures("as_owner")
def test_owner_may_not_serve(db):
    with pytest.raises(ImproperlyConfigured, match='The database role "stammhaus" owns tables'):
        database_roles.demand_web_role()


SPOILED = {
    "ALTER ROLE stammhaus_web SET role = 'stammhaus_unscoped'": "begins with role=stammhaus_unscoped.* RESET ALL",
    "ALTER ROLE stammhaus_web SET stammhaus.base = '1'": "begins with stammhaus.base=1.* RESET ALL",
    "ALTER ROLE stammhaus_unscoped IN DATABASE {database} SET row_security = off": "begins with row_security=off",
    "CREATE OR REPLACE FUNCTION _pgtrigger_should_ignore(trigger_name name) RETURNS boolean "
    "LANGUAGE sql AS 'SELECT true'": "A setting can switch off the triggers .* Remedy: run migrate",
    "ALTER ROLE stammhaus_web SUPERUSER": "is a superuser.* Remedy: ALTER ROLE stammhaus_web NOSUPERUSER",
    "ALTER ROLE stammhaus_web BYPASSRLS": "is exempt from row security.* Remedy: ALTER ROLE stammhaus_web NOBYPASSRLS",
    "ALTER ROLE stammhaus_web CREATEROLE": "may create tables, databases or roles.* NOCREATEROLE",
    "GRANT CREATE ON SCHEMA public TO stammhaus_web": "may create tables.* then run migrate",
    "GRANT TRUNCATE ON customers_tag TO stammhaus_web": r"privileges \(TRUNCATE on customers_tag\).* run migrate",
    "GRANT UPDATE ON customers_customerevent TO stammhaus_unscoped": r"\(UPDATE on customers_customerevent\)",
    "GRANT SELECT (action_flag) ON django_admin_log TO stammhaus_web": r"\(SELECT on django_admin_log\)",
    "CREATE TABLE leak AS SELECT * FROM customers_tag; GRANT SELECT ON leak TO PUBLIC": r"\(SELECT on leak\)",
    "GRANT stammhaus TO stammhaus_web": "is a member of roles that it does not need",
    "GRANT pg_execute_server_program TO stammhaus_web": "is a member of roles that it does not need",
    "ALTER ROLE stammhaus_unscoped SUPERUSER": '"stammhaus_unscoped" is a superuser',
    "ALTER TABLE customers_tag OWNER TO stammhaus_unscoped": '"stammhaus_unscoped" owns tables',
    "REVOKE stammhaus_unscoped FROM stammhaus_web; ALTER ROLE stammhaus_web INHERIT; "
    "GRANT stammhaus_unscoped TO stammhaus_web": "is let through by row security without asking",
    "ALTER POLICY person ON mcp_user USING (true)": "has other rules than its own, for mcp_user",
    "DROP POLICY person ON mcp_user": "has other rules than its own, for mcp_user",
    "REVOKE stammhaus_person FROM stammhaus_web": "is no member of all of .* GRANT stammhaus_unscoped, .*_clearing TO",
    "ALTER TABLE pghistory_context DISABLE ROW LEVEL SECURITY": "Row security is off.* for pghistory_context",
    "CREATE POLICY more ON customers_tag USING (true)": "has other rules than its own, for customers_tag",
    "ALTER POLICY scope ON customers_tag USING (true)": "has other rules than its own, for customers_tag",
    "ALTER POLICY scope ON customers_tag WITH CHECK (true)": "has other rules than its own, for customers_tag",
    "CREATE OR REPLACE VIEW customers_searchable AS SELECT * FROM customers_customer": "for customers_searchable",
    "CREATE OR REPLACE VIEW customers_import_rows AS SELECT * FROM customers_importrow": "for customers_import_rows",
    "ALTER VIEW customers_import_rows RESET (security_barrier)": "for customers_import_rows",
    "GRANT SELECT ON customers_importrow TO stammhaus_web": r"\(SELECT on customers_importrow\)",
    "GRANT INSERT (base_id) ON customers_importrow TO stammhaus_web": r"\(INSERT of customers_importrow.base_id\)",
    "GRANT INSERT ON customers_importrow TO stammhaus_web": r"\(INSERT of customers_importrow.base_id\)",
    "GRANT UPDATE ON customers_import_rows TO stammhaus_web": r"\(UPDATE on customers_import_rows\)",
    "REVOKE stammhaus_unscoped FROM stammhaus_web": "is no member of all of .* stammhaus_clearing TO",
    "GRANT pg_read_all_data TO stammhaus_web": "is a member of roles that it does not need",
    "ALTER TABLE customers_tag NO FORCE ROW LEVEL SECURITY": "Row security is off.* for customers_tag",
    "ALTER TABLE customers_tag DISABLE ROW LEVEL SECURITY": "Row security is off.* for customers_tag",
    "ALTER TABLE customers_tag OWNER TO stammhaus_web": "owns tables",
}
"""What somebody may have done to the roles and tables → how the start is refused."""


@pytest.mark.parametrize("statement", SPOILED)
def test_start_is_refused_with_the_remedy(db, statement):
    with as_superuser():
        statement_here = statement.replace("{database}", connection.settings_dict["NAME"])
        connection.cursor().execute(f"{statement_here}; SET LOCAL SESSION AUTHORIZATION stammhaus_web")
        with pytest.raises(ImproperlyConfigured, match=SPOILED[statement]):
            database_roles.demand_web_role()


START = {
    "web server": "import mcp.project.wsgi",
    "worker": "import django; django.setup(); from django.core.management import call_command; "
    "call_command('procrastinate', 'worker', wait=False)",
}


@pytest.mark.parametrize("program", START)
def test_program_does_not_start_as_the_owner(db, program):
    done = _start(program, os.environ["DATABASE_OWNER_URL"])
    assert done.returncode != 0
    assert 'The database role "stammhaus" owns tables or the database' in done.stderr


def test_web_server_starts_as_the_web_role(db):
    assert _start("web server", os.environ["DATABASE_URL"]).returncode == 0


def _start(program: str, url: str) -> subprocess.CompletedProcess[str]:
    name = connection.settings_dict["NAME"]
    environment = {
        **os.environ,
        "DATABASE_URL": url.replace("/stammhaus?", f"/{name}?"),
        "DJANGO_SETTINGS_MODULE": "mcp.project.settings",
    }
    return subprocess.run(
        [sys.executable, "-c", START[program]], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("command", ["import_customers", "export_customers --output"])
def test_command_on_data_asks_for_the_web_role_first(db, monkeypatch, command, tmp_path):
    def refuse() -> None:
        raise ImproperlyConfigured("wrong role")

    monkeypatch.setattr(database_roles, "demand_web_role", refuse)
    with pytest.raises(ImproperlyConfigured, match="wrong role"):
        call_command(*command.split(), str(tmp_path / "file.csv"), "--account=10400", "--client=1")


@pytest.mark.usefixtures("as_owner")
def test_migrating_without_the_roles_says_which_is_missing(db, settings):
    settings.WEB_ROLE = "nobody_such"
    with pytest.raises(ImproperlyConfigured, match=r"The database has no role nobody_such\. README\.md says how"):
        database_roles.grant_privileges()


@pytest.mark.usefixtures("as_owner")
def test_migrating_takes_back_what_was_given_by_hand(db):
    with connection.cursor() as cursor:
        cursor.execute("GRANT ALL ON customers_customerevent, django_admin_log TO stammhaus_web")
        cursor.execute("GRANT SELECT ON customers_tag TO PUBLIC")
        database_roles.grant_privileges()
        cursor.execute(
            "SELECT has_table_privilege('stammhaus_web', 'customers_customerevent', 'DELETE, TRUNCATE'),"
            " has_table_privilege('stammhaus_web', 'django_admin_log', 'SELECT')"
        )
        assert cursor.fetchone() == (False, False)


@pytest.mark.usefixtures("as_owner")
def test_owner_as_web_role_is_refused_before_it_loses_anything(db, settings):
    settings.WEB_ROLE = "stammhaus"
    with pytest.raises(ImproperlyConfigured, match='log in as the same role "stammhaus"'):
        database_roles.grant_privileges()


def test_web_role_is_no_member_of_the_owner(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_has_role(session_user, 'stammhaus', 'MEMBER')")
        assert cursor.fetchone() == (False,)
