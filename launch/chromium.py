"""Find the Chromium for the browser tests; `python -m launch.chromium` installs it where that can be done."""

import os
import shutil

from launch import debian
from launch.problem import CannotStart

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def find() -> str | None:
    """The path of the browser: CHROMIUM names one, else the first that is installed."""
    named = os.environ.get("CHROMIUM")
    return shutil.which(named) if named else next(filter(None, map(shutil.which, _NAMES)), None)


def ensure() -> str:
    """The path, after installing Debian's package if need be. Raises CannotStart with the way to get it."""
    found = find()
    if found is None and debian.can_install():
        debian.install("chromium")
        found = find()
    if found is None:
        raise CannotStart(
            "The browser tests need Chromium, and none was found. Install it (apt install chromium), "
            "name one in CHROMIUM, or leave those tests out: make test-fast"
        )
    return found


if __name__ == "__main__":
    ensure()
