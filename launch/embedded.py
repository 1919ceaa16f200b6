"""The embedded PostgreSQL, shared by all processes that use it.

Each process that uses the server holds a shared lock on one file while it lives; the system releases it however the
process ends. A process that gets the exclusive lock when it leaves was the last one, and stops the server.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from launch import folders
from launch.cluster import WEB_ROLE, Cluster


class Handle:
    """A share in the running server. Close it, or use it in a `with` statement."""

    def __init__(self, cluster: Cluster) -> None:
        """Start the server, or use the one that runs. Raises CannotStart with a sentence for the user."""
        self.cluster = cluster
        self._process = os.getpid()
        cluster.folder.mkdir(parents=True, exist_ok=True)
        with _start_lock(cluster.folder):
            cluster.start()
            self._users: int | None = _open(cluster.folder / "users.lock")
            fcntl.flock(self._users, fcntl.LOCK_SH)

    @property
    def url(self) -> str:
        """DATABASE_URL over the socket, with the web role."""
        return self.cluster.url(role=WEB_ROLE)

    @property
    def owner_url(self) -> str:
        """DATABASE_OWNER_URL over the socket, with the role that owns the tables."""
        return self.cluster.url()

    def close(self) -> None:
        """Give the share back; the last one stops the server. In a forked child it does nothing."""
        if self._users is None or self._process != os.getpid():
            return
        with _start_lock(self.cluster.folder):
            os.close(self._users)
            self._users = None
            if _is_last(self.cluster.folder):
                self.cluster.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def join() -> Handle:
    """The project's own server, in `var/postgres`."""
    return Handle(Cluster(folder=folders.var() / "postgres"))


def join_for_tests() -> Handle:
    """The server of the tests: faster, and without safety against a crash of the machine."""
    return Handle(Cluster(folder=folders.for_tests(), durable=False))


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


@contextmanager
def _start_lock(folder: Path) -> Iterator[None]:
    """One process at a time starts or stops the server, joins or leaves it."""
    lock = _open(folder / "start.lock")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _is_last(folder: Path) -> bool:
    lock = _open(folder / "users.lock")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(lock)
