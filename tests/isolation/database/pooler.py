"""pgbouncer in transaction mode before the database of the tests: connections are handed on at each commit."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from launch import debian
from launch.os_user import Account

PORT = 6432  # only part of the socket's name
START_SECONDS = 20
_CONFIGURATION = """\
[databases]
{name} = host={host} port={port} dbname={name}

[pgbouncer]
listen_addr =
unix_socket_dir = {folder}
listen_port = {listen}
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 200
logfile = {folder}/log
pidfile = {folder}/pid
ignore_startup_parameters = extra_float_digits,options
"""


@contextmanager
def pooled(database: dict[str, Any], *, user: str, size: int) -> Iterator[dict[str, Any]]:
    """The connection parameters of the same database behind a pool of `size` connections."""
    program = debian.ensure("pgbouncer", package="pgbouncer", needed_by="The test of the pooler")
    account = _account(Path(database["host"]))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder, account, database, user, size)
        process = _start(program, folder, account)
        try:
            parameters = {**database, "host": str(folder), "port": PORT}
            _wait(parameters, user, process)
            yield parameters
        finally:
            process.terminate()
            process.wait(timeout=10)


def _account(sockets: Path) -> Account:
    """Who owns the server's sockets may open them; and pgbouncer does not run as root."""
    owner = sockets.stat()
    return Account(uid=owner.st_uid, gid=owner.st_gid)


def _write(folder: Path, account: Account, database: dict[str, Any], user: str, size: int) -> None:
    text = _CONFIGURATION.format(
        name=database["dbname"],
        host=database["host"],
        port=database["port"],
        folder=folder,
        listen=PORT,
        size=size,
    )
    (folder / "pgbouncer.ini").write_text(text)
    (folder / "users").write_text(f'"{user}" ""\n')
    for path in (folder, *folder.iterdir()):
        account.own(path)


def _start(program: str, folder: Path, account: Account) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [program, "-q", str(folder / "pgbouncer.ini")],
        cwd="/",
        user=None if account.is_caller else account.uid,
        group=None if account.is_caller else account.gid,
        extra_groups=None if account.is_caller else [],
    )


def _wait(parameters: dict[str, Any], user: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(**{**_reachable(parameters), "user": user}).close()
        except psycopg.OperationalError:
            assert process.poll() is None, "pgbouncer has ended"
            assert time.monotonic() < deadline, "pgbouncer does not answer"
            time.sleep(0.1)
        else:
            return


def _reachable(parameters: dict[str, Any]) -> dict[str, Any]:
    return {key: parameters[key] for key in ("host", "port", "dbname")}
