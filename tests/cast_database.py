"""The database with the cast: made once for each state of the tables and of the cast, and copied from then on.

Every process of a run copies it for itself, and so does whoever has emptied the tables: a copy takes a tenth of a
second, the migrations twenty. It stays on the server of the tests until the files that it is made of change.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection
from psycopg import sql

ROOT = Path(__file__).resolve().parents[1]
MADE_OF = (
    "locations/**/*.py", "mcp/**/*.py", "customers/*.py", "customers/models/*.py", "customers/triggers/*.py",
    "customers/migrations/*.py", "transitions/*.py", "transitions/models/*.py", "transitions/migrations/*.py",
    "api/models.py", "api/triggers.py", "api/migrations/*.py", "privacy/models.py", "privacy/migrations/*.py",
    "clearing/*.py", "clearing/models/*.py", "clearing/migrations/*.py", "accounting/choices.py",
    "accounting/letter_choices.py", "accounting/letter_triggers.py", "accounting/querysets.py",
    "accounting/receivable_triggers.py", "accounting/triggers.py", "accounting/banking/*.py", "accounting/models/*.py",
    "accounting/migrations/*.py", "accounting/migrations/functions/*.sql", "files/*.py", "requirements.txt",
    "tests/conftest.py", "tests/settings.py", "tests/cast_database.py",
)  # fmt: skip
"""What decides how the tables are, who may use them, and who the cast is."""
_PREFIX = "cast_"
SECONDS_TO_LEAVE = 30
_LOCK = 7_010_400
"""One process makes it, the others of the run wait."""


def ensure(build: Callable[[], None]) -> str:
    """The name of a database with all tables and the cast; made where there is none yet.

    `build` fills it. The connection of the tests is that of the owner before and after.
    """
    name = f"{_PREFIX}{state_of_files()[:16]}"
    with _server() as server:
        server.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        known = {row[0] for row in server.execute("SELECT datname FROM pg_database WHERE datname LIKE 'cast\\_%'")}
        if name not in known:
            for old in known:
                _drop_unless_used(server, old)
            _make(server, name, build)
        _hold(name)
    return name


_held: list[psycopg.Connection[Any]] = []


def _hold(name: str) -> None:
    """As long as this process lives nobody drops the database that it copies."""
    connected = psycopg.connect(**_parameters(), autocommit=True)
    connected.execute("SELECT pg_advisory_lock_shared(%s)", [_lock_of(name)])
    _held.append(connected)


def let_go() -> None:
    """The run is over: another one may drop the database that this process has copied."""
    while _held:
        _held.pop().close()


def _drop_unless_used(server: psycopg.Connection[Any], name: str) -> None:
    """A run of another state of the files, on the same server, goes on with its own."""
    [is_free] = server.execute("SELECT pg_try_advisory_lock(%s)", [_lock_of(name)]).fetchone() or (False,)
    if is_free:
        _drop(server, name)
        server.execute("SELECT pg_advisory_unlock(%s)", [_lock_of(name)])


def _lock_of(name: str) -> int:
    return int(name.removeprefix(_PREFIX)[:15], 16)


def state_of_files() -> str:
    """The hash of everything that the database is made of, as it lies in the folder now."""
    digest = hashlib.sha256(str(settings.TRIGGER_LEVEL).encode())
    for path in sorted({path for pattern in MADE_OF for path in ROOT.glob(pattern)}):
        digest.update(f"{path.relative_to(ROOT)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def copy_again() -> None:
    """Replace the database of this process by a new copy: tables, sequences and statistics are as at the start."""
    own = connection.settings_dict
    name, template = (sql.Identifier(each) for each in (own["NAME"], own["TEST"]["TEMPLATE"]))
    connection.close()
    with _server() as server:
        _drop(server, own["NAME"])
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(name, template))
        # The privileges of a database are not copied with it (see mcp/isolation/database_roles.py).
        server.execute(sql.SQL("REVOKE CREATE, TEMPORARY ON DATABASE {} FROM PUBLIC").format(name))


def demand_alone() -> None:
    """Wait until nobody but this connection is on the database of this process, which is about to be dropped.

    Raises RuntimeError that says who stays: a thread or a program that a test has left behind.
    """
    sql = """SELECT usename, application_name, state, left(query, 200) FROM pg_stat_activity
        WHERE datname = %s AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""
    deadline = time.monotonic() + SECONDS_TO_LEAVE
    name = connection.settings_dict["NAME"]
    connection.close()
    with _server() as server:
        while others := server.execute(sql, [name]).fetchall():
            if time.monotonic() > deadline:
                raise RuntimeError(f"still on {name}: {others}")
            time.sleep(0.05)


def _make(server: psycopg.Connection[Any], name: str, build: Callable[[], None]) -> None:
    """Under another name until it is whole, so that nobody copies half of one."""
    own, unfinished = connection.settings_dict, f"unfinished_{name}"
    before, test = own["NAME"], dict(own["TEST"])
    own["TEST"] |= {"NAME": unfinished, "TEMPLATE": None}
    _drop(server, unfinished)
    try:
        connection.creation.create_test_db(verbosity=0, autoclobber=True)
        build()
    finally:
        connection.close()
        own["NAME"], own["TEST"] = before, test
    server.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(unfinished), sql.Identifier(name)))


def _drop(server: psycopg.Connection[Any], name: str) -> None:
    """Whoever has just hung up may not have been noticed by the server yet."""
    deadline = time.monotonic() + SECONDS_TO_LEAVE
    while True:
        try:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
        except psycopg.errors.ObjectInUse:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


@contextmanager
def _server() -> Iterator[psycopg.Connection[Any]]:
    """A connection to the server as the owner, outside of the databases that come and go."""
    with psycopg.connect(**_parameters(), autocommit=True) as server:
        yield server


def _parameters() -> dict[str, Any]:
    parameters = {**connection.get_connection_params(), "dbname": "postgres"}
    return {key: parameters[key] for key in ("host", "port", "user", "password", "dbname") if parameters.get(key)}
