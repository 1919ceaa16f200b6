"""Tables of a version before the first release are left as they are, and the sentence says how to begin anew."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.core.management.commands import migrate
from django.db.migrations.recorder import MigrationRecorder


@pytest.fixture
def migrated(monkeypatch) -> list[Any]:
    """What Django would do, which is only noted."""
    found: list[Any] = []
    monkeypatch.setattr(migrate.Command, "handle", lambda _command, *_args, **options: found.append(options))
    return found


@pytest.mark.parametrize(
    ("recorded", "is_refused"),
    [
        (("customers", "0034_expired_files_are_cleared_once"), True),
        (("mcp", "0010_updates_are_planned_for_their_rows"), True),
        (("elsewhere", "0001_initial"), False),
        (("customers", "0002_initial"), True),
        (("customers", "0002_tables"), True),
        (("customers", "0002_customers"), True),
        (("customers", "0002_master"), True),
        (("customers", "0002_master_and_erasures"), False),
        (("locations", "0002_initial"), True),
        (("accounting", "0001_ledger"), True),
        (("accounting", "0001_tables"), False),
    ],
)
def test_migrations_that_nobody_knows_any_more_stop_the_next_one(db, monkeypatch, migrated, recorded, is_refused):
    known = MigrationRecorder.applied_migrations
    monkeypatch.setattr(MigrationRecorder, "applied_migrations", lambda recorder: {**known(recorder), recorded: None})
    if is_refused:
        with pytest.raises(CommandError, match=r"before the first release.*nothing was changed.*import that file"):
            call_command("migrate", verbosity=0)
    else:
        call_command("migrate", verbosity=0)
    assert bool(migrated) is not is_refused
