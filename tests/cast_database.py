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
from django.db import connection
from psycopg import sql

ROOT = Path(__file__).resolve().parents[1]
MADE_OF = (
    "*/migrations/*.py", "*/triggers.py", "*/models.py", "*/models/*.py", "*/permissions.py", "locations/**/*.py",
    "mcp/**/*.py", "requirements.txt", "tests/conftest.py", "tests/cast_database.py",
)  # fmt: skip
"""What decides how the tables are and who the cast is."""
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
                _drop(server, old)
            _make(server, name, build)
    return name


def state_of_files() -> str:
    """The hash of everything that the database is made of, as it lies in the folder now."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in MADE_OF for path in ROOT.glob(pattern)}):
        digest.update(f"{path.relative_to(ROOT)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def copy_again() -> None:
    """Replace the database of this process by a new copy: tables, sequences and statistics are as at the start."""
    settings = connection.settings_dict
    name, template = (sql.Identifier(each) for each in (settings["NAME"], settings["TEST"]["TEMPLATE"]))
    connection.close()
    with _server() as server:
        _drop(server, settings["NAME"])
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, template))
        # The privileges of a database are not copied with it (see mcp/roles.py).
        server.execute(sql.SQL("REVOKE CREATE, TEMPORARY ON DATABASE {} FROM PUBLIC").format(name))


def _make(server: psycopg.Connection[Any], name: str, build: Callable[[], None]) -> None:
    """Under another name until it is whole, so that nobody copies half of one."""
    settings, unfinished = connection.settings_dict, f"unfinished_{name}"
    before, test = settings["NAME"], dict(settings["TEST"])
    settings["TEST"] |= {"NAME": unfinished, "TEMPLATE": None}
    _drop(server, unfinished)
    try:
        connection.creation.create_test_db(verbosity=0, autoclobber=True)
        build()
    finally:
        connection.close()
        settings["NAME"], settings["TEST"] = before, test
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
    parameters = {**connection.get_connection_params(), "dbname": "postgres"}
    known = {key: parameters[key] for key in ("host", "port", "user", "password", "dbname") if parameters.get(key)}
    with psycopg.connect(**known, autocommit=True) as server:
        yield server
