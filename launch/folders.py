"""The folders for what the project writes while it runs."""

import hashlib
import os
import shutil
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
MEMORY = Path("/dev/shm")  # noqa: S108  # what lies there is taken only if it is our own
ROOM = 4 * 1024**3
"""Bytes that have to be free in memory for the server of the tests to lie there."""
_PREFIX = "stammhaus-tests"
_OF_PROJECT = "project"


def var() -> Path:
    """The folder for database, keys and logs: `var/`, of a branch `var/branch`, or what STAMMHAUS_VAR names."""
    own = PROJECT / "var" / "branch" if os.environ.get("SIDE", "").strip() == "branch" else PROJECT / "var"
    return Path(os.environ.get("STAMMHAUS_VAR") or own).expanduser().resolve()


def for_tests() -> Path:
    """The folder of the tests' server: in memory where enough is free, else in `var/`.

    Each test with real transactions leaves a new copy of the database, of a thousand files. On a disk a file system
    takes long to use the blocks of deleted files again: with ext4 a copy takes seven times as long.
    """
    folder = _in_memory()
    is_there = folder.is_dir() and not folder.is_symlink() and folder.stat().st_uid == os.getuid()
    if os.environ.get("STAMMHAUS_VAR") or not (is_there or _has_room()):
        return var() / "postgres-tests"
    forget_tests_of_lost_projects()
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / _OF_PROJECT).write_text(str(PROJECT), encoding="utf-8")
    return folder


def forget_tests() -> None:
    """Delete what the tests of this project have left in memory."""
    shutil.rmtree(_in_memory(), ignore_errors=True)


def forget_tests_of_lost_projects() -> None:
    """Delete what tests have left in memory whose project folder does not exist any more."""
    for note in MEMORY.glob(f"{_PREFIX}-{os.getuid()}-*/{_OF_PROJECT}"):
        if note.stat().st_uid == os.getuid() and not Path(note.read_text(encoding="utf-8")).is_dir():
            shutil.rmtree(note.parent, ignore_errors=True)


def _in_memory() -> Path:
    digest = hashlib.sha256(os.fsencode(PROJECT)).hexdigest()[:12]
    return MEMORY / f"{_PREFIX}-{os.getuid()}-{digest}"


def _has_room() -> bool:
    """Whether enough memory is free, and nobody else has made a folder of this name."""
    try:
        return not _in_memory().exists() and shutil.disk_usage(MEMORY).free >= ROOM
    except OSError:
        return False
