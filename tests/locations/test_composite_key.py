"""The foreign key over several columns: what migrations write down, what the database gets, what `full_clean` asks."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.migrations.writer import MigrationWriter

from locations.constraints import CompositeForeignKey
from locations.models import Location

KEY = CompositeForeignKey(
    fields=["organization", "base"],
    to="locations.CustomerBase",
    to_fields=["organization", "id"],
    name="probe",
    violation_error_message="Of another business.",
)


def test_key_survives_deconstruction():
    _path, args, kwargs = KEY.deconstruct()
    again = CompositeForeignKey(*args, **kwargs)
    assert (again, hash(again)) == (KEY, hash(KEY))
    assert KEY.clone() == KEY


def test_key_is_written_into_a_migration():
    text, _imports = MigrationWriter.serialize(KEY)
    assert "CompositeForeignKey(fields=('organization', 'base')" in text


def test_keys_that_differ_are_not_equal():
    _path, _args, kwargs = KEY.deconstruct()
    assert CompositeForeignKey(**{**kwargs, "to_fields": ("id", "organization")}) != KEY
    assert object() != KEY


def test_columns_that_do_not_pair_are_refused():
    with pytest.raises(ValueError, match="2 fields cannot refer to 1 columns"):
        CompositeForeignKey(fields=["organization", "base"], to="locations.CustomerBase", to_fields=["id"], name="odd")


def test_key_is_created_deferred_and_removed_again(db, as_owner):
    with connection.schema_editor() as editor:
        created, removed = str(KEY.create_sql(Location, editor)), str(KEY.remove_sql(Location, editor))
        editor.execute(created)
        assert _definition() == (
            "FOREIGN KEY (organization_id, base_id) REFERENCES locations_customerbase(organization_id, id) "
            "DEFERRABLE INITIALLY DEFERRED"
        )
        editor.execute(removed)
    assert _definition() is None


def _definition():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'probe'")
        row = cursor.fetchone()
    return row[0] if row else None


def test_row_of_another_business_is_refused_and_an_excluded_or_empty_field_is_not(cast):
    hamburg = cast.location("Hamburg")
    KEY.validate(Location, hamburg)
    hamburg.base = cast.location("München", 20800).base
    with pytest.raises(ValidationError) as caught:
        KEY.validate(Location, hamburg)
    assert (caught.value.code, caught.value.messages) == ("foreign_row", ["Of another business."])
    KEY.validate(Location, hamburg, exclude={"base"})
    hamburg.base_id = None
    KEY.validate(Location, hamburg)
