"""Fills in the environment variables that a command needs before Django starts."""

import atexit
import os
import secrets
import signal
import sys
from pathlib import Path
from types import FrameType

from launch import embedded, folders
from launch.problem import CannotStart

_KEYS = {"SECRET_KEY": "secret_key", "TOMBSTONE_KEY": "tombstone_key"}
"""The variables that hold keys, each with the name of the file in `var/` where it stands if no variable says it."""
_NO_KEY = (
    "{name} is not set, and with a DATABASE_URL of your own it must be. Make one and keep it: "
    "python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"
)


def prepare() -> None:
    """Set DATABASE_URL, DATABASE_OWNER_URL and the keys where they are missing. Raises CannotStart.

    Without DATABASE_URL the embedded PostgreSQL is started; it runs until this process, or the last one that uses it,
    ends.
    """
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
