"""What a command needs in the environment before Django starts."""

import atexit
import os
import secrets
import signal
import sys
from pathlib import Path
from types import FrameType

from launch import embedded, folders
from launch.problem import CannotStart

_NO_KEY = (
    "SECRET_KEY is not set, and with a DATABASE_URL of your own it must be. Make one and keep it: "
    "python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"
)


def prepare() -> None:
    """Fill in DATABASE_URL and SECRET_KEY where they are missing.

    Without DATABASE_URL the embedded PostgreSQL runs until this process, or the last that uses it, ends.
    """
    if os.environ.get("DATABASE_URL"):
        if not os.environ.get("SECRET_KEY"):
            raise CannotStart(_NO_KEY)
        return
    handle = embedded.join()
    atexit.register(handle.close)
    _leave_on_sigterm()
    os.environ.update(DATABASE_URL=handle.url, DATABASE_OWNER_URL=handle.owner_url)
    if not os.environ.get("SECRET_KEY"):
        os.environ["SECRET_KEY"] = secret_key(folders.var() / "secret_key")


def secret_key(path: Path) -> str:
    """The key in the file, readable for its owner alone; made whole or not at all when missing."""
    if not path.exists():
        _write_once(path, secrets.token_urlsafe(50))
    return path.read_text(encoding="ascii").strip()


def _write_once(path: Path, text: str) -> None:
    """Two processes may come here at once: the first one's file stands."""
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
    """A plain SIGTERM would end the process before the server is given back."""
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _leave)


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)
