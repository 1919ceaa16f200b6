"""Where the project keeps what it makes while running."""

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def var() -> Path:
    """The folder for the local database, keys and logs: `var/`, or what STAMMHAUS_VAR names."""
    return Path(os.environ.get("STAMMHAUS_VAR") or PROJECT / "var").expanduser().resolve()
