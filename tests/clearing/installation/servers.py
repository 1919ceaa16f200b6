"""PostgreSQL servers of their own for installations that are killed: one for the central, one for the branch.

    with running(template, folder) as server:      a copy of a stopped server's folder, started
        server.copy("central", "one")              CREATE DATABASE … TEMPLATE …

They lie where the tests' server lies. Nothing waits for the disk, but each commit is written before it is answered, so
that a killed server has all that it has promised.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

from launch.cluster import WEB_ROLE, Cluster
from launch.init_cluster import SUPERUSER, programs

SECONDS = 30


class Server:
    """One server, whose folder lies in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.cluster = Cluster(folder=folder, durable=False)

    def start(self) -> None:
        """Start it, also after it was killed."""
        self.cluster.start()

    def stop(self) -> None:
        """As its administrator does."""
        self.cluster.stop()

    def kill(self) -> None:
        """Kill the postmaster. Its processes notice it and end."""
        self._end(signal.SIGKILL)

    def stop_at_once(self) -> None:
        """`pg_ctl stop -m immediate`."""
        self._end(signal.SIGQUIT)

    def _end(self, number: signal.Signals) -> None:
        postmaster = self.cluster.postmaster()
        assert postmaster is not None
        children = postmaster.children()
        postmaster.send_signal(number)
        deadline = time.monotonic() + SECONDS
        while any(map(_is_there, (postmaster, *children))):
            if time.monotonic() > deadline:
                raise AssertionError("the server does not end")
            time.sleep(0.005)

    def wait_until_it_answers(self) -> None:
        """After one of its processes was killed it begins anew by itself."""
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                self.ask("postgres", "SELECT 1")
            except psycopg.OperationalError:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            else:
                return

    def url(self, database: str) -> str:
        """For an installation, as the web role."""
        return self.cluster.url(role=WEB_ROLE, database=database)

    def open(self, database: str, **more: Any) -> psycopg.Connection[Any]:
        """A connection to look on and to do what people do, for whom all rows exist."""
        return psycopg.connect(self.cluster.url(role=SUPERUSER, database=database), **{"autocommit": True, **more})

    def ask(self, database: str, question: str, *parameters: Any) -> list[Any]:
        """The rows that the question finds; none for a statement."""
        with self.open(database) as connection:
            found = connection.execute(question.encode(), parameters or None)
            return found.fetchall() if found.description else []

    def copy(self, template: str, name: str) -> None:
        """A database like another one, on which nobody works."""
        with self.open("postgres") as connection:
            self._drop(connection, name)
            names = (sql.Identifier(name), sql.Identifier(template))
            deadline = time.monotonic() + SECONDS
            while True:
                try:
                    connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(*names))
                except psycopg.errors.ObjectInUse:  # whoever has just hung up was not noticed yet
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.01)
                else:
                    break
            # The privileges of a database are not copied with it (see mcp/isolation/database_roles.py).
            connection.execute(sql.SQL("REVOKE CREATE, TEMPORARY ON DATABASE {} FROM PUBLIC").format(names[0]))

    def drop(self, name: str) -> None:
        """Let a database go, whoever is still on it."""
        with self.open("postgres") as connection:
            self._drop(connection, name)

    def rename(self, name: str, new: str) -> None:
        """The database gets the name of another one, which goes."""
        with self.open("postgres") as connection:
            self._drop(connection, new)
            connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*map(sql.Identifier, (name, new))))

    def set_life(self, name: str, life: str) -> None:
        """Which life of its database an installation takes this one for (see clearing/lives.py)."""
        with self.open("postgres") as connection:
            connection.execute(
                sql.SQL("ALTER DATABASE {} SET stammhaus.life = {}").format(sql.Identifier(name), sql.Literal(life))
            )

    def end_sessions(self, database: str) -> None:
        """Hang up on everybody who works on the database."""
        self.ask(
            "postgres",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND usename = %s",
            database,
            WEB_ROLE,
        )

    @staticmethod
    def _drop(connection: psycopg.Connection[Any], name: str) -> None:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def running(template: Path, folder: Path) -> Iterator[Server]:
    """A server from the folder of a stopped one; stopped and forgotten in the end."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run(["cp", "-a", f"{template}/.", str(folder)], check=True)
    server = Server(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def carry_over(source: str, server: Server, name: str) -> None:
    """A database from any server, made on this one."""
    folder, environment = programs() / "bin", {**os.environ, "LC_ALL": "C"}
    server.ask("postgres", f'CREATE DATABASE "{name}" OWNER stammhaus')
    # The owner is let through by row security, and has to say that he wants to read by it.
    dump = subprocess.run(
        [folder / "pg_dump", "--enable-row-security", source], capture_output=True, env=environment, check=False
    )
    assert dump.returncode == 0, dump.stderr.decode()
    taken = subprocess.run(
        [folder / "psql", "-q", "-v", "ON_ERROR_STOP=1", server.cluster.url(role=SUPERUSER, database=name)],
        input=dump.stdout, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment, check=False,
    )  # fmt: skip
    assert taken.returncode == 0, taken.stderr.decode()


def _is_there(process: psutil.Process) -> bool:
    """Whether it has not ended yet; between two questions it may."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
