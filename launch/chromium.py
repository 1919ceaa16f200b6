"""Finds the Chromium for the browser tests. `python -m launch.chromium` installs it, as root on Debian."""

import os
import shutil

from launch import debian
from launch.problem import CannotStart

SHELL = "chromium-headless-shell"
"""Chromium without windows: it renders the same, with less than half of the processor time."""
_NAMES = (SHELL, "chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def find() -> str | None:
    """The path of the browser: CHROMIUM names one, else the first that is installed."""
    named = os.environ.get("CHROMIUM")
    return shutil.which(named) if named else next(filter(None, map(shutil.which, _NAMES)), None)


def ensure() -> str:
    """The path; installs Chromium if there is none. Raises CannotStart with the way to get it."""
    found = find()
    for package in (SHELL, "chromium"):
        if found is None and debian.can_install():
            debian.install(package)
            found = find()
    if found is None:
        raise CannotStart(
            "The browser tests need Chromium, and none was found. Install it (apt install chromium), "
            "name one in CHROMIUM, or leave those tests out: make test-fast"
        )
    return found


def prefer_shell() -> None:
    """Install the headless shell, if that is possible and CHROMIUM names no other browser."""
    if not os.environ.get("CHROMIUM") and shutil.which(SHELL) is None and debian.can_install():
        debian.install(SHELL)


if __name__ == "__main__":
    prefer_shell()
    ensure()
