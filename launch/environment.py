"""Fills in the environment variables that a command needs before Django starts."""

import argparse
import atexit
import os
import secrets
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from launch import embedded, folders, side
from launch.problem import CannotStart

_KEYS = {"SECRET_KEY": "secret_key", "TOMBSTONE_KEY": "tombstone_key"}
"""The variables that hold keys, each with the name of the file in `var/` where it stands if no variable says it."""
_NO_KEY = (
    "{name} is not set, and with a DATABASE_URL of your own it must be. Make one and keep it: "
    "python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"
)

SERVING = {"procrastinate", "runserver"}
"""Commands that run on, for which the log is what they say."""
TALKATIVE = 2
"""The verbosity from which on a command writes its log as well."""


def prepare() -> None:
    """Set SIDE, DATABASE_URL, DATABASE_OWNER_URL and the keys where they are missing. Raises CannotStart.

    Without DATABASE_URL the embedded PostgreSQL is started; it runs until this process, or the last one that uses it,
    ends.
    """
    side.settle()
    if os.environ.get("DATABASE_URL"):
        for name in _KEYS:
            if not os.environ.get(name):
                raise CannotStart(_NO_KEY.format(name=name))
        return
    handle = embedded.join()
    atexit.register(handle.close)
    _leave_on_sigterm()
    os.environ.update(DATABASE_URL=handle.url, DATABASE_OWNER_URL=handle.owner_url)
    for name, file in _KEYS.items():
        if not os.environ.get(name):
            os.environ[name] = secret_key(folders.var() / file)


def keep_log_quiet(arguments: Sequence[str]) -> None:
    """Let a command say warnings only beside what it prints, unless it serves or was asked to say more (-v 2).

    LOG_LEVEL, where it is set, stands.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("-v", "--verbosity", type=int, default=1)
    try:
        verbosity = parser.parse_known_args(arguments[1:])[0].verbosity
    except argparse.ArgumentError:  # the command itself refuses it
        verbosity = 1
    if verbosity < TALKATIVE and not SERVING.intersection(arguments[:1]):
        os.environ.setdefault("LOG_LEVEL", "WARNING")


def secret_key(path: Path) -> str:
    """The key in the file, which only its owner can read; the file is made if it is missing."""
    if not path.exists():
        _write_once(path, secrets.token_urlsafe(50))
    return path.read_text(encoding="ascii").strip()


def _write_once(path: Path, text: str) -> None:
    """Write the file, if it does not exist. Of two processes at once the first one's file stays."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text + "\n")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _leave_on_sigterm() -> None:
    """Exit normally on SIGTERM, so that the share in the server is given back."""
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _leave)


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)
