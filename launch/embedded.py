"""The embedded PostgreSQL, shared by every process that asks for it.

Each user of the server holds a shared lock on one file for as long as it lives; the system lets go of it
however the process ends. Whoever gets the exclusive lock when leaving was the last one and stops the server.
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
        """Start the server or join it. Raises CannotStart with the sentence for the user."""
        self.cluster = cluster
        self._process = os.getpid()
        cluster.folder.mkdir(parents=True, exist_ok=True)
        with _start_lock(cluster.folder):
            cluster.start()
            self._users: int | None = _open(cluster.folder / "users.lock")
            fcntl.flock(self._users, fcntl.LOCK_SH)

    @property
    def url(self) -> str:
        """A DATABASE_URL over the socket, as the role that owns nothing."""
        return self.cluster.url(role=WEB_ROLE)

    @property
    def owner_url(self) -> str:
        """A DATABASE_OWNER_URL over the socket: the role that migrates, without special rights."""
        return self.cluster.url()

    def close(self) -> None:
        """Give the share back; the last one stops the server. A forked child's copy does nothing."""
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
    """The project's own database in `var/postgres`."""
    return Handle(Cluster(folder=folders.var() / "postgres"))


def join_for_tests() -> Handle:
    """A server apart for the tests: fast, and forgetful when the machine crashes."""
    return Handle(Cluster(folder=folders.for_tests(), durable=False))


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


@contextmanager
def _start_lock(folder: Path) -> Iterator[None]:
    """Only one process at a time starts, stops, comes or goes."""
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
