"""Statements that are written but not committed yet: whoever decides about a whole base waits for them.

    writers   take the lock of their base together, each to the end of its transaction (the triggers below)
    deciding  waits for all of them, and is told the moment at which none was open (`quiet_moment`)

The triggers stamp a statement after they have the lock. So whatever was recorded up to that moment is committed then,
and whatever was not seen is recorded later.
"""

from __future__ import annotations

import time
from datetime import datetime

import pgtrigger
from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

from locations.row_policies import CLEARING_ROLE

LOCK = 4_711_001
"""With the number of the base it is the name of the lock."""
ATTEMPT, PAUSE = 1, 0.2
"""Seconds. Whoever wants to write waits behind one who waits here: never longer than for one attempt."""

_HOLD = f"PERFORM pg_advisory_xact_lock_shared({LOCK}, {{row}}.base_id::integer);"

CONSENT_OPEN = pgtrigger.Trigger(
    name="open_until_committed",
    operation=pgtrigger.Insert,
    when=pgtrigger.Before,
    func=f"""
        {_HOLD.format(row="NEW")}
        IF NEW.recorded_at >= now() AND current_user <> '{CLEARING_ROLE}' THEN
            IF NEW.at = NEW.recorded_at THEN
                NEW.at := clock_timestamp();
                NEW.recorded_at := NEW.at;
            ELSE
                NEW.recorded_at := clock_timestamp();
            END IF;
        END IF;
        RETURN NEW;
    """,
)
"""What is said now is said when its turn has come, and recorded at the same moment. What a reconciliation brings was
recorded at the other side, by whatever clock."""

CONSENT_GOING = pgtrigger.Trigger(
    name="going_until_committed",
    operation=pgtrigger.Delete,
    when=pgtrigger.Before,
    func=f"""
        {_HOLD.format(row="OLD")}
        RETURN OLD;
    """,
)

CUSTOMER_OPEN = pgtrigger.Trigger(
    name="open_until_committed",
    operation=pgtrigger.Update,
    when=pgtrigger.Before,
    condition=pgtrigger.Condition(
        "((OLD.archived_at, OLD.is_blocked, OLD.home_location_id) IS DISTINCT FROM "
        "(NEW.archived_at, NEW.is_blocked, NEW.home_location_id))"
    ),
    func=f"""
        {_HOLD.format(row="NEW")}
        RETURN NEW;
    """,
)
"""What keeps a customer from being carried over besides his consents."""


class StillOpen(Exception):
    """Somebody is recording in this base and does not come to an end."""


def quiet_moment(base: int, *, seconds: float) -> datetime:
    """A moment, by the clock of the database, up to which everything recorded in the base is committed.

    Waits `seconds` for those who are recording, perhaps an import, then raises StillOpen. Nobody waits for it
    afterwards. Needs a transaction.
    """
    deadline = time.monotonic() + seconds
    while (moment := _attempt(base)) is None:
        if time.monotonic() >= deadline:
            raise StillOpen
        time.sleep(PAUSE)
    return moment


def _attempt(base: int) -> datetime | None:
    """Try once; the lock is released with the savepoint. None where it was not free in time."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{ATTEMPT}s'")
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s::integer)", [LOCK, base])
            cursor.execute("SELECT clock_timestamp()")
            moment: datetime = cursor.fetchone()[0]
            transaction.set_rollback(True)
            return moment
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            return None
        raise
