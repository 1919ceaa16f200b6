"""A database is served at the side whose it is, and by no older program than the one that has migrated it."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection

from locations.choices import Side
from locations.row_policies import side_sql
from mcp.isolation import database_roles, own_database

NEWER = "CREATE OR REPLACE FUNCTION locations_version() RETURNS text LANGUAGE sql AS $$ SELECT '99.0' $$"


def _tell(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_database_says_which_program_has_migrated_it(db, settings):
    assert own_database.version() == settings.VERSION
    own_database.demand_migratable()


def test_database_of_the_other_side_is_neither_served_nor_migrated(db, settings):
    settings.SIDE = Side.BRANCH
    said = r"that of a central, and SIDE=branch would serve it as a branch. Set SIDE=central"
    with pytest.raises(ImproperlyConfigured, match=said):
        database_roles.demand_web_role()
    with pytest.raises(CommandError, match=said):
        call_command("migrate", verbosity=0)


def test_database_of_a_branch_is_not_served_as_a_central(db, as_owner):
    _tell(side_sql(Side.BRANCH))
    with pytest.raises(ImproperlyConfigured, match="that of a branch, and SIDE=central"):
        own_database.demand_side()
    _tell("DROP FUNCTION locations_side")
    with pytest.raises(ImproperlyConfigured, match="Run migrate"):
        own_database.demand_side()
    own_database.demand_migratable()


def test_empty_database_becomes_that_of_the_side_that_migrates_it(db, settings, monkeypatch):
    monkeypatch.setattr(own_database, "_is_in_use", lambda: False)
    settings.SIDE = Side.BRANCH
    own_database.demand_migratable()


def test_older_program_does_not_migrate_what_a_newer_one_has_migrated(db, as_owner):
    _tell(NEWER)
    with pytest.raises(CommandError, match=r"by Stammhaus 99.0, and this is .*nothing was changed. Get version 99.0"):
        call_command("migrate", verbosity=0)
    with pytest.raises(CommandError, match=r"99\.0"):
        call_command("upgrade")


def test_upgrade_says_both_versions_and_what_waits_for_the_central(db, as_owner, settings, capsys):
    call_command("upgrade")
    assert capsys.readouterr().out == f"The database was of {settings.VERSION} and is now of {settings.VERSION}.\n"
