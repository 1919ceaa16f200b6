"""Tables of a version before the first release are left as they are, and the sentence says how to begin anew."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from tests.conftest import log_in_to_database


@pytest.fixture
def _as_owner(transactional_db):
    log_in_to_database(connection, "DATABASE_OWNER_URL")
    yield
    log_in_to_database(connection, "DATABASE_URL")


@pytest.mark.usefixtures("_as_owner")
def test_migrations_that_nobody_knows_any_more_stop_the_next_one():
    recorder = MigrationRecorder(connection)
    before = recorder.applied_migrations()
    recorder.record_applied("customers", "0034_expired_files_are_cleared_once")
    try:
        with pytest.raises(CommandError, match=r"before the first release.*nothing was changed.*import that file"):
            call_command("migrate", verbosity=0)
    finally:
        recorder.record_unapplied("customers", "0034_expired_files_are_cleared_once")
    assert recorder.applied_migrations().keys() == before.keys()


@pytest.mark.usefixtures("_as_owner")
def test_other_peoples_tables_are_none_of_ours():
    recorder = MigrationRecorder(connection)
    recorder.record_applied("elsewhere", "0001_initial")
    try:
        call_command("migrate", verbosity=0)
    finally:
        recorder.record_unapplied("elsewhere", "0001_initial")
