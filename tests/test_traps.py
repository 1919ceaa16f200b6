"""The traps of our libraries (see DESIGN, "Traps"), each shown to be closed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pgtrigger
import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection
from django.db.models import GeneratedField

from customers.models import Tag
from locations.models import Location
from locations.permissions import Right
from mcp.console.site import console, provider
from mcp.isolation import access
from mcp.models import LocationGrant, User
from tests.proofs.sampling import Sample

ROOT = Path(__file__).resolve().parent.parent
OURS = ("locations", "mcp", "files", "customers", "clearing", "accounting", "transitions", "api", "privacy")
WITH_TABLES = tuple(app for app in OURS if app != "files")


def test_guardian_refuses_rights_over_customers_on_a_location(cast):
    """So a right over customers is a right of Location. (In bulk a trigger refuses: see test_operations_grants.)"""
    assert not Permission.objects.filter(content_type__app_label="customers", content_type__model="customer").exists()
    foreign = Permission.objects.filter(content_type__app_label="customers").order_by("pk")[0]
    grant = LocationGrant(
        organization=cast.organization(),
        group=cast.group("Auskunft Bremen"),
        content_object=cast.location("Bremen"),
        permission=foreign,
    )
    with pytest.raises(ValidationError, match="Cannot persist permission not designed for this class"):
        grant.save()


def test_a_field_that_the_database_works_out_shows_the_name_of_its_choice():
    """Django gives it no get_…_display, and a template shows nothing for a method that is not there."""
    generated = [
        (model, field.name)
        for app in WITH_TABLES
        for model in apps.get_app_config(app).get_models()
        for field in model._meta.get_fields()
        if isinstance(field, GeneratedField) and getattr(field.output_field, "choices", None)
    ]
    assert generated
    assert [one for one in generated if not hasattr(one[0], f"get_{one[1]}_display")] == []


def test_no_backend_of_guardian_answers_for_rights(cast):
    assert settings.AUTHENTICATION_BACKENDS == ["mcp.login.backends.AccountBackend"]
    assert not cast.user("anna").has_perm("locations.view_customers", cast.location("Hamburg"))
    assert not cast.user("anna").has_module_perms("customers")


def test_model_level_right_opens_no_location(cast):
    """guardian's get_objects_for_user would open every location by one model-level right; nobody can hold one."""
    assert "user_permissions" not in {field.name for field in User._meta.get_fields()}
    assert access.accessible_locations(cast.user("carla")).count() == 1


def test_guardian_is_imported_for_its_tables_alone():
    """Its readers know no restriction and no deactivated user: only mcp.isolation.access decides."""
    importing = {
        path.relative_to(ROOT).as_posix()
        for app in OURS
        for path in (ROOT / app).rglob("*.py")
        if re.search(r"^(from|import) guardian", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert importing - {path for path in importing if "/migrations/" in path} == {"mcp/models/grants.py"}


def test_no_user_is_a_superuser_and_no_field_could_make_one(cast):
    assert "is_superuser" not in {field.name for field in User._meta.get_fields()}
    assert not any(user.is_superuser for user in User.objects.all())


def test_stock_pages_that_serve_every_model_are_gone():
    for site in (console, provider):
        names = {getattr(url, "name", None) for url in site.get_urls()}
        assert not names & {"view_on_site", "autocomplete", "search"}


@pytest.mark.parametrize("model", ["auth.User", "auth.Group", "auth.Permission", "admin.LogEntry", "sessions.Session"])
def test_stock_models_have_no_pages(model):
    registered = {model._meta.label for site in (console, provider) for model in site._registry}
    assert model not in registered


def test_history_records_deletes_under_an_id_that_cannot_run_out(cast):
    tag = Tag.objects.create(base=cast.location("Hamburg").base, name="A")
    Tag.objects.filter(pk=tag.pk).delete()
    event = apps.get_model("customers.TagEvent").objects.get(pgh_label="delete")
    assert (event.name, type(event.pk)) == ("A", UUID)


def test_no_migration_is_missing(db):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_every_trigger_of_the_models_is_installed_and_no_other(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'pgtrigger%%' AND tgenabled = 'O'")
        assert cursor.fetchone() == (len(pgtrigger.registered()),)


def test_grants_of_a_location_hold_every_right_of_the_catalogue_and_no_other(db):
    places = ["location", "organization"]
    found = Permission.objects.filter(content_type__app_label="locations", content_type__model__in=places)
    assert set(found.values_list("content_type__model", "codename")) == {
        (model, right.value) for model in places for right in Right
    }
    assert LocationGrant._meta.get_field("content_object").related_model is Location


@pytest.mark.isolation
@pytest.mark.in_part
@pytest.mark.sample("long proofs in turns", most=3)
def test_every_app_migrates_to_nothing_and_back(django_db_setup, django_db_blocker, sample: Sample):
    """In a copy of the database with the cast. Backwards an app drops its tables; forwards all is there again.

    A run that samples takes one app and those that stand on it, another one each time.
    """
    with django_db_blocker.unblock():
        name = f"scratch_{os.getpid()}"
        with psycopg.connect(os.environ["DATABASE_OWNER_URL"], dbname="postgres", autocommit=True) as server:
            server.execute(f"CREATE DATABASE {name} TEMPLATE {connection.settings_dict['TEST']['TEMPLATE']}")
            try:
                _in_a_process(name, _THERE_AND_BACK, sample.part([*reversed(WITH_TABLES)], of=len(WITH_TABLES)))
            finally:
                server.execute(f"DROP DATABASE {name}")  # FORCE may not end an autovacuum; this does


_THERE_AND_BACK = """
import sys
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
import django
django.setup()
from django.core.management import call_command
for app in sys.argv[2:]:
    call_command("migrate", app, "zero", verbosity=0)
call_command("migrate", verbosity=0)
call_command("makemigrations", check=True, dry_run=True, verbosity=0)
"""


def _in_a_process(name: str, program: str, apps: list[str]) -> None:
    """Migrations cannot be undone under the running process, whose database is another one."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-c", program, name, *apps]
    done = subprocess.run(words, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
