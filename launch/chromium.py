"""Find the Chromium for the browser tests; `python -m launch.chromium` installs it where that can be done."""

import os
import shutil
import subprocess

from launch.problem import CannotStart

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def find() -> str | None:
    """The path of the browser: CHROMIUM names one, else the first that is installed."""
    named = os.environ.get("CHROMIUM")
    return shutil.which(named) if named else next(filter(None, map(shutil.which, _NAMES)), None)


def ensure() -> str:
    """The path, after installing Debian's package if need be. Raises CannotStart with the way to get it."""
    found = find()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _install()
        found = find()
    if found is None:
        raise CannotStart(
            "The browser tests need Chromium, and none was found. Install it (apt install chromium), "
            "name one in CHROMIUM, or leave those tests out: make test-fast"
        )
    return found


def _install() -> None:
    print("Installing chromium …", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
        subprocess.run(["apt-get", "-qq", *command], env=environment, stdout=subprocess.DEVNULL, check=False)


if __name__ == "__main__":
    ensure()
