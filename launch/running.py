"""Which process runs the installation of a folder, and where: it holds a lock there for as long as it lives."""

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from launch import folders
from launch.problem import CannotStart

STOP_SECONDS = 60
TURN_SECONDS = 0.1
LONGEST = 200


@contextmanager
def noted(address: str = "") -> Iterator[None]:
    """While the block runs this process is the one that `stop` ends, and serves at this address.

    A second one of the same folder is not noted.
    """
    file = _open()
    try:
        if _is_free(file):
            os.truncate(file, 0)
            os.pwrite(file, "".join(f"{line}\n" for line in (os.getpid(), address) if line).encode(), 0)
        yield
    finally:
        os.close(file)


def address() -> str:
    """Where the installation of the folder is served; empty where none runs."""
    if not _path().exists():
        return ""
    file = _open()
    try:
        return "" if _is_free(file) else [*_lines(file), "", ""][1]
    finally:
        os.close(file)


def stop() -> bool:
    """End the process that runs there, if any, and wait until it is gone; returns whether there was one.

    Raises CannotStart where it does not end.
    """
    if not _path().exists():
        return False
    file = _open()
    try:
        if _is_free(file):
            return False
        os.kill(int(_lines(file)[0]), signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while not _is_free(file):
            if time.monotonic() > deadline:
                raise CannotStart("What runs there does not stop. Stop it with Ctrl-C, and try again.")
            time.sleep(TURN_SECONDS)
        return True
    finally:
        os.close(file)


def _path() -> Path:
    return folders.var() / "running.lock"


def _open() -> int:
    return os.open(_path(), os.O_RDWR | os.O_CREAT, 0o600)


def _lines(file: int) -> list[str]:
    """The process and its address."""
    return os.pread(file, LONGEST, 0).decode().splitlines()


def _is_free(file: int) -> bool:
    """Whether nobody else holds the lock; from then on this file does."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
